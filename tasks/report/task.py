"""The page of a task that is no study: what is asked and answered, tables of figures, and a plot of differences."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from tasks.report import templates
from tasks.report.forest import Axis, Row
from tasks.report.formats import interval, points
from tasks.report.page import flat


@dataclass(frozen=True)
class Table:
    """Figures by method, the first column of each row; ``place`` is the section's name within the page."""

    place: str
    title: str
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Difference:
    """A bar of the plot, in shares and not points; ``mean`` is None where nothing could be compared.

    ``word`` is `better`, `worse` or `not shown`, or says what else this is, such as a control.
    """

    name: str
    mean: float | None
    interval: tuple[float, float] | None
    word: str


@dataclass(frozen=True)
class Page:
    """All that a task's page shows.

    Attributes:
        title: Behind the task's name, for a browser's tab.
        warning: What a reader must know first, or nothing.
        facts: The numbers that a reader looks for first.
        best: The method whose rows stand out.
        lead: What the differences are.
        unit: What their axis counts.
        descriptions: Of each method what it is, and its paper's name and address.
        settings: Of the task, as they may be nested.
    """

    task: str
    title: str
    question: str
    warning: str
    answer: str
    facts: Mapping[str, str]
    best: str | None
    tables: Sequence[Table]
    lead: str
    unit: str
    differences: Sequence[Difference]
    notes: Sequence[str]
    descriptions: Mapping[str, tuple[str, str, str]]
    settings: Mapping[str, Any]


def render(page: Page, names: Collection[str]) -> str:
    """The page as one self-contained file; ``names`` are the methods that its prose sets apart."""
    drawn = axis(page.differences)
    shown = {field.name: getattr(page, field.name) for field in fields(page)}
    bars = [bar(one, drawn) for one in page.differences]
    return templates.render(
        "task.html.j2", names, **shown | {"differences": bars, "axis": drawn, "settings": flat(page.settings)}
    )


def axis(differences: Sequence[Difference]) -> Axis | None:
    """The range, in points, that shows zero and every interval."""
    ends = [100 * end for one in differences for end in one.interval or (one.mean,) if end is not None]
    if not ends:
        return None
    low, high = min(0.0, *ends), max(0.0, *ends)
    pad = 0.05 * (high - low) or 1.0
    return Axis(low - pad, high + pad)


def bar(one: Difference, drawn: Axis | None) -> Row:
    """One difference, placed on the axis."""
    if one.mean is None or drawn is None:
        return Row(one.name, "", word=one.word)
    low, high = (100 * np.array(one.interval or (one.mean, one.mean))).tolist()
    return Row(
        one.name,
        "",
        difference=points(one.mean),
        interval=interval(one.interval) if one.interval else "",
        word=one.word,
        at=f"{drawn.place(100 * one.mean):.2f}",
        low=f"{drawn.place(low):.2f}",
        high=f"{drawn.place(high):.2f}",
    )
