"""The page's other figures: accuracy against cost, and reliability."""

import math
from collections.abc import Collection, Iterator

from tasks.report import svg
from tasks.report.formats import compact, percent
from tasks.report.pareto import Trade
from tasks.report.records import Method

WIDTH, HEIGHT = 360, 250
LEFT, RIGHT, TOP, BOTTOM = 44, 344, 10, 208
SIDE = 150  # of a reliability diagram
Box = tuple[float, float, float, float]


def trade(found: Trade, candidates: Collection[str]) -> str:
    """Accuracy against cost on a logarithmic axis, the front as steps through filled dots, as inline SVG.

    Of what is not on the front, ``candidates`` are hollow, and the rest is grey.
    """
    costs, means = zip(*found.points.values(), strict=True)
    across, marks = _costs(list(costs))
    pad = 0.06 * (max(means) - min(means)) or 0.01
    up = svg.linear(min(means) - pad, max(means) + pad, BOTTOM, TOP)
    parts = []
    for tick in svg.ticks(min(means) - pad, max(means) + pad, 7):
        parts.append(svg.path([(LEFT, up(tick)), (RIGHT, up(tick))], class_="rule"))
        parts.append(svg.text(LEFT - 6, up(tick) + 4, f"{100 * tick:.4g} %", "end", class_="tick"))
    for cost in marks:
        parts.append(svg.path([(across(cost), BOTTOM), (across(cost), BOTTOM + 4)], class_="rule"))
        parts.append(svg.text(across(cost), BOTTOM + 17, compact(cost), "middle", class_="tick"))
    parts.append(svg.text((LEFT + RIGHT) / 2, HEIGHT - 5, found.about, "middle", class_="axis"))
    spots = {name: (across(cost), up(mean)) for name, (cost, mean) in found.points.items()}
    parts.append(svg.path(_steps([spots[name] for name in found.front]), class_="front"))
    for name in sorted(spots, key=lambda name: name in found.front):  # the front on top
        kind = "on" if name in found.front else "off" if name in candidates else "control"
        cost, mean = found.points[name]
        tip = f"{name}: {percent(mean)} % at {compact(cost)}"
        x, y = spots[name]
        parts.append(svg.element("circle", cx=x, cy=y, r=4, class_=f"spot {kind}", data_method=name, data_tip=tip))
    parts += _labels(found.front, spots)
    told = ", ".join(
        f"{name} {percent(found.points[name][1])} % at {compact(found.points[name][0])}" for name in found.front
    )
    return svg.figure(
        WIDTH, HEIGHT, f"Accuracy against {found.about}; no method is cheaper and as good as: {told}", parts
    )


def _costs(costs: list[float]) -> tuple[svg.Scale, list[float]]:
    """A logarithmic axis with a place of its own for 0, and the costs to mark on it."""
    positive = sorted({cost for cost in costs if cost > 0})
    if not positive:
        return svg.linear(0, 0, LEFT, RIGHT), [0.0]
    low, high = math.log10(positive[0]), math.log10(positive[-1])
    if high - low < 1:  # at least a decade, lest a few per cent look like a world
        low, high = low - (1 - high + low) / 2, high + (1 - high + low) / 2
    has_zero, pad = 0 in costs, 0.08 * (high - low)
    low, high = low - pad, high + pad
    scale = svg.linear(low, high, LEFT + (34 if has_zero else 0), RIGHT)
    return lambda cost: scale(math.log10(cost)) if cost > 0 else LEFT + 12.0, [0.0] * has_zero + _marks(low, high)


def _marks(low: float, high: float) -> list[float]:
    """A few round numbers between two powers of ten."""
    shown: list[float] = []
    for factors in ((1, 2, 5), (1, 3), (1,)):
        every = [factor * 10.0**power for power in range(math.floor(low), math.ceil(high) + 1) for factor in factors]
        shown = [mark for mark in every if low - 1e-9 <= math.log10(mark) <= high + 1e-9]
        if len(shown) <= 5:
            break
    return shown[:: len(shown) // 6 + 1]


def _steps(points: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """The border of what can be had: to the right at the same accuracy, then up."""
    for (x, y), following in zip(points, [*points[1:], (RIGHT, points[-1][1])], strict=True):
        yield (x, y)
        yield (following[0], y)


def _labels(names: list[str], spots: dict[str, tuple[float, float]]) -> Iterator[str]:
    """Names beside their dots, wherever they cover neither another label nor a dot; those without a place have none."""
    taken: list[Box] = [(x - 5, y - 5, x + 5, y + 5) for x, y in spots.values()]
    for name in sorted(names, key=lambda name: spots[name][1]):
        x, y = spots[name]
        length = svg.wide(name)
        for left, base in _places(x, y, length):
            box = (left, base - svg.FONT, left + length, base + 3)
            inside = box[0] >= LEFT and box[2] <= WIDTH and box[1] >= 0 and box[3] <= BOTTOM
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                yield svg.text(left, base, name, class_="label", data_method=name)
                break


def _places(x: float, y: float, length: float) -> Iterator[tuple[float, float]]:
    """Where a label may begin: above its dot, or below, then further off; not on the front's own line."""
    for away in (0, 12, 24):
        yield x + 5, y - 7 - away
        yield x - 5 - length, y - 7 - away
        yield x - length / 2, y - 9 - away
        yield x + 8, y + 14 + away
        yield x - 8 - length, y + 14 + away


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def reliability(name: str, method: Method) -> str | None:
    """How often a method is right where it is how sure, a dot a bin as large as its share; None if all failed."""
    if not method.reliability:
        return None
    low, high, base = 30.0, SIDE - 8.0, SIDE - 30.0
    across, up = svg.linear(0, 1, low, high), svg.linear(0, 1, base, 8)
    parts = [svg.path([(across(0), up(0)), (across(1), up(1))], class_="rule")]
    for tick in (0.0, 0.5, 1.0):
        parts.append(svg.text(across(tick), base + 13, f"{100 * tick:.0f}", "middle", class_="tick"))
        parts.append(svg.text(low - 5, up(tick) + 4, f"{100 * tick:.0f}", "end", class_="tick"))
    parts.append(svg.text((low + high) / 2, SIDE - 3, "sure, %", "middle", class_="axis"))
    bins = method.reliability
    parts.append(svg.path([(across(one.confidence), up(one.accuracy)) for one in bins], class_="bold"))
    for one in bins:
        said = f"{percent(one.confidence, 0)} % sure, {percent(one.accuracy, 0)} % right"
        tip = f"{percent(one.share, 0)} % of the samples: {said}"
        radius = 1.5 + 4.5 * math.sqrt(one.share)
        parts.append(
            svg.element("circle", cx=across(one.confidence), cy=up(one.accuracy), r=radius, class_="bin", data_tip=tip)
        )
    told = "; ".join(f"{percent(one.confidence, 0)} % sure, {percent(one.accuracy, 0)} % right" for one in bins)
    return svg.figure(SIDE, SIDE, f"Reliability of {name}: {told}", parts)
