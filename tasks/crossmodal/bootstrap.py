"""How sure the mean over splits is: for these very classes, and for classes like them.

The question "can it tell classes that it never saw?" is about classes. A test part has hundreds of images but ten
classes, so an interval from images alone says how these ten would fare on other photos, and nothing of other classes.
Two intervals are given.

``images``: test images are drawn anew with replacement, class by class. Splits and classes are what they are.

``classes``: besides, classes are drawn anew with replacement, and a split counts as often as the product of its
held-out classes' counts. A class that is easy or hard takes along all splits it is held out in: splits that share a
class are not independent, and there are more splits than classes. What belongs to a pair alone comes out too large
(about three times its variance, as products of counts vary more than counts): the interval errs towards wide. It does
not cover that other classes would have been *trained* on; and with ten classes no interval is exact.

Source: "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007 (arXiv:0712.1111): rows and columns of a table
are resampled, here one and the same set on both sides.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tasks.common.samples import Array
from tasks.crossmodal import measure

LEVEL = 0.05


@dataclass(frozen=True)
class Answers:
    """What one method got right.

    Attributes:
        among: Of each split and test image, where only held-out classes may be answered, (splits, n); NaN for images of
            seen classes.
        every: The same where all classes may be.
    """

    among: Array
    every: Array

    def figures(self, y: Array, classes: int, held_out: Array, weights: Array | None = None) -> Mapping[str, Array]:
        """The figures of each split, (..., splits), with weights (..., n); see `measure.figures`."""
        among, every = (measure.by_class(found, y, classes, weights) for found in (self.among, self.every))
        return measure.figures(among, every, held_out)


@dataclass(frozen=True)
class Draws:
    """Resampled counts, the same for all methods, so that their differences are paired.

    Attributes:
        images: How often each test image counts, (draws, n).
        splits: How often each split counts, (draws, splits); each row sums to 1.
    """

    images: Array
    splits: Array


def drawn(y: Array, classes: int, held_out: Array, count: int, rng: np.random.Generator) -> Draws:
    """``count`` draws of images within their class, and of classes."""
    images = np.zeros((count, len(y)))
    for label in range(classes):
        own = np.flatnonzero(y == label)
        images[:, own] = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), size=count)
    splits = np.zeros((count, len(held_out)))
    empty = np.arange(count)
    while len(empty):  # a draw in which no split has all of its classes says nothing
        counts = rng.multinomial(classes, np.full(classes, 1 / classes), size=len(empty))
        splits[empty] = counts[:, held_out].prod(axis=2)
        empty = np.flatnonzero(splits.sum(axis=1) == 0)
    return Draws(images, splits / splits.sum(axis=1, keepdims=True))


def resampled(
    answers: Answers, y: Array, classes: int, held_out: Array, draws: Draws
) -> Mapping[str, Mapping[str, Array]]:
    """Of each figure its mean over splits in each draw, (draws,), under ``images`` and under ``classes``."""
    many = answers.figures(y, classes, held_out, draws.images)  # (draws, splits) each
    return {
        name: {"images": values.mean(axis=1), "classes": (values * draws.splits).sum(axis=1)}
        for name, values in many.items()
    }


def interval(values: Array, level: float = LEVEL) -> list[float]:
    """The middle ``1 - level`` of resampled values."""
    return [float(edge) for edge in np.quantile(values, [level / 2, 1 - level / 2])]
