"""The report's figures: paired differences with their intervals, and learning curves."""

import math
from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from tasks.report.formats import interval, points, signed
from tasks.report.results import Floats, Method, Point
from tasks.report.statistics import Comparison
from tasks.report.svg import ACCENT, GROUND, INK, LINE, MUTED, STYLE, inline
from tasks.report.verdict import Verdict

FOREST_WIDTH, CURVE_WIDTH, CURVE_HEIGHT = 4.0, 3.0, 1.95  # inches; a phone shows 4 in about 330 pixels
ROW, MARGIN = 0.26, 0.62  # inches: one method of the forest plot, its axis and label
LETTER = 0.078  # inches a letter of a method's name takes at most


def fair(verdict: Verdict) -> str:
    """Candidates against their fair controls, whose names are rows of their own; as inline SVG."""
    rows: list[tuple[str, Comparison | None]] = []
    for control in dict.fromkeys(control for control, _ in verdict.fair.values()):
        rows.append((f"over {control}", None))
        rows += [(name, one) for name, (own, one) in verdict.fair.items() if own == control]
    return forest("fair", "points of accuracy above the control", rows)


def shared(control: str, others: Mapping[str, Comparison]) -> str:
    """Every method against one control, as inline SVG."""
    return forest(control, f"points of accuracy above {control}", list(others.items()))


def forest(name: str, axis: str, rows: Sequence[tuple[str, Comparison | None]]) -> str:
    """Mean paired differences with their intervals, a row a method; a row without a comparison is a heading."""
    compared = [(label, one) for label, one in rows if one is not None]
    height = ROW * len(rows) + MARGIN
    left = min(2.2, LETTER * max(len(label) for label, _ in rows) + 0.12)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(FOREST_WIDTH, height))
        box = (left / FOREST_WIDTH, 0.5 / height, 1 - (left + 0.12) / FOREST_WIDTH, 1 - MARGIN / height)
        axes = figure.add_axes(box)
        axes.axvline(0, color=INK, linewidth=0.9, zorder=1.5)
        axes.set(xlim=limits([one for _, one in compared]), ylim=(len(rows) - 0.5, -0.5), xlabel=axis)
        axes.set_yticks(range(len(rows)), [label for label, _ in rows])
        axes.tick_params(axis="y", length=0)
        for row, ((_, one), tick) in enumerate(zip(rows, axes.get_yticklabels(), strict=True)):
            tick.set_color(MUTED if one is None else INK)
            if one is not None:
                _mark(axes, row, one)
        axes.grid(visible=False, axis="y")
        axes.xaxis.set_major_locator(MaxNLocator(6))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: signed(value, 0 if value % 1 == 0 else 1)))
        told = "; ".join(map(_told, rows))
        return inline(figure, f"forest-{name}", f"Paired differences, {axis}: {told}")


def limits(comparisons: Sequence[Comparison]) -> tuple[float, float]:
    """Range, in points, that shows zero and every interval."""
    ends = [0.0]
    for one in comparisons:
        ends += [100 * end for end in one.interval or ()]
        ends += [100 * one.mean] if one.mean is not None else []
    low, high = min(ends), max(ends)
    pad = 0.06 * (high - low) or 1.0
    return low - pad, high + pad


def _mark(axes: Axes, row: int, one: Comparison) -> None:
    """A dot, filled where something is shown and hollow where not; a tick where no word is given."""
    if one.mean is None:
        axes.text(0, row, "  no pair of repeats", va="center", color=MUTED)
        return
    color = {"better": ACCENT, "worse": INK, "not shown": MUTED, None: MUTED}[one.word]
    if one.interval is not None:
        axes.plot([100 * end for end in one.interval], [row, row], color=color, linewidth=1.6, zorder=2)
    if one.word is None:
        axes.plot(100 * one.mean, row, "|", markersize=9, color=color, markeredgewidth=2.6)  # seen on the line at zero
        return
    face = GROUND if one.word == "not shown" else color
    axes.plot(100 * one.mean, row, "o", markersize=5.5, color=color, markerfacecolor=face, markeredgewidth=1.4)


def _told(row: tuple[str, Comparison | None]) -> str:
    """A row in words, for those who do not see it."""
    label, one = row
    if one is None:
        return label
    return f"{label} {points(one.mean)} ({interval(one.interval)})" + (f", {one.word}" if one.word else "")


def tracks(curve: Sequence[Point]) -> dict[int, tuple[Floats, Floats]]:
    """Validation accuracy over epochs, {repeat: (epochs (n,), accuracies (n,))}.

    Where a new phase counts its epochs from the start, they go on from the phase before.
    """
    found: dict[int, tuple[list[float], list[float]]] = {}
    before: dict[int, tuple[str, int, int]] = {}  # repeat: phase, its epochs' offset, last epoch shown
    for point in curve:
        phase, offset, last = before.get(point.repeat, (point.phase, 0, 0))
        if point.phase != phase and point.epoch + offset <= last:
            offset = last
        epoch = point.epoch + offset
        before[point.repeat] = (point.phase, offset, epoch)
        if point.validation_accuracy is not None:
            epochs, values = found.setdefault(point.repeat, ([], []))
            epochs.append(epoch)
            values.append(point.validation_accuracy)
    return {repeat: (np.array(epochs), np.array(values)) for repeat, (epochs, values) in found.items()}


def average(lines: Mapping[int, tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """Mean over the repeats at the epochs that all of them have: (epochs (n,), means (n,))."""
    common = sorted(set.intersection(*(set(epochs.tolist()) for epochs, _ in lines.values())))
    rows = [dict(zip(epochs.tolist(), values, strict=True)) for epochs, values in lines.values()]
    return np.array(common), np.array([np.mean([row[epoch] for row in rows]) for epoch in common])


def floor(methods: Sequence[Method]) -> float:
    """Lower end of the accuracy axis that all learning curves share."""
    values = [
        point.validation_accuracy
        for method in methods
        for point in method.curves
        if point.validation_accuracy is not None
    ]
    return max(0.0, math.floor(10 * min(values, default=0.0)) / 10 - 0.02)


def curves(name: str, method: Method, low: float) -> str | None:
    """Validation accuracy over epochs: a thin line a repeat, a bold one their mean; None if never trained."""
    lines = tracks(method.curves)
    if not lines:
        return None
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(CURVE_WIDTH, CURVE_HEIGHT))
        axes = figure.add_axes((0.15, 0.22, 0.81, 0.73))
        for epochs, values in lines.values():
            axes.plot(epochs, values, color=MUTED, linewidth=0.7, alpha=0.6, marker="o" if len(epochs) == 1 else "")
        epochs, means = average(lines)
        axes.plot(epochs, means, color=ACCENT, linewidth=1.8, marker="o" if len(epochs) == 1 else "")
        last = max(epochs.max() for epochs, _ in lines.values())
        axes.set(ylim=(low, 1.01), xlim=(0, 1.02 * last), xlabel="epoch")
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.tick_params(length=0)
        axes.spines["bottom"].set_color(LINE)
        ends = [values[-1] for _, values in lines.values()]
        label = (
            f"Validation accuracy of {name} over {last:.0f} epochs, {len(lines)} repeats: "
            f"from {np.mean([v[0] for _, v in lines.values()]):.1%} to {np.mean(ends):.1%} on average"
        )
        return inline(figure, f"curves-{name}", label)
