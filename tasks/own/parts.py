"""Labels of a person's data, and the test part that is held out of them: whole groups, and of every class a share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from tasks.common import seeds
from tasks.common.errors import UserError, nearest

Array = np.ndarray[Any, Any]
LEAST = 4  # samples of a class: of a fourth of them one is for testing, and the others for training and validation


def labels(found: Sequence[str], classes: Sequence[str], what: str) -> Array:
    """Label numbers (n,) int64 of the words ``found``, among ``classes``.

    Raises:
        UserError: If a word is no class, or a class has fewer than `LEAST` samples.
    """
    counts = Counter(found)
    unknown = [word for word in counts if word not in classes]
    if unknown:
        some = ", ".join(f"'{word[:60]}' ({counts[word]} times)" for word in unknown[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        raise UserError(
            f"{what} has {some}{more}, which classes does not name; known: {', '.join(classes)}."
            f"{nearest(unknown[0], classes)} Add them there, or mend the data."
        )
    enough(np.array([counts[name] for name in classes]), classes, LEAST)
    number = {name: index for index, name in enumerate(classes)}
    return np.array([number[word] for word in found], np.int64)


def enough(counts: Array, classes: Sequence[str], least: int, part: str = "the data") -> None:
    """Nothing, if every class has ``least`` samples.

    Raises:
        UserError: If not: names them all.
    """
    few = [f"'{name}' {count}" for name, count in zip(classes, counts, strict=True) if count < least]
    if few:
        raise UserError(
            f"{part} has too few samples of {len(few)} of {len(classes)} classes: {', '.join(few[:8])}; each needs "
            f"{least}. Find more, or take the class out of classes and its samples out of the data."
        )


def held_out(y: Array, share: float, seed: int, groups: Array | None = None) -> Array:
    """True for the test samples (n,); every class has ``share`` of its own there, to within one sample.

    With ``groups`` (n,), whole groups are taken by lot, so shares are met only about.

    Raises:
        UserError: If a class is left without a sample on one side.
    """
    rng = seeds.generator(seed, "own", "test")
    chosen = np.zeros(len(y), bool)
    if groups is None:
        for label in np.unique(y):
            rows = rng.permutation(np.flatnonzero(y == label))
            chosen[rows[: min(max(round(len(rows) * share), 1), len(rows) - 1)]] = True
        return chosen
    names = np.unique(groups)
    if len(names) < 2:
        raise UserError("the group column has one value alone, so no group can be held out; leave group out.")
    wanted = share * np.bincount(y)
    for name in rng.permutation(names):
        rows = groups == name
        have, more = np.bincount(y[chosen], minlength=len(wanted)), np.bincount(y[rows], minlength=len(wanted))
        # A group joins the test part if that brings its classes nearer to their shares.
        if np.abs(have + more - wanted).sum() < np.abs(have - wanted).sum():
            chosen |= rows
    for side, where in (("test", chosen), ("training", ~chosen)):
        lost = [str(label) for label in np.unique(y) if label not in y[where]]
        if lost:
            raise UserError(
                f"groups cannot be kept whole: the {side} part would have no sample of {len(lost)} classes. There are "
                f"{len(names)} groups of {len(y)} rows; more and smaller groups are needed, or leave group out."
            )
    return chosen
