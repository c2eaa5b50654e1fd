"""The pages' templates, style and script, and how they are filled in."""

import re
from collections.abc import Collection
from html import escape
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tasks.report import formats

HERE = Path(__file__).parent
STYLES = ("page.css", "tables.css", "figures.css", "index.css", "print.css")


def render(template: str, names: Collection[str], **shown: object) -> str:
    """A template filled in; ``names`` are the methods that its prose sets apart."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        percent=formats.percent,
        points=formats.points,
        interval=formats.interval,
        number=formats.number,
        prose=lambda text: prose(text, names),
    )
    style = "".join((HERE / name).read_text(encoding="utf-8") for name in STYLES)
    script = (HERE / "page.js").read_text(encoding="utf-8")
    return environment.get_template(template).render(style=Markup(style), script=Markup(script), **shown)


def prose(text: str, names: Collection[str]) -> Markup:
    """A sentence with the methods' names set apart from its own words, and no break before a percent sign."""
    longest_first = "|".join(re.escape(escape(name)) for name in sorted(names, key=len, reverse=True))
    marked = re.sub(rf"(?<![\w-])({longest_first})(?![\w-])", r'<span class="name">\1</span>', escape(text), flags=re.I)
    return Markup(marked.replace(" %", "\N{NO-BREAK SPACE}%"))
