"""Who wins, against which control: every comparison of a study, in numbers."""

from dataclasses import dataclass, replace

from tasks.report import statistics
from tasks.report.results import Results
from tasks.report.statistics import Comparison

# What every method is held against: the plain budget, and the same search effort as the methods get.
SCRATCH, TUNED = "scratch", "scratch-tuned"


@dataclass(frozen=True)
class Verdict:
    """All comparisons of a study.

    Attributes:
        controls: Those of `scratch` and `scratch-tuned` that were run.
        against: control: {method: comparison}, for every other method; Holm over each control's methods.
        own: method: (its family's control, comparison), where that is neither of the two above.
        means: method: (mean accuracy, standard deviation) over the repeats that succeeded.
        candidates: Methods that carry knowledge over, that is all but the controls.
        leader: The candidate that is better than most controls, then has the highest mean; None if all failed.
        highest: The candidate with the highest mean.
    """

    controls: list[str]
    against: dict[str, dict[str, Comparison]]
    own: dict[str, tuple[str, Comparison]]
    means: dict[str, tuple[float | None, float | None]]
    candidates: list[str]
    leader: str | None = None
    highest: str | None = None

    def of(self, method: str) -> dict[str, Comparison]:
        """control: comparison, for one method."""
        return {control: self.against[control][method] for control in self.controls if control != method}

    def wins(self, method: str) -> list[str]:
        """The controls this method is shown to be better than."""
        return [control for control, one in self.of(method).items() if one.word == "better"]

    def losses(self, method: str) -> list[str]:
        """The controls this method is shown to be worse than."""
        return [control for control, one in self.of(method).items() if one.word == "worse"]


def judge(results: Results) -> Verdict:
    """Compare every method with both scratch controls and with its own."""
    accuracies = {name: results.measure(name, "accuracy") for name in results.order}
    controls = [name for name in (SCRATCH, TUNED) if name in accuracies]
    against = {
        control: statistics.corrected(
            {
                name: statistics.difference(values, accuracies[control])
                for name, values in accuracies.items()
                if name != control
            }
        )
        for control in controls
    }
    own_control = {
        name: control
        for name in results.order
        if (control := results.methods[name].control) is not None
        and control in accuracies
        and control not in (name, SCRATCH, TUNED)
    }
    own = statistics.corrected(
        {name: statistics.difference(accuracies[name], accuracies[control]) for name, control in own_control.items()}
    )
    named_as_control = {method.control for method in results.methods.values()} | {SCRATCH, TUNED}
    means = {name: statistics.summary(values) for name, values in accuracies.items()}
    candidates = [name for name in results.order if name not in named_as_control]
    verdict = Verdict(
        controls=controls,
        against=against,
        own={name: (own_control[name], one) for name, one in own.items()},
        means=means,
        candidates=candidates,
    )
    return _with_leader(verdict)


def _with_leader(verdict: Verdict) -> Verdict:
    """Name the leader. A high mean that is not shown to be better yields to a lower one that is."""
    mean = {name: verdict.means[name][0] for name in verdict.candidates}
    ranked = {name: value for name, value in mean.items() if value is not None}
    if not ranked:
        return verdict
    highest = max(ranked, key=lambda name: ranked[name])
    leader = max(ranked, key=lambda name: (len(verdict.wins(name)), ranked[name]))
    return replace(verdict, leader=leader, highest=highest)
