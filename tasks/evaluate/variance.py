"""How much an accuracy, or a difference of two, owes to the choice of test samples."""

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
    return of_mean(hits(logits, y) - hits(other, y))


def hits(logits: Array, y: Array) -> Array:
    """1 where the class with the highest logit is the true one, else 0, (repeats, n); a failed repeat is NaN."""
    right: Array = (logits.argmax(axis=2) == y).astype(np.float64)
    right[np.isnan(logits).any(axis=(1, 2))] = np.nan
    return right


def of_mean(values: Array) -> float | None:
    """Variance that test samples drawn anew give the mean of ``values`` (repeats, n) over both; None if all failed.

    ``var_i(mean_r value_ri) / n``, over the repeats r that did not fail.
    """
    done = values[~np.isnan(values).any(axis=1)]
    return float(done.mean(axis=0).var(ddof=1) / values.shape[1]) if len(done) else None


def variances(method: str, logits: dict[str, Array], y: Array) -> dict[str, Any]:
    """`test_variance` of one method against every other."""
    return {other: test_variance(logits[method], values, y) for other, values in logits.items() if other != method}
