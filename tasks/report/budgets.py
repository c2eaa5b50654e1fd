"""Learning curves over labels, and what a method's labels are worth: what the report says of both."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tasks.common.intervals import Estimate, of_mean, overlap
from tasks.report import formats
from tasks.report.formats import NOTHING, number, sentence
from tasks.report.records import Budget
from tasks.report.results import Floats, Results
from tasks.report.verdict import fair_control
from tasks.report.worth import Curve, Worth, worth

HEADER = ["method", "labels", "accuracy, %", "95 % interval"]


@dataclass(frozen=True)
class Point:
    """Mean accuracy with a number of labels, and its 95 % interval; None where too few repeats succeeded."""

    labels: int
    mean: float
    sd: float | None
    interval: tuple[float, float] | None


def curves(results: Results) -> dict[str, list[Point]]:
    """{method: its points, with rising labels}; points at which every repeat failed are left out."""
    found: dict[str, list[Point]] = {}
    for one in results.budgets:
        told = _estimate(results, one)
        if told.mean is not None:
            found.setdefault(one.method, []).append(Point(one.labels, told.mean, told.sd, told.interval))
    return {method: sorted(points, key=lambda point: point.labels) for method, points in found.items()}


def rows(results: Results) -> Iterator[list[str]]:
    """The rows of `HEADER`, a point each."""
    for method, points in curves(results).items():
        for one in points:
            ends = formats.interval(one.interval, sign=False)
            yield [method, number(one.labels, 0), formats.spread(one.mean, one.sd, scale=100), ends]


@lru_cache(maxsize=1)  # a twentieth of a second a method, and the page, the text and the metrics all say it
def worths(results: Results) -> dict[str, tuple[str, Worth]]:
    """{method: (its fair control, what the study's labels are worth in the control's)}, where it can be asked."""
    found = {}
    named = dict.fromkeys(one.method for one in results.budgets)
    for method in named:
        control = fair_control(results, method)
        if control in named and control is not None:
            accuracy = results.measure(method, "accuracy")
            known = worth(accuracy, _curve(results, control, method), results.validation, results.pool)
            if known is not None:
                found[method] = control, known
    return found


def said(results: Results) -> list[str]:
    """A sentence for each method whose control has a curve too."""
    return [
        sentence(_said(method, control, results.labelled, one)) for method, (control, one) in worths(results).items()
    ]


def _said(method: str, control: str, labelled: int, one: Worth) -> str:
    fewest, most = (number(end, 0) for end in one.tried)
    start, low, high = f"{method} on {number(labelled, 0)} labels", rounded(one.low), rounded(one.high)
    if not one.is_known:
        nowhere = f"nowhere from {fewest} to {most} is their accuracy told apart"
        return f"how many labels of {control} {start} is worth is not shown: {nowhere}"
    if one.above is not None:
        than, end = (
            ("more", f"{most} labels of {control}, the most")
            if one.above
            else ("fewer", f"{fewest} labels of {control}, the fewest")
        )
        if one.low == one.tried[1] or one.high == one.tried[0]:
            return f"{start} is worth {than} than {end} tried"
        bound = f"from {low}" if one.above else f"up to {high}"
        return f"{start} is on average worth {than} than {end} tried (95 % interval {bound})"
    ends = f"{low if one.low else f'fewer than {fewest}'} to {high if one.high else f'more than {most}'}"
    text = f"{start} is worth about {rounded(one.about)} labels of {control} (95 % interval {ends})"
    if (one.low or 0) <= labelled <= (one.high or math.inf):
        gain = "gain" if (one.about or 0) >= labelled else "loss"
        text += f"; its own {number(labelled, 0)} are in the interval, so no {gain} in labels is shown"
    return text


def rounded(labels: float | None) -> str:
    """Labels with two digits that count: they are no surer than that."""
    if labels is None:
        return NOTHING
    return number(round(labels, 1 - math.floor(math.log10(labels))), 0)


def failures(results: Results) -> list[tuple[str, int, str]]:
    """Method with its labels, repeat and reason of every training that failed."""
    return [
        (f"{one.method} on {one.labels} labels", int(repeat), reason)
        for one in results.budgets
        for repeat, reason in one.failed.items()
    ]


def _accuracies(one: Budget) -> Floats:
    return np.array([np.nan if value is None else value for value in one.accuracy])


def _estimate(results: Results, one: Budget) -> Estimate:
    share = overlap(one.labels, results.validation, results.pool)
    return of_mean(_accuracies(one), one.test_variance or 0.0, share)


def _curve(results: Results, control: str, method: str) -> Curve:
    points = sorted((one for one in results.budgets if one.method == control), key=lambda one: one.labels)
    return Curve(
        labels=np.array([one.labels for one in points], float),
        accuracy=np.stack([_accuracies(one) for one in points], axis=1),
        test_variance=np.array([one.against.get(method) or 0.0 for one in points]),
    )
