"""The study's block: which classes are the source's and which the target's, how many samples, which networks."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.common.errors import UserError
from tasks.init import wording
from tasks.init.guess import Guess

LABELLED, UNLABELLED, TRAINING = 200, 1000, 0.75
"""Samples a repeat, at most; share of the samples that is not for testing."""

NETWORKS = {
    "dense": (
        "{kind: dense, units: [64, 64], activation: relu, initializer: he_normal}",
        "{kind: dense, units: [16], activation: relu, initializer: he_normal}",
    ),
    "convolutional": (
        "{kind: convolutional, filters: [16, 32], units: [64], activation: relu, initializer: he_normal}",
        "{kind: convolutional, filters: [8], units: [32], activation: relu, initializer: he_normal}",
    ),
}


@dataclass(frozen=True)
class Planned:
    """A study's block, and what the person should know of it."""

    lines: list[str]
    doubts: list[str]


def plan(name: str, target: Guess, source: Guess | None, told: str = "the source") -> Planned:
    """The block of a study; ``told`` says what the source is.

    Raises:
        UserError: If there is no source, and too few classes to make one of some of them.
    """
    doubts: list[str] = []
    if source is None:
        ours, theirs = parted(target)
        sides = f"classes: {wording.words(ours)}", f"classes: {wording.words(theirs)}"
        comment = "guessed: the most frequent half of the classes; which ones do you have much of?"
        question = f"Does a network trained on the other classes of {name} help to tell {len(theirs)} of them apart?"
        pool = sum(target.counts[one] for one in theirs)
    else:
        theirs, comment = target.classes, "all of the source's data set"
        sides = "classes: all", "classes: all"
        question = f"Does a network trained on {told} help to tell the {len(theirs)} classes of {name} apart?"
        pool = target.samples
    labelled, validation, unlabelled = amounts(pool, len(theirs))
    lines = [
        wording.line("question", wording.word(question)),
        "data:",
        f"  source: {{{sides[0]}}} # {comment}",
        f"  target: {{{sides[1]}, labelled: {labelled}, validation: {validation}, unlabelled: {unlabelled}}}"
        f" # a repeat, of about {int(pool * TRAINING)} that are not for testing",
        wording.line("  scaling", target.scaling, _SCALING[target.scaling]),
    ]
    if source is not None and source.classes == target.classes:
        lines.append("  shared_labels: true # the classes of both have the same names")
        doubts.append(
            "source and target have the same classes, so domain adaptation can be asked too: move the study from suite "
            "basics to suite shifts, under suites and under run.studies."
        )
    if source is not None and target.ordered:
        doubts.append(
            "source and target are each cut at quantiles of their own; give both the same edges if that matters."
        )
    lines.append("  duplicates: drop # from training, what the test part has too; or tell, refuse, ignore")
    lines += [
        f"{key}: {network}" for key, network in zip(("network", "student"), NETWORKS[target.network], strict=True)
    ]
    return Planned(lines, doubts)


_SCALING = {
    "standardise": "each input to mean 0 and deviation 1 over the source's training part",
    "unit": "0..255 to 0..1",
    "overall": "one factor for all words, so that a word that is not there stays 0",
}


def parted(target: Guess) -> tuple[list[str], list[str]]:
    """The most frequent half of the classes for the source and the others for the target, both in label order.

    Raises:
        UserError: If there are fewer than four classes, or they are cuts of an amount.
    """
    if target.ordered or len(target.classes) < 4:
        what = "an amount" if target.ordered else f"{len(target.classes)} classes"
        raise UserError(
            f"the label is {what}, and nothing says what the source is. Carrying knowledge over needs two sides: name "
            "another file with --source PATH, or rows of this one with --source-where COLUMN=VALUE."
        )
    by_size = sorted(target.classes, key=lambda name: -target.counts[name])
    ours = set(by_size[: (len(by_size) + 1) // 2])
    return [name for name in target.classes if name in ours], [name for name in target.classes if name not in ours]


def amounts(pool: int, classes: int) -> tuple[int, int, int]:
    """Labelled, validation and unlabelled samples a repeat, out of the share of ``pool`` that is not for testing."""
    training = int(pool * TRAINING)
    labelled = max(min(training // 4, LABELLED), classes)
    # Repeats draw anew, so some room is left: samples that all repeats share tell nothing of how they differ.
    unlabelled = max(min((training - 2 * labelled) // 2, UNLABELLED), 0)
    return labelled, labelled, unlabelled
