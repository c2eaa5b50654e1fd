"""The forest plot, which is its own table: paired differences to a fair control as bars in the rows of the methods."""

from dataclasses import dataclass

import numpy as np

from tasks.report.formats import NOTHING, compact, counted, interval, points, signed, spread
from tasks.report.results import Results
from tasks.report.statistics import Comparison
from tasks.report.svg import ticks
from tasks.report.verdict import Verdict

FAMILIES = {
    "transfer": "Transfer",
    "distill": "Distillation",
    "mtl": "Multi-task learning",
    "adapt": "Domain adaptation",
}
SHOWN = 5  # methods of a group in sight; the rest, where nothing is shown, can be unfolded
FAR = 2.5  # a bar this many times longer than nine in ten is cut off, lest it press all others together


@dataclass(frozen=True)
class Row:
    """One method; positions are percent of the plot's width, None where there is nothing to draw."""

    name: str
    accuracy: str
    difference: str = NOTHING
    interval: str = ""
    word: str = ""
    effect: str = ""
    smallest: str = ""
    parameters: str = ""
    samples: str = ""
    at: str | None = None
    low: str | None = None
    high: str | None = None
    is_cut: str = ""  # "left" or "right" where the dot itself lies outside


@dataclass(frozen=True)
class Group:
    """The methods of one fair control, best first; ``control`` is None for those that have none."""

    title: str
    control: Row | None
    shown: list[Row]
    folded: list[Row]
    told: str  # of the folded ones


@dataclass(frozen=True)
class Axis:
    """From ``low`` to ``high`` in points; marks are (position in percent, label)."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Percent of the width, kept inside."""
        return min(100.0, max(0.0, 100 * (value - self.low) / (self.high - self.low)))

    @property
    def zero(self) -> str:
        return f"{self.place(0):.2f}"

    @property
    def marks(self) -> list[tuple[str, str]]:
        found = ticks(self.low, self.high, 5)
        digits = 0 if all(abs(mark - round(mark)) < 1e-9 for mark in found) else 1
        return [(f"{self.place(mark):.2f}", signed(mark, digits)) for mark in found]


def axis(verdict: Verdict) -> Axis | None:
    """The range, in points, that shows zero and every interval but the few that go far beyond the others."""
    ends = np.array([_ends(one) for _, one in verdict.fair.values() if one.mean is not None])  # (methods, 2)
    if not len(ends):
        return None
    usual = np.quantile(np.abs(ends).max(axis=1), 0.9)
    low, high = max(min(0.0, ends.min()), -FAR * usual), min(max(0.0, ends.max()), FAR * usual)
    pad = 0.05 * (high - low) or 1.0
    return Axis(float(low - pad), float(high + pad))


def _ends(one: Comparison) -> tuple[float, float]:
    low, high = one.interval or (one.mean or 0.0, one.mean or 0.0)
    return 100 * low, 100 * high


def groups(results: Results, verdict: Verdict, drawn: Axis | None) -> list[Group]:
    """A group for every fair control, then those without one, then the ceilings."""
    found = []
    for control in dict.fromkeys(control for control, _ in verdict.fair.values()):
        own = {name: one for name, (theirs, one) in verdict.fair.items() if theirs == control}
        ranked = sorted(own, key=lambda name: -np.inf if (mean := own[name].mean) is None else mean, reverse=True)
        said = [name for name in ranked if own[name].word in ("better", "worse")]
        shown = [name for name in ranked if name in said or name in ranked[:SHOWN]]
        if len(ranked) - len(shown) < 3:  # not worth a fold
            shown = ranked
        folded = [name for name in ranked if name not in shown]
        family = dict.fromkeys(FAMILIES.get(results.methods[name].family, "Others") for name in own)
        rows = {name: _row(results, verdict, name, own[name], drawn) for name in ranked}
        told = counted(len(folded), "more method") + ", all not shown to differ"
        found.append(Group(f"{' and '.join(family)}, over {control}", _row(results, verdict, control),
                           [rows[name] for name in shown], [rows[name] for name in folded], told))  # fmt: skip
    placed = {*verdict.fair, *(control for control, _ in verdict.fair.values())}
    rest = [_row(results, verdict, name) for name in results.order if name not in placed]
    return [*found, Group("Not compared", None, rest, [], "")] if rest else found


def _row(
    results: Results, verdict: Verdict, name: str, one: Comparison | None = None, drawn: Axis | None = None
) -> Row:
    method = results.methods[name]
    kind = "ceiling" if name in verdict.ceilings else "" if name in verdict.candidates else "control"
    about = {
        "accuracy": spread(*verdict.means[name], scale=100),
        "parameters": compact(method.parameters.trained),
        "samples": compact(method.samples_seen),
    }
    if one is None:
        return Row(name, **about, word=kind or "no control")
    if one.mean is None or drawn is None:
        return Row(name, **about, word=one.word or "")
    at, (low, high) = 100 * one.mean, _ends(one)
    return Row(
        name,
        **about,
        difference=points(one.mean),
        interval=interval(one.interval) if one.interval else "",
        word=one.word or "",
        effect=NOTHING if one.effect is None else signed(one.effect, 1),
        smallest=NOTHING if one.smallest is None else points(one.smallest).lstrip("+"),
        at=f"{drawn.place(at):.2f}",
        low=f"{drawn.place(low):.2f}",
        high=f"{drawn.place(high):.2f}",
        is_cut="left" if at < drawn.low else "right" if at > drawn.high else "",
    )
