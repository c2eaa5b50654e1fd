"""The 95 % interval of a mean over repeats."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

Floats = np.ndarray[Any, Any]

ERROR_RATE = 0.05
# Measures are shares of whole samples: values closer than this are equal but for rounding.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Estimate:
    """A mean over repeats, with None for what too few repeats cannot tell.

    Attributes:
        mean: Mean over the repeats.
        sd: Standard deviation over the repeats (n - 1 in the denominator); None below two.
        interval: 95 % interval of the mean.
        p: Two-sided p value of the mean being 0.
    """

    mean: float | None = None
    sd: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None


def overlap(labelled: int, validation: int, pool: int | None) -> float:
    """Part of the pool that one repeat draws, to train on or to choose by, whichever is more.

    0 where it is not known, or where every repeat has it all: then new samples cannot be told of.
    """
    share = max(labelled, validation) / pool if pool else 0.0
    return share if share < 1 else 0.0


def of_mean(values: Floats, test_variance: float = 0.0, share: float = 0.0) -> Estimate:
    """The mean of paired differences and how sure it is.

    Two things are random. What changes between repeats (the labelled sample drawn, the initial weights, the
    batch order) would give the mean of n independent repeats the variance sd²/n. But the repeats draw their samples
    from one pool, so two of them have the share f of theirs in common, and a mean over repeats varies more than
    they differ among each other: by sd² · (1/n + f/(1 - f)), the form of Nadeau and Bengio with our overlap in
    the place of theirs. The test part, which all repeats share, adds ``test_variance``. The interval is the
    mean ± t · √(sum), with t at the Welch-Satterthwaite degrees of freedom; the test part has so many samples that
    its own count as infinite. What training and test sample do together is in both terms, and initial weights do
    not overlap, so the interval errs towards wide.

    It does not cover another source model where all repeats share one.
    Fewer than two repeats, or no variance at all, leave nothing to estimate: no interval and no p value.

    Args:
        values: One number a repeat, (repeats,); NaN where it failed.
        test_variance: Variance of the mean over test parts drawn anew, see `tasks.evaluate`.
        share: Part of the pool that one repeat's labelled samples are, f, from 0 to below 1.

    Sources: Nadeau and Bengio, "Inference for the generalization error", Machine Learning 52, 2003, section 3;
    Satterthwaite, "An approximate distribution of estimates of variance components", Biometrics Bulletin 2,
    1946, eq. 17.

    Raises:
        ValueError: If the share is not from 0 to below 1.
    """
    if not 0 <= share < 1:
        raise ValueError(f"share is {share}; expected 0 or more, and less than 1")
    kept = values[~np.isnan(values)]
    count = len(kept)
    if count == 0:
        return Estimate()
    mean = float(kept.mean())
    if count == 1:
        return Estimate(mean)
    sd = 0.0 if np.ptp(kept) <= ROUNDING else float(kept.std(ddof=1))
    repeated = sd**2 * (1 / count + share / (1 - share))
    variance = repeated + test_variance
    if variance == 0:
        return Estimate(mean, sd)
    freedom = (count - 1) * (variance / repeated) ** 2 if repeated else np.inf
    error, law = float(np.sqrt(variance)), stats.t(freedom)
    half = error * float(law.ppf(1 - ERROR_RATE / 2))
    return Estimate(mean, sd, (mean - half, mean + half), float(2 * law.sf(abs(mean) / error)))
