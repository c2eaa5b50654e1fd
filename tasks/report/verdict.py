"""Which way of carrying knowledge over wins: every comparison of a study, in numbers.

Only a fair comparison gets a word: same network, same search effort, nothing but the knowledge differs. A
difference to `scratch` or `scratch-tuned` may come from the budget or from another network, so it gets none.
"""

from dataclasses import dataclass, field

from tasks.report import statistics
from tasks.report.results import Results
from tasks.report.statistics import Comparison

# What every method is shown against: the notebooks' budget, and the search effort that the methods get.
SCRATCH, TUNED = "scratch", "scratch-tuned"


@dataclass(frozen=True)
class Verdict:
    """All comparisons of a study.

    Attributes:
        means: method: (mean accuracy, standard deviation) over the repeats that succeeded.
        candidates: Methods that carry knowledge over, that is all but the controls and ceilings.
        fair: candidate: (its fair control, comparison with a word); Holm over all of them. A candidate whose
            control was not run has no entry.
        ceilings: Methods that are given what the others do without: shown, and no match for them.
        against: `scratch-tuned` and `scratch`, where run: {method: difference without a word}.
    """

    means: dict[str, tuple[float | None, float | None]]
    candidates: list[str]
    fair: dict[str, tuple[str, Comparison]]
    against: dict[str, dict[str, Comparison]]
    ceilings: list[str] = field(default_factory=list)

    def of(self, method: str) -> dict[str, Comparison]:
        """`scratch-tuned` and `scratch`, where run: difference of one method, without a word."""
        return {control: others[method] for control, others in self.against.items() if control != method}

    def said(self, word: statistics.Word) -> list[str]:
        """The candidates that are `better`, `not shown` or `worse`."""
        return [name for name, (_, one) in self.fair.items() if one.word == word]

    @property
    def winner(self) -> str | None:
        """Of the candidates shown to be better than their fair control, the one with the highest mean."""
        return self._top(self.said("better"))

    @property
    def best(self) -> str | None:
        """The candidate with the highest mean, of those with a fair control if any; None if all failed."""
        return self._top(list(self.fair)) or self._top(self.candidates)

    @property
    def highest(self) -> str | None:
        """The method with the highest mean, controls included; a candidate goes before a control that ties."""
        return self._top(self.candidates + self.controls)

    @property
    def controls(self) -> list[str]:
        """Methods that carry nothing over."""
        return [name for name in self.means if name not in (*self.candidates, *self.ceilings)]

    def _top(self, names: list[str]) -> str | None:
        ranked = {name: mean for name in names if (mean := self.means[name][0]) is not None}
        return max(ranked, key=lambda name: ranked[name], default=None)


def judge(results: Results) -> Verdict:
    """Compare every candidate with its fair control, and every method with both scratch controls."""
    accuracies = {name: results.measure(name, "accuracy") for name in results.order}
    ceilings = [name for name in results.order if results.methods[name].ceiling]
    candidates = [name for name in results.order if name not in ceilings and not is_control(results, name)]
    fair = {name: control for name in candidates if (control := fair_control(results, name)) is not None}
    judged = statistics.corrected({name: compare(results, name, control) for name, control in fair.items()})
    against = {
        control: {name: compare(results, name, control) for name in results.order if name != control}
        for control in (TUNED, SCRATCH)
        if control in accuracies
    }
    return Verdict(
        means={name: statistics.summary(values) for name, values in accuracies.items()},
        candidates=candidates,
        fair={name: (fair[name], one) for name, one in judged.items()},
        against=against,
        ceilings=ceilings,
    )


def compare(results: Results, name: str, control: str) -> Comparison:
    """The paired difference in accuracy of two methods, without a word."""
    variance = results.methods[name].test_variance[control]
    accuracy, other = (results.measure(method, "accuracy") for method in (name, control))
    return statistics.difference(accuracy, other, variance or 0.0, results.share)


def is_control(results: Results, name: str) -> bool:
    """Whether a method carries nothing over: another names it as its control, or it has neither control nor source.

    A ceiling is none.
    The second holds where the methods that would name it were not run.
    """
    method = results.methods[name]
    if method.ceiling:
        return False
    named = {SCRATCH, TUNED} | {other.control for other in results.methods.values()}
    return name in named or (method.control is None and not method.uses_source)


def fair_control(results: Results, name: str) -> str | None:
    """The control that differs from a candidate in the knowledge alone; None if it was not run.

    `scratch` stands in for `scratch-tuned` where that was not run. The other way round, evaluations made
    before `scratch-tuned` was the control of transfer name `scratch`.
    """
    control = results.methods[name].control
    choices = (TUNED, SCRATCH) if control in (TUNED, SCRATCH) else (control,)
    return next((choice for choice in choices if choice in results.methods), None)
