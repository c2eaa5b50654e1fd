"""Which few-shot method wins: accuracies with intervals over episodes and trainings, and every paired difference.

Accuracies of a method are (repeats, episodes) float64, with NaN in the rows of repeats that failed. Episodes are the
same for all methods and repeats, so differences are paired by both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tasks.common.intervals import Estimate, of_mean
from tasks.common.schema.fewshot import FLOOR
from tasks.report import statistics
from tasks.report.statistics import Comparison

Floats = NDArray[np.float64]
Pair = tuple[str, str]


@dataclass(frozen=True)
class Verdict:
    """What the episodes of novel classes say.

    Attributes:
        means: method: mean accuracy with its interval, best first; those that failed altogether come last.
        differences: (better one, other): paired difference, at least 0, with a word after Holm's correction over all.
    """

    means: dict[str, Estimate]
    differences: dict[Pair, Comparison]

    @property
    def best(self) -> str | None:
        """The method with the highest mean; None if all failed."""
        return next((name for name, one in self.means.items() if one.mean is not None), None)

    def beaten(self, name: str) -> list[str]:
        """The methods that ``name`` is shown to be better than."""
        return [other for (one, other), found in self.differences.items() if one == name and found.word == "better"]

    @property
    def tied(self) -> list[str]:
        """The methods that the best one is not shown to be better than."""
        beaten = self.beaten(self.best) if self.best else []
        return [name for name, one in self.means.items() if one.mean is not None and name not in (self.best, *beaten)]

    @property
    def is_floor_beaten(self) -> bool:
        """Whether the best method is shown to be better than looking at pixels."""
        return self.best is not None and FLOOR in self.beaten(self.best)


def of_episodes(values: Floats) -> float:
    """Variance of a mean over episodes drawn anew, from values (repeats, episodes): s² / episodes of their means."""
    whole = values[~np.isnan(values).any(axis=1)]
    return float(whole.mean(axis=0).var(ddof=1) / whole.shape[1]) if len(whole) else 0.0


def accuracy(values: Floats) -> Estimate:
    """The mean of one method's accuracies, (repeats, episodes), over other trainings and other episodes.

    The classes stay: how other novel classes would do is not in the interval.
    """
    return of_mean(values.mean(axis=1), of_episodes(values))


def difference(values: Floats, others: Floats) -> Comparison:
    """The paired difference of two methods' accuracies, (repeats, episodes) each, without correction."""
    return statistics.difference(values.mean(axis=1), others.mean(axis=1), of_episodes(values - others))


def judge(accuracies: Mapping[str, Floats]) -> Verdict:
    """All methods, and all pairs of them."""
    found = {name: accuracy(values) for name, values in accuracies.items()}
    ranked = sorted(found, key=lambda name: -1.0 if (mean := found[name].mean) is None else mean, reverse=True)
    pairs = {f"{one} over {other}": (one, other) for one, other in combinations(ranked, 2)}
    compared = {name: difference(accuracies[one], accuracies[other]) for name, (one, other) in pairs.items()}
    judged = statistics.corrected(compared)
    return Verdict({name: found[name] for name in ranked}, {pair: judged[name] for name, pair in pairs.items()})
