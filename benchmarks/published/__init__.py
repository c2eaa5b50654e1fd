"""What papers and classic notebooks published, beside what this project measures for the same question."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Figure:
    """One row of the table in docs/published.md."""

    question: str
    source: str
    published: str
    ours: str
    interval: str
    holds: bool


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Mean and standard deviation over seeds.

    >>> spread([1.0, 2.0, 3.0], 1)
    '2.0 ± 1.0'
    """
    return f"{np.mean(values):.{digits}f} ± {np.std(values, ddof=1):.{digits}f}"


def interval(differences: Sequence[float]) -> tuple[float, float]:
    """95 % interval of the mean of paired differences, by Student's t."""
    array = np.asarray(differences, np.float64)
    half = stats.t(len(array) - 1).ppf(0.975) * array.std(ddof=1) / np.sqrt(len(array))
    return float(array.mean() - half), float(array.mean() + half)


def paired(differences: Sequence[float], digits: int = 0) -> str:
    """Mean paired difference with its interval, as text."""
    low, high = interval(differences)
    return f"{np.mean(differences):+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})"
