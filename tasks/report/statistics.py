"""Paired comparisons over repeats: differences, intervals, correction for many comparisons, words.

Pure functions over arrays with one number a repeat; NaN marks a repeat that failed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tasks.common.intervals import ERROR_RATE, ROUNDING, of_mean
from tasks.report import sensitivity
from tasks.report.sensitivity import Law

Floats = NDArray[np.float64]
Word = Literal["better", "not shown", "worse"]


@dataclass(frozen=True)
class Comparison:
    """A method against a control, in units of accuracy (a share, not points).

    Attributes:
        pairs: Repeats in which both succeeded.
        dropped: Repeats left out because either failed.
        mean: Mean paired difference, method minus control; None without a pair.
        sd: Standard deviation of the differences (n - 1 in the denominator); None below two pairs.
        interval: 95 % interval of the mean difference, for this one comparison; see `difference`.
        p: Two-sided p value of the same test, not corrected.
        adjusted: p after Holm's correction over one family of comparisons.
        word: `better` or `worse` if ``adjusted`` is below 5 %, else `not shown`; None outside such a family.
        error_reduction: See `error_reduction`.
        effect: The mean beside the spread over repeats, see `tasks.report.sensitivity.effect`.
        law: How the mean would vary over runs; None where nothing varies.
        smallest: Smallest mean difference that would have been called by a word, at this spread and if no other
            comparison of the family had been shown; None outside such a family.
    """

    pairs: int
    dropped: int
    mean: float | None = None
    sd: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    adjusted: float | None = None
    word: Word | None = None
    error_reduction: float | None = None
    effect: float | None = None
    law: Law | None = None
    smallest: float | None = None


def summary(values: Floats) -> tuple[float | None, float | None]:
    """Mean and standard deviation (n - 1) over the repeats that succeeded; None where there are too few."""
    kept = values[~np.isnan(values)]
    mean = float(kept.mean()) if len(kept) else None
    sd = float(kept.std(ddof=1)) if len(kept) > 1 else None
    return mean, sd


def difference(method: Floats, control: Floats, test_variance: float = 0.0, share: float = 0.0) -> Comparison:
    """The paired difference of two methods, without correction for other comparisons.

    See `tasks.common.intervals.of_mean` for what the interval and the p value rest on.

    Args:
        method: One number a repeat, shape (repeats,); NaN where it failed.
        control: The same, paired by index.
        test_variance: Variance of the mean difference over test parts drawn anew, see `tasks.evaluate`.
        share: Part of the pool that one repeat's labelled samples are, f, from 0 to below 1.

    Raises:
        ValueError: If the two shapes differ, or the share is not from 0 to below 1.
    """
    if method.shape != control.shape:
        raise ValueError(f"paired values need one shape, found {method.shape} and {control.shape}")
    differences = method - control
    both = ~np.isnan(differences)
    found = of_mean(differences, test_variance, share)
    return Comparison(
        pairs=int(both.sum()),
        dropped=int((~both).sum()),
        mean=found.mean,
        sd=found.sd,
        interval=found.interval,
        p=found.p,
        error_reduction=error_reduction(method[both], control[both]) if both.any() else None,
        effect=sensitivity.effect(found.mean, found.sd, int(both.sum())),
        law=sensitivity.law(found.sd, int(both.sum()), test_variance, share),
    )


def error_reduction(method: Floats, control: Floats) -> float | None:
    """Share of the control's error that the method removes: 1 - error / control's error.

    Both errors are means over the pairs: a ratio of means stays defined when one repeat has no error.

    Args:
        method: Accuracies, shape (pairs,), none NaN.
        control: The same.

    Returns:
        1 if no error is left, negative if there is more of it; None if the control has no error to remove.
    """
    error, control_error = float((1 - method).mean()), float((1 - control).mean())
    return 1 - error / control_error if control_error > ROUNDING else None


def holm(p: Mapping[str, float]) -> dict[str, float]:
    """p values corrected for many comparisons, so that one false `better` among all is rarer than the level.

    The i-th smallest of m is multiplied by m - i + 1, made monotone, and capped at 1.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Stat. 6, 1979.

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'b': 0.06, 'c': 0.06}
    """
    adjusted: dict[str, float] = {}
    largest = 0.0
    for rank, name in enumerate(sorted(p, key=lambda name: p[name])):
        largest = max(largest, min(1.0, p[name] * (len(p) - rank)))
        adjusted[name] = largest
    return {name: adjusted[name] for name in p}


def word(mean: float | None, adjusted: float | None) -> Word:
    """`better` or `worse` where a corrected p value shows it at 5 %, else `not shown`."""
    if mean is None or adjusted is None or adjusted >= ERROR_RATE:
        return "not shown"
    return "better" if mean > 0 else "worse"


def corrected(comparisons: Mapping[str, Comparison]) -> dict[str, Comparison]:
    """The same comparisons with corrected p values and words; those without a p value take no part."""
    adjusted = holm({name: one.p for name, one in comparisons.items() if one.p is not None})
    return {
        name: replace(
            one,
            adjusted=adjusted.get(name),
            word=word(one.mean, adjusted.get(name)),
            smallest=sensitivity.smallest(one.law, len(adjusted)) if one.law else None,
        )
        for name, one in comparisons.items()
    }
