"""How large a difference had to be to be shown, and how large one is beside its spread."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaln
from scipy.stats import nct, t

from tasks.common.intervals import ERROR_RATE

POWER = 0.8  # a true difference is "found" if it is shown in four of five such runs
NORMAL = 1e6  # degrees of freedom from which t is as good as normal; scipy's noncentral t needs a finite number


@dataclass(frozen=True)
class Law:
    """How a mean paired difference varies over runs: its standard error, and t's degrees of freedom."""

    error: float
    freedom: float


def law(sd: float | None, pairs: int, test_variance: float, share: float) -> Law | None:
    """The law that the interval of `tasks.common.intervals.of_mean` rests on, which tells the interval alone.

    Args:
        sd: Standard deviation of the differences over the repeats; None below two pairs.
        pairs: Repeats in which both methods succeeded.
        test_variance: Variance of the mean over test parts drawn anew.
        share: Part of the pool that one repeat's labelled samples are.
    """
    if sd is None:
        return None
    repeated = sd**2 * (1 / pairs + share / (1 - share))
    variance = repeated + test_variance
    if variance == 0:
        return None
    freedom = (pairs - 1) * (variance / repeated) ** 2 if repeated else np.inf
    return Law(float(np.sqrt(variance)), float(min(freedom, NORMAL)))


def smallest(found: Law, comparisons: int) -> float:
    """Smallest mean difference that is shown at 5 % in a family of comparisons, in units of the error.

    Under Holm's correction the level depends on the others; this is the first step's, 5 % divided by their number,
    which suffices whatever they show.
    """
    return found.error * float(t.ppf(1 - ERROR_RATE / (2 * comparisons), found.freedom))


def detectable(found: Law, comparisons: int) -> float:
    """The true difference that such a run shows with probability `POWER`, under the same correction.

    A true difference as large as `smallest` is shown in every other run only.
    """
    critical = smallest(found, comparisons) / found.error
    # The other tail, that it is shown with the wrong sign, is negligible at this power.
    shift = brentq(lambda shift: nct.sf(critical, found.freedom, shift) - POWER, 0, 3 * critical + 10)
    return float(found.error * shift)


def effect(mean: float | None, sd: float | None, pairs: int) -> float | None:
    """Standardised paired difference: mean / sd over the repeats, without its upward bias in few repeats.

    Hedges' g for paired differences: ``J(n - 1) mean / sd`` with ``J(ν) = Γ(ν/2) / (√(ν/2) Γ((ν - 1)/2))``. It tells
    how surely one repeat of the method beats its control's, whatever the unit; None below three pairs or without
    a spread.

    Source: Hedges, "Distribution theory for Glass's estimator of effect size", J. Educ. Stat. 6, 1981.
    """
    if mean is None or not sd or pairs < 3:
        return None
    freedom = pairs - 1
    unbiased = np.exp(gammaln(freedom / 2) - gammaln((freedom - 1) / 2)) / np.sqrt(freedom / 2)
    return float(unbiased * mean / sd)
