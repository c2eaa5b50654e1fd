"""Accuracy over labels on a logarithmic axis: a line a method, with its 95 % interval at each number tried."""

from collections.abc import Iterator, Mapping, Sequence
from math import log

from tasks.report import formats, svg
from tasks.report.budgets import Point
from tasks.report.formats import number, percent

WIDTH, HEIGHT = 360, 250
LEFT, TOP, BOTTOM = 48, 12, 206
APART = 7  # between the marks of two methods at one number of labels, lest their intervals cover each other
LINE = 14  # from one name to the next


def figure(curves: Mapping[str, Sequence[Point]], controls: Sequence[str]) -> str | None:
    """The curves as inline SVG; those of the ``controls`` are dashed. None without a point."""
    points = [point for line in curves.values() for point in line]
    if not points:
        return None
    counts = sorted({point.labels for point in points})
    right = WIDTH - 12 - max(svg.wide(name) for name in curves)
    room = APART * (len(curves) - 1) / 2 + 8
    across = svg.linear(log(counts[0]), log(counts[-1]), LEFT + room, right - room)
    ends = [end for point in points for end in (point.interval or (point.mean, point.mean))]
    low, high = min(ends), max(ends)
    pad = 0.04 * (high - low) or 0.01
    up = svg.linear(low - pad, high + pad, BOTTOM, TOP)
    parts = list(_axes(counts, across, up, (low - pad, high + pad), right))
    for place, (name, line) in enumerate(curves.items()):
        aside = APART * (place - (len(curves) - 1) / 2)
        spots = [(across(log(point.labels)) + aside, up(point.mean)) for point in line]
        parts += _line(name, line, spots, up, name in controls)
    parts += _names({name: up(line[-1].mean) for name, line in curves.items()}, right + 6)
    told = "; ".join(
        f"{name} {', '.join(f'{percent(point.mean, 1)} % on {number(point.labels, 0)}' for point in line)}"
        for name, line in curves.items()
    )
    return svg.figure(WIDTH, HEIGHT, f"Accuracy over labelled samples: {told}", parts)


def _axes(
    counts: Sequence[int], across: svg.Scale, up: svg.Scale, span: tuple[float, float], right: float
) -> Iterator[str]:
    for tick in svg.ticks(*span, 7):
        yield svg.path([(LEFT, up(tick)), (right, up(tick))], class_="rule")
        yield svg.text(LEFT - 6, up(tick) + 4, f"{100 * tick:.4g} %", "end", class_="tick")
    taken = -1.0
    for labels in counts:
        x, words = across(log(labels)), number(labels, 0)
        yield svg.path([(x, BOTTOM), (x, BOTTOM + 4)], class_="rule")
        if x - svg.wide(words) / 2 > taken:  # a number without room is in the table
            taken = x + svg.wide(words) / 2 + 2
            yield svg.text(x, BOTTOM + 17, words, "middle", class_="tick")
    yield svg.text((LEFT + right) / 2, HEIGHT - 5, "labelled samples in training", "middle", class_="axis")


def _line(
    name: str, line: Sequence[Point], spots: Sequence[tuple[float, float]], up: svg.Scale, is_control: bool
) -> Iterator[str]:
    kind = "control" if is_control else "on"
    if len(spots) > 1:
        yield svg.path(spots, class_=f"budget {kind}", data_method=name)
    for point, (x, y) in zip(line, spots, strict=True):
        said = f"{name} on {number(point.labels, 0)}: {percent(point.mean)} %"
        if point.interval:
            said += f", {formats.interval(point.interval, sign=False)}"
            yield svg.path([(x, up(end)) for end in point.interval], class_=f"reach {kind}")
        yield svg.element("circle", cx=x, cy=y, r=4, class_=f"spot {kind}", data_method=name, data_tip=said)


def _names(heights: Mapping[str, float], x: float) -> Iterator[str]:
    """The names behind the ends of their lines, moved apart where they would cover each other."""
    places = sorted(heights.items(), key=lambda one: one[1])
    base = float(TOP - LINE)
    rows = []
    for name, height in places:
        base = max(height, base + LINE)
        rows.append((name, base))
    below = max(0.0, base - BOTTOM)  # the lowest stays inside, and pushes the others up
    for name, height in rows:
        yield svg.text(x, height - below + 4, name, class_="label", data_method=name)
