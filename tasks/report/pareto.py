"""Accuracy against cost: which methods no other beats in both."""

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.report.formats import compact, listed, percent, sentence
from tasks.report.results import Results
from tasks.report.verdict import Verdict


@dataclass(frozen=True)
class Trade:
    """Accuracy against one kind of cost.

    Attributes:
        kind: A key of `KINDS`, or the cost itself.
        points: method: (cost, mean accuracy, a share), where both are known.
        front: Methods that no other beats or equals in one and beats in the other, cheapest first.
    """

    kind: str
    points: dict[str, tuple[float, float]]
    front: list[str]

    @property
    def about(self) -> str:
        return KINDS.get(self.kind, self.kind)


KINDS = {
    "multiply_adds": "multiply-adds of one prediction",
    "samples_seen": "samples seen in training, rates not chosen included",
}


def front(points: Mapping[str, tuple[float, float]]) -> list[str]:
    """The points (cost, accuracy) that no other dominates: none costs less or as much and is as accurate, one strictly.

    Cheapest first; of methods that are equal in both, all.
    """
    return sorted(
        (
            name
            for name, (cost, accuracy) in points.items()
            if not any(
                other[0] <= cost and other[1] >= accuracy and other != (cost, accuracy) for other in points.values()
            )
        ),
        key=lambda name: points[name],
    )


def trades(results: Results, verdict: Verdict) -> list[Trade]:
    """A trade for each kind of cost that is known of any method; ceilings have no part in it."""
    found = []
    for kind in KINDS:
        points = {
            name: (float(cost), mean)
            for name in (*verdict.controls, *verdict.candidates)
            if (cost := getattr(results.methods[name], kind)) is not None
            and (mean := verdict.means[name][0]) is not None
        }
        if points:
            found.append(Trade(kind, points, front(points)))
    return found


def said(trade: Trade) -> str:
    """The front in words."""
    steps = [f"{name} ({percent(trade.points[name][1])} % at {compact(trade.points[name][0])})" for name in trade.front]
    return sentence(f"by {trade.about}: {listed(steps)}")
