"""How much a difference in accuracy owes to the choice of test samples."""

from typing import Any

import numpy as np

from tasks.common.samples import Array


def test_variance(logits: Array, other: Array, y: Array) -> float | None:
    """Variance of a paired difference in accuracy that comes from the choice of test samples, a share squared.

    ``var_i(mean_r(hit_ri - other_ri)) / n`` over the n test samples i, averaged over the repeats r in which
    both succeeded; None if there are none. The variance over repeats says nothing of it, as all repeats share
    the test part: two networks that differ on two pictures only would look surely different.

    Args:
        logits: (repeats, n, classes); a failed repeat is NaN.
        other: The same of the method compared with.
        y: True class indices, (n,).
    """
    both = ~np.isnan(logits + other).any(axis=(1, 2))
    if not both.any():
        return None
    hits, other_hits = ((values[both].argmax(axis=2) == y).astype(np.float64) for values in (logits, other))
    return float((hits - other_hits).mean(axis=0).var(ddof=1) / len(y))


def variances(method: str, logits: dict[str, Array], y: Array) -> dict[str, Any]:
    """`test_variance` of one method against every other."""
    return {other: test_variance(logits[method], values, y) for other, values in logits.items() if other != method}
