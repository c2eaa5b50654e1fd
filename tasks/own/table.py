"""A CSV or Parquet file: which rows, which label, which columns a network sees, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tasks.common import texts
from tasks.common.artifacts import Arrays
from tasks.common.errors import UserError, nearest
from tasks.common.schema.own import OwnTable, Where
from tasks.own import cells, columns, parts
from tasks.own.cells import Cells

Array = np.ndarray[Any, Any]


def load(settings: OwnTable, path: Path, seed: int) -> Arrays:
    """The rows that the settings choose, in the form that `tasks.own` describes.

    Raises:
        UserError: If anything in the file does not fit what the settings say of it.
    """
    table = cells.read(path, settings.separator, settings.encoding)
    known_columns(table, settings)
    table = chosen(table, settings)
    table = with_label(table, settings)
    groups = np.array(table[settings.group]) if settings.group else None
    answer, test = _answer(table, settings, seed, groups)
    not_told(table, settings, answer)
    x = features(table, settings)
    auxiliary = [columns.numbers(name, table[name], (), settings.decimal) for name in settings.auxiliary]
    arrays: Arrays = {"classes": np.array(settings.names)}
    for part, rows in (("train", ~test), ("test", test)):
        arrays |= {f"{part}_x": x[rows], f"{part}_y": answer[rows]}
        if groups is not None:
            arrays[f"{part}_group"] = groups[rows]
        if auxiliary:
            arrays[f"{part}_auxiliary"] = np.stack(auxiliary, axis=1)[rows].astype(np.float32)
    if auxiliary:
        arrays["auxiliary_names"] = np.array(settings.auxiliary)
    names = {"number": [*settings.numbers, *settings.dates], "category": settings.categories, "text": settings.texts}
    arrays |= {f"{kind}_names": np.array(listed, dtype=np.str_) for kind, listed in names.items()}
    return arrays | texts.packed([text for name in settings.texts for text in table[name]])


def known_columns(table: Cells, settings: OwnTable) -> None:
    """Nothing, if the file has the columns that the settings name and no others.

    Raises:
        UserError: If not, with every column that is wrong.
    """
    wanted = [*settings.features, *settings.special, *settings.ignored, *settings.auxiliary]
    lost = [f"'{name}'{nearest(name, table)}" for name in dict.fromkeys(wanted) if name not in table]
    if lost:
        raise UserError(f"has no column {', '.join(lost)} Its columns: {', '.join(table)}.")
    extra = [f"'{name}'" for name in table if name not in wanted]
    if extra:
        raise UserError(
            f"column {', '.join(extra)} stands in no list; put it under numbers, categories, dates, texts or ignored."
        )


def chosen(table: Cells, settings: OwnTable) -> Cells:
    """The rows that `where` asks for.

    Raises:
        UserError: If there are none with one of its values.
    """
    if settings.where is None:
        return table
    return taken(table, matching(table, settings.where, "where"))


def matching(table: Cells, where: Where, key: str) -> Array:
    """True where a row has one of the values, (n,).

    Raises:
        UserError: If a value is nowhere in the column.
    """
    found = set(table[where.column])
    for value in where.values:
        if value not in found:
            some = ", ".join(sorted(found)[:10])
            raise UserError(
                f"{key} asks for '{value}' in column '{where.column}', which has {some}{nearest(value, found)}."
            )
    return np.isin(np.array(table[where.column]), where.values)


def taken(table: Cells, rows: Array) -> Cells:
    """Some rows, ``rows`` true or false for each."""
    places = np.flatnonzero(rows).tolist()
    return {name: [column[place] for place in places] for name, column in table.items()}


def with_label(table: Cells, settings: OwnTable) -> Cells:
    """The rows that have a label; how many have none is said."""
    has = np.array([cell not in settings.missing for cell in table[settings.target]])
    if not has.any():
        raise UserError(f"target column '{settings.target}' is empty in every row.")
    if not has.all():
        print(f"{(~has).sum()} of {len(has)} rows have no '{settings.target}' and are left out")
    return taken(table, has)


def _answer(table: Cells, settings: OwnTable, seed: int, groups: Array | None) -> tuple[Array, Array]:
    """Label numbers and which rows are for testing, each (n,)."""
    words = table[settings.target]
    if settings.classes:
        y = parts.labels(words, settings.names, f"target column '{settings.target}'")
        return y, _test(table, settings, y, seed, groups)
    values = columns.numbers(settings.target, words, (), settings.decimal)
    test = _test(table, settings, np.zeros(len(values), np.int64), seed, groups)
    y = np.searchsorted(edges(values[~test], settings), values, side="right").astype(np.int64)
    for part, rows in (("the training part", ~test), ("the test part", test)):
        parts.enough(np.bincount(y[rows], minlength=len(settings.names)), settings.names, 1, part)
    return y, test


def _test(table: Cells, settings: OwnTable, y: Array, seed: int, groups: Array | None) -> Array:
    if not isinstance(settings.test, Where):
        return parts.held_out(y, settings.test, seed, groups)
    test = matching(table, settings.test, "test")
    for part, rows in (("the training part", ~test), ("the test part", test)):
        if settings.classes:
            parts.enough(np.bincount(y[rows], minlength=len(settings.names)), settings.names, 1, part)
        elif not rows.any():
            raise UserError(f"{part} has no row; test.values has every value of '{settings.test.column}'.")
    both = set(groups[test].tolist()) & set(groups[~test].tolist()) if groups is not None else set()
    if both:
        raise UserError(
            f"{len(both)} groups, such as '{min(both)}', are on both sides of the test part that "
            f"'{settings.test.column}' makes; a group may be on one side only."
        )
    return test


def edges(values: Array, settings: OwnTable) -> Array:
    """Where a number is cut into classes: as the settings say, or quantiles of the training part's ``values``.

    Raises:
        UserError: If two quantiles are the same number.
    """
    if settings.edges:
        return np.array(settings.edges)
    count = settings.bins or 0
    cuts: Array = np.quantile(values, np.arange(1, count) / count)
    if len(np.unique(cuts)) < len(cuts):
        raise UserError(
            f"target column '{settings.target}' cannot be cut into {count} classes of about the same size: too many "
            f"rows have the same number. Use fewer bins, or say where to cut with edges."
        )
    print(f"'{settings.target}' is cut at {', '.join(f'{cut:g}' for cut in cuts)}, quantiles of the training part")
    return cuts


def features(table: Cells, settings: OwnTable) -> Array:
    """The inputs of every row, (n,) with the fields that `tasks.own` describes."""
    missing = settings.missing
    numbers = [columns.numbers(name, table[name], missing, settings.decimal) for name in settings.numbers]
    numbers += [columns.dates(name, table[name], missing) for name in settings.dates]
    words = [columns.categories(name, table[name], missing) for name in settings.categories]
    for name, column in zip([*settings.numbers, *settings.dates], numbers, strict=True):
        _some(name, ~np.isnan(column))
    for name, column_words in zip(settings.categories, words, strict=True):
        _some(name, np.array([bool(word) for word in column_words]))
    for name in settings.texts:
        _some(name, np.array([cell not in missing for cell in table[name]]))
    return columns.structured(numbers, words, len(table[settings.target]), len(settings.texts))


def _some(name: str, present: Array) -> None:
    if not present.any():
        raise UserError(f"column '{name}' has no value in any row that is used; list it under ignored.")
    if not present.all():
        print(f"'{name}' is missing in {(~present).sum()} of {len(present)} rows; it is filled in by `split`")


def not_told(table: Cells, settings: OwnTable, y: Array) -> None:
    """Nothing, if no input is the label under another name.

    Raises:
        UserError: If a column has as many different values as there are classes, and each stands for one of them.
    """
    for name in [*settings.numbers, *settings.categories]:
        if _one_to_one(table[name], y, len(settings.names)):
            raise UserError(
                f"column '{name}' is an input and tells the label '{settings.target}' exactly, one value for each "
                "class: a network would be told the answer. List it under ignored."
            )


def _one_to_one(words: Sequence[str], y: Array, classes: int) -> bool:
    different = set(words)
    return len(different) == classes and len(set(zip(words, y.tolist(), strict=True))) == classes
