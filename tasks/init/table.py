"""Guesses about a CSV or Parquet file."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tasks.common import paths
from tasks.common.errors import UserError, nearest
from tasks.common.schema.own import Where
from tasks.init import columns, guess, wording
from tasks.init.columns import Columns
from tasks.init.guess import Guess
from tasks.own import cells
from tasks.own.cells import Cells
from tasks.own.columns import number_of

FEW, MOST_CLASSES, BINS = 10, 50, 4
"""A label of whole numbers with at most so many different ones names classes; words name at most so many."""


@dataclass(frozen=True)
class Format:
    """How a CSV file is written; Parquet has no need of it."""

    separator: str = ","
    decimal: str = "."
    encoding: str = "utf-8"

    def lines(self) -> list[str]:
        """What differs from the usual."""
        usual, found = Format(), []
        for name, why in (("separator", "between cells"), ("decimal", "in numbers"), ("encoding", "it is no UTF-8")):
            if getattr(self, name) != getattr(usual, name):
                found.append(wording.line(name, wording.word(getattr(self, name)), why))
        return found


def format_of(path: Path) -> Format:
    """How a CSV file is written, by its first lines."""
    if path.suffix.lower() in (".parquet", ".pq"):
        return Format()
    content = paths.a_file(path, cells.MOST_BYTES).read_bytes()
    encoding = "utf-8"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    else:
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            encoding = "cp1252"
    text = cells.decoded(content, encoding)
    head = text.splitlines()[:20]
    separator = max(",;\t|", key=lambda mark: (_columns(head, mark), ",;\t|".index(mark) * -1))
    decimal = "," if separator != "," and re.search(r"(^|[;\t|])-?\d+,\d+([;\t|]|$)", text, re.MULTILINE) else "."
    return Format(separator, decimal, encoding)


def _columns(lines: list[str], separator: str) -> int:
    """Cells of a line where all lines have as many; else 1."""
    try:
        widths = {len(row) for row in csv.reader(lines, delimiter=separator) if row}
    except csv.Error:
        return 1
    return widths.pop() if len(widths) == 1 else 1


def read(path: Path) -> tuple[Cells, Format]:
    """The columns of a file, and how it is written."""
    form = format_of(path)
    return cells.read(path, form.separator, form.encoding), form


def rows_where(table: Cells, where: Where, *, other: bool) -> Cells:
    """The rows that have one of the values, or the ``other`` ones."""
    keep = [place for place, cell in enumerate(table[where.column]) if (cell in where.values) != other]
    return {name: [column[place] for place in keep] for name, column in table.items()}


def look(tables: list[tuple[Cells, Format]], target: str | None, wheres: list[Where | None]) -> list[Guess]:
    """A guess about each table; with two, the source's last, both get the same inputs.

    Raises:
        UserError: If there is no such column, or the label cannot be one.
    """
    table, form = tables[0]
    name, why = (target, "as you said") if target else columns.target_of(table)
    for one, _ in tables:
        if name not in one:
            raise UserError(f"there is no column '{name}' in {', '.join(one)}.{nearest(name, one)}")
    shared = [column for column in table if all(column in one for one, _ in tables)]
    together = {column: [cell for one, _ in tables for cell in one[column]] for column in shared}
    missing = columns.missing_in(together)
    special = [name, *(where.column for where in wheres if where)]
    sorted_out = columns.sorted_out(together, special, missing, form.decimal)
    labels = [cell for cell in together[name] if cell not in missing]
    if not labels:
        raise UserError(f"column '{name}' is empty, so it cannot be the label; name another with --target-column.")
    cut = _is_amount(labels, form.decimal)
    if not cut and len(set(labels)) > MOST_CLASSES:
        raise UserError(
            f"column '{name}' ({why}) has {len(set(labels))} different words, too many for classes; name the label "
            f"with --target-column: {', '.join(table)}."
        )
    return [
        _block(one, one_form, name, why, sorted_out, missing, cut, where)
        for (one, one_form), where in zip(tables, wheres, strict=True)
    ]


def _is_amount(labels: list[str], decimal: str) -> bool:
    values = [number_of(cell, decimal) for cell in set(labels)]
    return all(value is not None for value in values) and len(values) > FEW


def _block(
    table: Cells,
    form: Format,
    target: str,
    why: str,
    found: Columns,
    missing: list[str],
    cut: bool,
    where: Where | None,
) -> Guess:
    lines = ["kind: own-table", wording.line("target", wording.word(target), why)]
    rows = len(table[target])
    labels = Counter(cell for cell in table[target] if cell not in missing)
    doubts = list(found.doubts)
    if cut:
        classes, counts = [f"{target} {number} of {BINS}" for number in range(1, BINS + 1)], {}
        lines.append(wording.line("bins", str(BINS), "it is an amount, and methods here tell classes apart"))
        doubts.append(
            f"'{target}' is an amount, with {len(labels)} different values. Headwater compares classifiers, so it is "
            f"cut into {BINS} classes of about the same size, by the training part's quantiles. `edges: [...]` says "
            "where to cut instead. Predicting the amount itself would need networks and measures for it."
        )
    else:
        classes = guess.in_order(labels)
        counts = {name: labels[name] for name in classes}
        doubts += guess.about_classes(counts, f"'{target}'")
        lines.append(wording.line("classes", wording.words(classes), f"{', '.join(map(str, counts.values()))} rows"))
    without = rows - sum(labels.values())
    if without:
        doubts.append(f"{without} of {rows} rows have no '{target}'; they are left out.")
    if where:
        lines.append(f"where: {{column: {wording.word(where.column)}, values: {wording.words(where.values)}}}")
    common = {
        "numbers": "every cell a number",
        "categories": "words",
        "dates": "as days",
        "texts": "as tf-idf of words",
    }
    for key, meaning in common.items():
        if getattr(found, key):
            said = "; ".join([meaning, *found.why.get(key, [])])
            lines.append(wording.line(key, wording.words(getattr(found, key)), said))
    known = [*found.numbers, *found.categories, *found.dates, *found.texts, target, *([where.column] if where else [])]
    ignored = [name for name in table if name not in known and name != found.group]
    if ignored:
        reasons = found.why.get("ignored", []) + [
            f"{name} is not in both" for name in ignored if name not in found.ignored
        ]
        lines.append(wording.line("ignored", wording.words(ignored), "; ".join(reasons)))
    if found.group:
        lines.append(wording.line("group", wording.word(found.group), "guessed by its name: never on both sides"))
    if "?" in missing:
        lines.append(wording.line("missing", wording.words(missing), "'?' stands among numbers"))
    lines += [*form.lines(), wording.line("test", "0.25", "of the rows, opened at the end alone")]
    if not (found.numbers or found.categories or found.dates or found.texts):
        raise UserError(f"no column beside '{target}' can be an input: {', '.join(table)}.")
    gaps = [name for name in known if any(cell in missing for cell in table[name]) and name != target]
    if gaps:
        doubts.append(
            f"cells are missing in {', '.join(gaps)}: filled with the source's median, or a value of their own."
        )
    return Guess(lines, classes, counts, sum(labels.values()), "dense", "standardise", doubts, ordered=cut)
