"""Zero-shot accuracy, among held-out classes alone and among all classes. Plain NumPy.

Source: "Zero-shot learning: a comprehensive evaluation of the good, the bad and the ugly", arXiv:1707.00600, section 5:
the mean of the classes' accuracies, so that frequent classes count no more than others.
"""

from collections.abc import Mapping

import numpy as np

from tasks.common.samples import Array

FIGURES = ("zero_shot", "unseen", "seen", "harmonic")
"""Accuracy of images of held-out classes when only held-out classes may be answered; of the same images, and of images
of seen classes, when all may; and the harmonic mean of these two."""


def hits(scores: Array, y: Array, candidates: Array) -> Array:
    """Whether each image fits its own class best of some; NaN where that class is none of them.

    Args:
        scores: (n, classes), the larger the better.
        y: Classes of the images, (n,).
        candidates: Classes that may be answered, (k,).

    Returns:
        1 or 0, (n,); where m classes share the first place and the own one is among them, 1/m: all alike is a guess.
    """
    among = scores[:, candidates]
    best = among == among.max(axis=1, keepdims=True)
    own = (candidates == y[:, None]) & best
    share: Array = own.any(axis=1) / best.sum(axis=1)
    return np.where(np.isin(y, candidates), share, np.nan)


def by_class(found: Array, y: Array, classes: int, weights: Array | None = None) -> Array:
    """Mean of each class of what was found for each image, (splits, n) -> (..., splits, classes); NaN stays.

    Args:
        weights: How often each image counts, (..., n), such as in each of many draws; by default once.
    """
    counts = np.ones(len(y)) if weights is None else weights
    means = []
    for label in range(classes):
        rows = y == label
        own = counts[..., rows]  # (..., n of the class)
        means.append(own @ found[:, rows].T / own.sum(axis=-1, keepdims=True))
    return np.stack(means, axis=-1)


def harmonic(left: Array, right: Array) -> Array:
    """``2 l r / (l + r)``, and 0 where both are 0."""
    total = left + right
    return np.asarray(2 * left * right / np.where(total > 0, total, 1))


def figures(among: Array, every: Array, held_out: Array) -> Mapping[str, Array]:
    """The `FIGURES` of each split, (..., splits), from the accuracies of its classes.

    Args:
        among: Where only held-out classes may be answered, (..., splits, classes); NaN for seen ones.
        every: Where all may be, (..., splits, classes).
        held_out: Classes held out in each split, (splits, k).
    """
    hidden = np.zeros(every.shape[-2:], bool)
    np.put_along_axis(hidden, held_out, True, axis=1)
    count = hidden.sum(axis=1)
    unseen = np.where(hidden, every, 0).sum(axis=-1) / count
    seen = np.where(hidden, 0, every).sum(axis=-1) / (every.shape[-1] - count)
    zero_shot = np.where(hidden, among, 0).sum(axis=-1) / count
    return {"zero_shot": zero_shot, "unseen": unseen, "seen": seen, "harmonic": harmonic(seen, unseen)}
