"""How many labels a method is worth: where the learning curve of its control reaches the method's accuracy.

Pure functions over arrays with one row a repeat. Between the budgets that were tried a curve is linear in the logarithm
of the labels; beyond them nothing is said.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from tasks.common.intervals import Estimate, of_mean, overlap

Floats = NDArray[np.float64]
STEPS, HALVINGS = 8, 10
"""Places between two budgets at which the curves are compared, and how often the gap to an end is halved then."""


@dataclass(frozen=True)
class Curve:
    """A control with several budgets of labels, in rising order.

    Attributes:
        labels: Of each budget, (b,).
        accuracy: (repeats, b); NaN where a repeat failed.
        test_variance: Of the mean difference between the method and each point, over test parts drawn anew, (b,).
    """

    labels: Floats
    accuracy: Floats
    test_variance: Floats


@dataclass(frozen=True)
class Worth:
    """Labels with which the control is as good as the method.

    Attributes:
        about: Where the mean curve of the control reaches the method's mean; None where it does not.
        above: Whether the method's mean is above (True) or below (False) all of the curve; None with ``about``.
        low: Lower end of the 95 % interval; None if that is below the fewest labels tried.
        high: Upper end; None if that is above the most.
        tried: The fewest and the most labels tried.
    """

    about: float | None
    above: bool | None
    low: float | None
    high: float | None
    tried: tuple[float, float]

    @property
    def is_known(self) -> bool:
        """Whether anything can be said: the method is told apart from the control somewhere on its curve."""
        return self.low is not None or self.high is not None


def worth(method: Floats, curve: Curve, validation: int = 0, pool: int | None = None) -> Worth | None:
    """The labels that bring the control as far as the method, and their 95 % interval.

    The interval holds every number of labels at which the control's accuracy is not shown to differ: the paired
    difference to it, over the repeats in which all succeeded, has a 95 % interval that includes 0 (a test turned into
    an interval, as Fieller's; unlike a bootstrap it is not too short with few repeats, and may be open). A mean curve
    that falls somewhere is made monotone, by what moves it least, and each repeat's points move along: more labels
    are taken to do no harm. Between two points, the spread over test parts is at most what it would be if both
    erred together, and that is taken.

    Args:
        method: Its accuracy in each repeat, (repeats,); NaN where it failed.
        validation: Validation samples of a repeat.
        pool: Target samples that those of every repeat are drawn from, see `tasks.common.intervals.overlap`.

    Returns:
        None with fewer than two budgets, or fewer than two repeats in which all succeeded.

    Source: Fieller, "Some problems in interval estimation", J. R. Stat. Soc. B 16, 1954.
    """
    both = ~np.isnan(method + curve.accuracy.sum(axis=1))
    if both.sum() < 2 or len(curve.labels) < 2:
        return None
    ours, control = method[both], curve.accuracy[both]
    means = control.mean(axis=0)
    rising = isotonic_regression(means).x
    control = control + (rising - means)
    errors, last = np.sqrt(curve.test_variance), len(means) - 1

    def labels(place: float) -> float:
        if place == int(place):
            return float(curve.labels[int(place)])
        return float(np.exp(np.interp(place, range(last + 1), np.log(curve.labels))))

    def is_level(place: float) -> bool:
        """Whether the two may be as accurate at the budget ``place``, or between two."""
        left = min(int(place), last - 1)
        share = place - left
        values = ours - ((1 - share) * control[:, left] + share * control[:, left + 1])
        error = float((1 - share) * errors[left] + share * errors[left + 1])
        return _may_be_zero(of_mean(values, error**2, overlap(round(labels(place)), validation, pool)))

    reached, above = _reached(rising, float(ours.mean()))
    low, high = _ends(is_level, last, reached, above)
    about, fewest, most = (None if place is None else labels(place) for place in (reached, low, high))
    return Worth(about, above, fewest, most, (float(curve.labels[0]), float(curve.labels[-1])))


def _may_be_zero(one: Estimate) -> bool:
    """Whether a mean difference may be nothing; without any variance, whether it is."""
    if one.interval is None:
        return one.mean is not None and abs(one.mean) < 1e-9
    return one.interval[0] <= 0 <= one.interval[1]


def _reached(rising: Floats, accuracy: float) -> tuple[float | None, bool | None]:
    """The first place at which a monotone curve has this accuracy; or None, and whether all of it is lower."""
    if not rising[0] <= accuracy <= rising[-1]:
        return None, bool(accuracy > rising[-1])
    right = int(np.argmax(rising >= accuracy))
    if right == 0:
        return 0.0, None
    return right - 1 + float((accuracy - rising[right - 1]) / (rising[right] - rising[right - 1])), None


def _ends(
    is_level: Callable[[float], bool], last: int, reached: float | None, above: bool | None
) -> tuple[float | None, float | None]:
    """The places between which the curves are level; None for an end that lies beyond the first or the last one.

    Where they are level nowhere, that is beyond the last place if the method is above, else before the first.
    """
    places = sorted({*np.linspace(0, last, STEPS * last + 1).tolist(), *([] if reached is None else [reached])})
    level = [index for index, place in enumerate(places) if is_level(place)]
    if not level:
        return (float(last), None) if above else (None, 0.0)
    first, final = level[0], level[-1]
    low = None if first == 0 or above is False else _border(is_level, places[first - 1], places[first])
    high = None if places[final] == last or above else _border(is_level, places[final + 1], places[final])
    return low, high


def _border(is_level: Callable[[float], bool], outside: float, inside: float) -> float:
    """Where between two places the curves begin to be level."""
    for _ in range(HALVINGS):
        middle = (outside + inside) / 2
        outside, inside = (outside, middle) if is_level(middle) else (middle, inside)
    return inside
