"""Learning curves: validation accuracy over epochs, a thin line a repeat and a bold one for their mean."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from tasks.report import svg
from tasks.report.records import Method, Point
from tasks.report.results import Floats

WIDTH, HEIGHT = 260, 150
LEFT, RIGHT, TOP, BOTTOM = 40, 252, 8, 120


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
    """Lower end of the accuracy axis that all learning curves share; one epoch in fifty may lie below it."""
    values = [
        point.validation_accuracy
        for method in methods
        for point in method.curves
        if point.validation_accuracy is not None
    ]
    return max(0.0, math.floor(20 * float(np.quantile(values, 0.02)) - 0.2) / 20) if values else 0.0


def curves(name: str, method: Method, low: float) -> str | None:
    """Validation accuracy over epochs as inline SVG; None if never trained."""
    lines = tracks(method.curves)
    if not lines:
        return None
    last = max(float(epochs.max()) for epochs, _ in lines.values())
    across, up = svg.linear(0, last, LEFT, RIGHT), svg.linear(low, 1, BOTTOM, TOP)
    parts = []
    for tick in svg.ticks(low, 1, 4):
        parts.append(svg.path([(LEFT, up(tick)), (RIGHT, up(tick))], class_="rule"))
        parts.append(svg.text(LEFT - 5, up(tick) + 4, f"{100 * tick:.0f} %", "end", class_="tick"))
    for tick in svg.ticks(0, last, 4):
        parts.append(svg.text(across(tick), BOTTOM + 14, f"{tick:g}", "middle", class_="tick"))
    parts.append(svg.text((LEFT + RIGHT) / 2, HEIGHT - 3, "epoch", "middle", class_="axis"))
    parts += [_line(epochs, values, across, up, "thin") for epochs, values in lines.values()]
    parts.append(_line(*average(lines), across, up, "bold"))
    first, ends = ([values[end] for _, values in lines.values()] for end in (0, -1))
    label = (
        f"Validation accuracy of {name} over {last:.0f} epochs, {len(lines)} repeats: "
        f"from {np.mean(first):.1%} to {np.mean(ends):.1%} on average"
    )
    return svg.figure(WIDTH, HEIGHT, label, parts)


def _line(epochs: Floats, values: Floats, across: svg.Scale, up: svg.Scale, kind: str) -> str:
    points = [(across(x), min(up(y), BOTTOM)) for x, y in zip(epochs, values, strict=True)]
    if len(points) == 1:
        return svg.element("circle", cx=points[0][0], cy=points[0][1], r=2, class_=f"{kind} dot")
    return svg.path(points, class_=kind)
