"""Samples that source, target and test part share, or nearly share: a test of them tells how well a network remembers.

A sample is compared as a network would see it, large images (`tasks.common.lazy`) at most `SIDE` pixels wide and high
for what is near. Exact is: the same inputs. Near is: closer to a sample of the other
part than a tenth of the distance that different samples of that part usually have to the nearest of their own, and
than half of what a hundredth of them have: where few inputs decide, unrelated samples come near each other too. So a
part that is itself full of near copies hides near ones of another, but not exact ones. With fewer than `FEWEST`
inputs near ones are not looked for.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.common.lazy import blocks

Array = np.ndarray[Any, Any]
NEAR, RARELY, FEWEST, MOST, SIDE = 0.1, 0.5, 4, 20_000, 32
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


@dataclass(frozen=True)
class Seen:
    """Samples to compare: a digest of each whole one, and features (n, features) float32 to tell how near they are."""

    digests: list[bytes]
    features: Array


def seen(scaled: Any, *, small: bool = False) -> Seen:
    """Samples (n, ...) as a network sees them; ``small`` keeps no more than small versions of `MOST` images."""
    digests = [
        hashlib.sha256(row.data).digest() for part in blocks(scaled) for row in _plain(part.reshape(len(part), -1))
    ]
    if small:
        scaled = np.concatenate([shrunk(part) for part in blocks(scaled[:MOST])])
    return Seen(digests, scaled.reshape(len(scaled), -1))


def shrunk(images: Array) -> Array:
    """Means over squares of pixels, of images (n, height, width, ...): no more than `SIDE` of them either way."""
    height, width = (-(-side // SIDE) for side in images.shape[1:3])
    high, wide = images.shape[1] // height, images.shape[2] // width
    squares = images[:, : high * height, : wide * width].reshape(len(images), high, height, wide, width, -1)
    means: Array = squares.mean(axis=(2, 4), dtype=np.float32)
    return means


def shared(one: Seen, other: Seen) -> Shared:
    """Which samples of ``one`` are also, or nearly, in ``other``."""
    ours, theirs = one.features, other.features
    known = set(other.digests)
    exact = np.array([digest in known for digest in one.digests], bool)
    near = np.zeros(len(exact), bool)
    if ours.shape[1] < FEWEST or len(theirs) < 3 or not len(ours):
        return Shared(exact, near, (0, 0))
    some, others = ours[:MOST], theirs[:MOST]
    limit = _limit(others)
    if limit > 0:
        distance = nearest(some, others)
        near[:MOST] = (distance <= limit) & ~exact[:MOST]
    return Shared(exact, near, (len(some), len(others)))


def _plain(x: Array) -> Array:
    """Contiguous float32, with one zero: -0.0 and 0.0 are the same input and other bytes."""
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
