"""Choose a test part for data that come without one, the same way every time."""

import numpy as np
from numpy.typing import NDArray


def held_out(y: NDArray[np.int64], count: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """True for ``count`` of the samples labelled ``y`` (n,); each class keeps its share to within one sample.

    The classes with the largest remainders, of equal ones the first, get what rounding down leaves over.
    """
    sizes = np.bincount(y)
    exact = sizes * count / len(y)
    quota = np.floor(exact).astype(np.int64)
    quota[np.argsort(quota - exact, kind="stable")[: count - quota.sum()]] += 1
    chosen = np.zeros(len(y), bool)
    for label, share in enumerate(quota):
        chosen[rng.permutation(np.flatnonzero(y == label))[:share]] = True
    return chosen
