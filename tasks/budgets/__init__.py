"""Samples with fewer or more labels than a study has, for the learning curves of its methods.

Each repeat's budgets are nested: a larger one contains every smaller one, so that the points of a curve are paired.
"""

import numpy as np

from tasks.common.errors import UserError
from tasks.common.samples import Array, Part, Sample


def ordered(y: Array, rng: np.random.Generator) -> Array:
    """An order of samples, (n,) indices, whose beginnings have about the class shares of the whole.

    The k-th sample of a class with n of them has its place at the share k / n of the order, counted from 0: of c
    classes the first c samples have one each, and where classes are even, no beginning has two more of one class
    than of another. Which samples come first is random.
    """
    shuffled = rng.permutation(len(y))
    place = np.zeros(len(y))
    for label in np.unique(y):
        own = np.flatnonzero(y[shuffled] == label)
        place[own] = np.arange(len(own)) / len(own)
    order: Array = shuffled[np.argsort(place, kind="stable")]
    return order


def amount(sample: Sample, percent: int) -> int:
    """Labels of a budget; a fraction of one is left out, as the check of params.yaml does."""
    return len(sample.train) * percent // 100


def budgeted(sample: Sample, x: Array, y: Array, labels: int, rng: np.random.Generator) -> Sample:
    """The repeat's sample with another number of training labels; its validation part and classes stay.

    Fewer are the beginning of its own training part, more add the beginning of the unlabelled samples; both are in the
    order of `ordered`. The samples keep the order they had, so that all of its own labels are its own training part.
    Auxiliary targets are left out, as unlabelled samples have none.

    Args:
        x: Scaled samples of the same repeat that have no label there, (u, ...).
        y: Their labels, (u,) int32.
        labels: Training labels wanted.
        rng: The repeat's own, the same for all its budgets, or they would not be nested.

    Raises:
        UserError: If there are fewer labels than that.
    """
    own = sample.train
    if labels > len(own) + len(y):
        raise UserError(
            f"a budget asks for {labels} labels, and a repeat has {len(own)} labelled and {len(y)} unlabelled target "
            "samples; ask for fewer percent under budgets in params.yaml, or for more unlabelled samples in the study."
        )
    first = np.sort(ordered(own.y, rng)[:labels])
    more = np.sort(ordered(y, rng)[: max(labels - len(own), 0)])
    train_x, train_y = np.concatenate([own.x[first], x[more]]), np.concatenate([own.y[first], y[more]])
    part = Part(train_x, train_y, np.zeros((labels, 0), np.float32))
    return Sample(part, _plain(sample.validation), sample.classes)


def _plain(part: Part) -> Part:
    return Part(part.x, part.y, np.zeros((len(part), 0), np.float32))
