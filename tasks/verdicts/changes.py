"""How the verdicts of one study changed between two evaluations, and whether it is more than noise.

Both evaluations are judged by the rules of today, so that a word changes only when results do.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.common.intervals import ERROR_RATE, of_mean
from tasks.report.results import Results
from tasks.report.statistics import holm
from tasks.verdicts.evaluations import Evaluation

Floats = NDArray[np.float64]
ASKED = ("size", "repeats", "labelled", "validation", "pool", "test_size", "classes")


@dataclass(frozen=True)
class Change:
    """One method, before and after; None where it was not run, failed, or gets no verdict.

    Attributes:
        accuracy: Mean accuracies, shares.
        over: Mean differences to the fair control.
        words: better, not shown or worse.
        controls: What it was compared with.
        is_same: Every repeat of the method and of its control has the same accuracy as before.
        by: The second difference less the first, over the repeats that both have.
        interval: 95 % interval of ``by``; see `difference`.
        adjusted: p of ``by`` being 0, after Holm's correction over the study's methods.
    """

    method: str
    accuracy: tuple[float | None, float | None]
    over: tuple[float | None, float | None] = (None, None)
    words: tuple[str | None, str | None] = (None, None)
    controls: tuple[str | None, str | None] = (None, None)
    is_same: bool = False
    by: float | None = None
    interval: tuple[float, float] | None = None
    adjusted: float | None = None

    @property
    def is_more_than_noise(self) -> bool | None:
        """None where nothing can be said: one repeat, or not in both."""
        if self.is_same:
            return False
        return None if self.adjusted is None else self.adjusted < ERROR_RATE


def changes(old: Evaluation, new: Evaluation) -> list[Change]:
    """Every method of either evaluation, in the order of the newer."""
    found, p = [], {}
    for name in dict.fromkeys([*new.results.order, *old.results.order]):
        one = _plain(name, old, new)
        if name in old.verdict.fair and name in new.verdict.fair:
            estimate = difference(name, old, new)
            if estimate.p is not None and not one["is_same"]:
                p[name] = estimate.p
            one |= {"by": estimate.mean, "interval": estimate.interval}
        found.append(one)
    adjusted = holm(p)
    return [Change(**one, adjusted=adjusted.get(one["method"])) for one in found]


def difference(name: str, old: Evaluation, new: Evaluation) -> Any:
    """By how much a method's difference to its fair control changed, as an `Estimate`.

    Repeat r of both evaluations draws the same samples where nothing about them changed, so the changes
    are taken repeat by repeat; where something did, that is as right, and only less sharp. The test part's share
    is at most the sum of both (exactly that if the test parts are others), so the interval errs towards wide.
    """
    before, after = (_over(one, name) for one in (old, new))
    both = min(len(before), len(after))
    test_variance = sum(_test_variance(one, name) for one in (old, new))
    share = max(old.results.share, new.results.share)
    return of_mean(after[:both] - before[:both], test_variance, share)


def asked(old: Results, new: Results) -> dict[str, tuple[Any, Any]]:
    """What the two evaluations were asked that is not the same: {setting: (before, after)}."""
    pairs = {name: (getattr(old, name), getattr(new, name)) for name in ASKED}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _plain(name: str, old: Evaluation, new: Evaluation) -> dict[str, Any]:
    """All that is read off the two, without statistics."""
    sides = (old, new)
    fair = [one.verdict.fair.get(name) for one in sides]
    involved = [name, *(pair[0] for pair in fair if pair)]
    return {
        "method": name,
        "accuracy": tuple(one.verdict.means.get(name, (None, None))[0] for one in sides),
        "over": tuple(pair[1].mean if pair else None for pair in fair),
        "words": tuple(one.word(name) for one in sides),
        "controls": tuple(pair[0] if pair else None for pair in fair),
        "is_same": all(_equal(old.results, new.results, method) for method in involved),
    }


def _equal(old: Results, new: Results, method: str) -> bool:
    if method not in old.methods or method not in new.methods:
        return False
    return np.array_equal(old.measure(method, "accuracy"), new.measure(method, "accuracy"), equal_nan=True)


def _over(one: Evaluation, name: str) -> Floats:
    control = one.verdict.fair[name][0]
    return one.results.measure(name, "accuracy") - one.results.measure(control, "accuracy")


def _test_variance(one: Evaluation, name: str) -> float:
    return one.results.methods[name].test_variance[one.verdict.fair[name][0]] or 0.0
