"""Matplotlib figures as SVG that takes colours and font from the page it stands in, the same bytes each time.

A page in the dark changes its colours after the figure is drawn. So figures are drawn in marker colours,
which are replaced by the page's CSS variables here.
"""

import io
import re
from html import escape
from typing import Any

import matplotlib
from matplotlib.figure import Figure

INK, ACCENT, MUTED, LINE, GROUND = "#010101", "#020202", "#030303", "#040404", "#050505"
VARIABLES = {INK: "--ink", ACCENT: "--accent", MUTED: "--muted", LINE: "--line", GROUND: "--ground"}

# Any: the stubs of matplotlib want each key as a literal.
STYLE: Any = {
    "svg.fonttype": "none",  # text stays text: sharp, searchable, in the page's font
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": LINE,
    "axes.unicode_minus": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "font.size": 9.2,
    "axes.labelsize": 9.2,
    "xtick.labelsize": 9.2,
    "ytick.labelsize": 9.2,
}


def inline(figure: Figure, name: str, label: str) -> str:
    """The figure as an ``<svg>`` element for a page.

    Args:
        figure: Drawn under `STYLE`, in the marker colours of this module.
        name: Unique in the page; prefixes every id in the element.
        label: What the figure shows, for those who do not see it.
    """
    name = re.sub(r"[^\w-]", "-", name)
    buffer = io.StringIO()
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'\s+xmlns(:\w+)?="[^"]*"', "", text).replace("xlink:href", "href")
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(href="|url\()#', rf"\1#{name}-", text)
    text = re.sub(r"font: (?:[\w ]+ )?([\d.]+)px [^;\"]*", r"font-size: \1px", text)  # the page's own family
    for marker, variable in VARIABLES.items():
        text = text.replace(marker, f"var({variable})")
    width = figure.get_figwidth() * 72
    opening = f'<svg role="img" aria-label="{escape(label)}" data-width="{width:.0f}"'
    return re.sub(r'<svg width="[^"]*" height="[^"]*"', lambda _: opening, text, count=1)
