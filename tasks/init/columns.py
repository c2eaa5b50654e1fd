"""What the columns of a table seem to be, by their cells and a little by their names."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import pairwise

from tasks.common.schema.own import MISSING
from tasks.own.cells import Cells
from tasks.own.columns import date_of, number_of

GROUPS = re.compile(r"(patient|subject|person|user|customer|client|household|family|session|speaker|author)([ _-]?id)?")
TARGETS = ("target", "label", "class", "y", "outcome", "category", "species", "diagnosis")
MANY, LONG = 50, 30
"""More different words than this are no category without a doubt; longer ones on average are text."""


@dataclass
class Columns:
    """The lists of an own table's block, with a reason for each column that is not plain, and doubts."""

    numbers: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    group: str | None = None
    why: dict[str, list[str]] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)

    def put(self, where: str, name: str, reason: str = "") -> None:
        """Add a column to a list."""
        getattr(self, where).append(name)
        if reason:
            self.why.setdefault(where, []).append(f"{name} {reason}")


def target_of(table: Cells) -> tuple[str, str]:
    """The column that seems to be the label, and why."""
    for name in TARGETS:
        for column in table:
            if column.lower() == name:
                return column, "guessed by its name"
    return list(table)[-1], "guessed: the last column"


def missing_in(table: Cells) -> list[str]:
    """The words that mean "missing": the usual ones, and ``?`` where it stands among numbers."""
    for cells in table.values():
        found = set(cells)
        if "?" in found and any(number_of(cell) is not None for cell in found):
            return [*MISSING, "?"]
    return list(MISSING)


def sorted_out(table: Cells, special: Collection[str], missing: Collection[str], decimal: str) -> Columns:
    """Every column but the ``special`` ones put into one of the lists."""
    found = Columns()
    for name, cells in table.items():
        if name not in special:
            _sort(found, name, [cell for cell in cells if cell not in missing], len(cells), decimal)
    return found


def _sort(found: Columns, name: str, cells: list[str], rows: int, decimal: str) -> None:
    different = set(cells)
    if len(different) < 2:
        found.put("ignored", name, "has one value alone" if different else "is empty")
    elif GROUPS.fullmatch(name.lower()) and len(different) < rows and found.group is None:
        found.group = name
        found.doubts.append(
            f"is '{name}' what rows belong together by? It is set as group, so that none is on both sides of the test "
            "part; if it is not, move it to one of the lists."
        )
    elif all(number_of(cell, decimal) is not None for cell in different):
        _sort_numbers(found, name, cells, different, rows, decimal)
    elif all(date_of(cell) is not None for cell in different):
        found.put("dates", name)
    else:
        _sort_words(found, name, cells, different, rows)


def _sort_numbers(found: Columns, name: str, cells: list[str], different: set[str], rows: int, decimal: str) -> None:
    values = [number_of(cell, decimal) or 0.0 for cell in cells]
    whole = all(value == int(value) if abs(value) < 1e15 else False for value in values)
    endless = [cell for cell in different if abs(number_of(cell, decimal) or 0.0) == float("inf")]
    if endless:
        found.doubts.append(f"'{name}' has {endless[0]}: put a number or nothing there before you run.")
    if whole and len(different) == len(values) == rows and (_named_id(name) or _counts_up(values)):
        found.put("ignored", name, "counts the rows")
        return
    found.put("numbers", name)
    if whole and 2 < len(different) <= 10:
        found.doubts.append(
            f"'{name}' has {len(different)} different whole numbers: if they are codes and not amounts, move it to "
            "categories."
        )


def _sort_words(found: Columns, name: str, cells: list[str], different: set[str], rows: int) -> None:
    if sum(map(len, cells)) / len(cells) > LONG:
        found.put("texts", name)
        return
    numeric = sum(number_of(cell) is not None for cell in cells)
    if numeric > 0.5 * len(cells):
        odd = sorted(cell for cell in different if number_of(cell) is None)
        found.put("categories", name, f"is mostly numbers, but has '{odd[0]}'")
        found.doubts.append(
            f"'{name}' has {numeric} numbers and {len(cells) - numeric} other cells such as '{odd[0]}': mend them, or "
            "add that word to missing and move the column to numbers."
        )
    elif len(different) > 0.9 * rows:
        found.put("ignored", name, "is different in nearly every row")
    else:
        found.put("categories", name)
        if len(different) > MANY:
            found.doubts.append(
                f"'{name}' has {len(different)} different words: the rare ones share one input. Is it text, or should "
                "it be ignored?"
            )


def _named_id(name: str) -> bool:
    return bool(re.fullmatch(r"(.*[ _-])?(id|index|no|nr|row|unnamed: 0)", name.lower()))


def _counts_up(values: list[float]) -> bool:
    return all(after - before == 1 for before, after in pairwise(values))
