"""Small figures as SVG that takes colours and font from the page it stands in, the same bytes each time.

Written element by element: a plotting library's SVG is ten times as long, and has neither classes that a page can
style in the dark and on paper, nor names of methods that its script can light up.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape

Scale = Callable[[float], float]
LETTER = 0.58  # width of a letter in units of the font's size, on the safe side
FONT = 11  # of all labels, in units of the figure


def element(tag: str, content: str = "", **attributes: str | float) -> str:
    """An element with escaped attributes; ``class_`` and ``data_x`` are written ``class`` and ``data-x``."""
    parts = [f' {name.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"' for name, value in attributes.items()]
    return f"<{tag}{''.join(parts)}>{content}</{tag}>" if content else f"<{tag}{''.join(parts)}/>"


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else short(value)


def short(value: float) -> str:
    """A coordinate with one decimal at most."""
    found = f"{value:.1f}".removesuffix(".0")
    return "0" if found == "-0" else found


def text(x: float, y: float, words: str, anchor: str = "start", *, class_: str, **attributes: str) -> str:
    """Words that begin, end or have their middle at x."""
    places = {"x": short(x), "y": short(y), "text_anchor": anchor, "class_": class_}
    return element("text", escape(words), **places, **attributes)


def path(points: Iterable[tuple[float, float]], **attributes: str) -> str:
    """A line through the points."""
    return element("path", d="M" + "L".join(f"{short(x)} {short(y)}" for x, y in points), **attributes)


def figure(width: float, height: float, label: str, parts: Sequence[str]) -> str:
    """The whole; ``label`` is what it shows, for those who do not see it."""
    content = "\n".join(parts)
    return (
        f'<svg viewBox="0 0 {short(width)} {short(height)}" role="img" aria-label="{escape(label)}">\n{content}\n</svg>'
    )


def linear(low: float, high: float, start: float, end: float) -> Scale:
    """Maps low to start and high to end; all to the middle where low is high."""
    if high == low:
        return lambda _: (start + end) / 2
    return lambda value: start + (value - low) / (high - low) * (end - start)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """At most so many round numbers from low to high: multiples of 1, 2 or 5 times a power of ten."""
    if not high > low:
        return [low]
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for factor in (1, 2, 5, 10):  # ten times the power gives at most so many
        step = factor * power
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most:
            break
    return [step * place for place in range(first, last + 1)] or [low]


def wide(words: str, size: float = FONT) -> float:
    """About how wide a text is, rather too wide than too narrow."""
    return LETTER * size * len(words)
