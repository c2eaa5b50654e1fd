"""Samples that source, target and test part share, or nearly share: a test of them tells how well a network remembers.

A sample is compared as a network would see it. Exact is: the same inputs. Near is: closer to a sample of the other
part than a tenth of the distance that different samples of that part usually have to the nearest of their own, and
than half of what a hundredth of them have: where few inputs decide, unrelated samples come near each other too. So a
part that is itself full of near copies hides near ones of another, but not exact ones. With fewer than `FEWEST`
inputs near ones are not looked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
NEAR, RARELY, FEWEST, MOST = 0.1, 0.5, 4, 20_000
"""``MOST`` samples of a part are compared for nearness, or thousands of millions of pairs would be."""
ROUNDING = 1e-3
"""Distances are computed from products of float32; below this share of a sample's length they are rounding."""


@dataclass(frozen=True)
class Shared:
    """Which samples of a part another one has too.

    Attributes:
        exact: (n,) bool, the same inputs.
        near: (n,) bool, nearly the same and not exact.
        examined: How many samples of both parts were compared for nearness; 0 where that says nothing.
    """

    exact: Array
    near: Array
    examined: tuple[int, int]

    @property
    def any(self) -> Array:
        """Either, (n,) bool."""
        either: Array = self.exact | self.near
        return either


def shared(ours: Array, theirs: Array) -> Shared:
    """Which of ``ours`` (n, features) float32 are also, or nearly, in ``theirs`` (m, features)."""
    known = {row.tobytes() for row in _plain(theirs)}
    exact = np.array([row.tobytes() in known for row in _plain(ours)], bool)
    near = np.zeros(len(ours), bool)
    if ours.shape[1] < FEWEST or len(theirs) < 3 or not len(ours):
        return Shared(exact, near, (0, 0))
    some, others = ours[:MOST], theirs[:MOST]
    limit = _limit(others)
    if limit > 0:
        distance = nearest(some, others)
        near[:MOST] = (distance <= limit) & ~exact[:MOST]
    return Shared(exact, near, (len(some), len(others)))


def _plain(x: Array) -> Array:
    """Contiguous, with one zero: -0.0 and 0.0 are the same input and other bytes."""
    return np.ascontiguousarray(x + np.float32(0))


def _limit(x: Array) -> float:
    """The distance that is near, by up to 2,000 samples of ``x`` and the nearest other one that is not the same."""
    different = np.unique(x, axis=0)
    if len(different) < 3:
        return 0.0
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(different))[:2000]
    usual = nearest(different[rows], different, skip=rows)
    return float(min(NEAR * np.median(usual), RARELY * np.quantile(usual, 0.01)))


def nearest(x: Array, others: Array, *, skip: Array | None = None, block: int = 512) -> Array:
    """Euclidean distance of each of ``x`` (n, d) to the nearest of ``others`` (m, d), (n,).

    Args:
        skip: For each of ``x`` the place of itself in ``others``, which does not count.
    """
    squares = np.einsum("ij,ij->i", others, others, dtype=np.float64)
    found = np.empty(len(x))
    for start in range(0, len(x), block):
        part = x[start : start + block]
        lengths = np.einsum("ij,ij->i", part, part, dtype=np.float64)
        distance = lengths[:, None] + squares - 2 * (part @ others.T).astype(np.float64)
        if skip is not None:
            distance[np.arange(len(part)), skip[start : start + block]] = np.inf
        least = distance.min(axis=1)
        least[least < (ROUNDING**2) * lengths] = 0
        found[start : start + block] = np.sqrt(np.maximum(least, 0))
    return found
