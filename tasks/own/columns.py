"""Columns of text turned into what their list says they are: numbers, dates, categories, texts."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from tasks.common.errors import UserError

Array = np.ndarray[Any, Any]
LONGEST_CATEGORY = 200


def numbers(name: str, cells: Sequence[str], missing: Collection[str], decimal: str = ".") -> Array:
    """float64 (n,), NaN where a cell is one of ``missing``.

    Raises:
        UserError: If a cell is no finite number: the first, and how many there are.
    """
    values = np.full(len(cells), np.nan)
    bad: list[int] = []
    for row, cell in enumerate(cells):
        if cell in missing:
            continue
        number = number_of(cell, decimal)
        if number is None or not math.isfinite(number):
            bad.append(row)
        else:
            values[row] = number
    if bad:
        word = cells[bad[0]]
        endless = (number_of(word, decimal) or 0.0) in (math.inf, -math.inf)
        advice = (
            "An infinite value has no mean: put a number or nothing there."
            if endless
            else f"Is it a category? Then list '{name}' under categories; does it mean 'missing'? Then under missing."
        )
        if decimal == "." and "," in word and number_of(word, ",") is not None:
            advice = 'For decimal commas set `decimal: ","`.'
        raise UserError(
            f"column '{name}' is listed under numbers and has '{word[:60]}' in row {bad[0] + 1}"
            f"{f' (and {len(bad) - 1} such cells more)' if len(bad) > 1 else ''}. {advice}"
        )
    return values


def number_of(cell: str, decimal: str = ".") -> float | None:
    """The number a cell says, None if it says none. ``1_000`` and Unicode digits, which Python takes, are none."""
    text = cell.replace(",", ".") if decimal == "," else cell
    if "_" in text or not text.isascii():
        return None
    try:
        return float(text)
    except ValueError:
        return None


def dates(name: str, cells: Sequence[str], missing: Collection[str]) -> Array:
    """Days since 1970-01-01, float64 (n,); NaN where missing. A time without a zone counts as UTC.

    Raises:
        UserError: If a cell is no date as ISO 8601 writes it.
    """
    values = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        if cell not in missing:
            day = date_of(cell)
            if day is None:
                raise UserError(
                    f"column '{name}' is listed under dates and has '{cell[:60]}' in row {row + 1}; expected "
                    "YYYY-MM-DD, with or without a time. Other orders of day and month are not guessed."
                )
            values[row] = day
    return values


def date_of(cell: str) -> float | None:
    """Days since 1970-01-01, None if it is no ISO date with at least year, month and day, parted by hyphens."""
    if len(cell) < 10 or cell[4:5] != "-":
        return None
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() / 86400


def categories(name: str, cells: Sequence[str], missing: Collection[str]) -> list[str]:
    """The cells, empty where missing.

    Raises:
        UserError: If one is so long that it is no category.
    """
    longest = max(cells, key=len)
    if len(longest) > LONGEST_CATEGORY:
        raise UserError(
            f"column '{name}' is listed under categories and has a cell of {len(longest):,} characters; list it under "
            "texts, or ignored."
        )
    return ["" if cell in missing else cell for cell in cells]


def structured(number_columns: Sequence[Array], category_columns: Sequence[list[str]], rows: int, texts: int) -> Array:
    """The fields `numbers`, `categories` and `texts` of so many rows; row r's k-th text has place ``k * rows + r``."""
    width = max((len(cell) for column in category_columns for cell in column), default=1) or 1
    fields = [
        ("numbers", np.float64, (len(number_columns),)),
        ("categories", f"U{width}", (len(category_columns),)),
        ("texts", np.int64, (texts,)),
    ]
    x = np.zeros(rows, np.dtype(fields))
    for index, numbers_ in enumerate(number_columns):
        x["numbers"][:, index] = numbers_
    for index, words in enumerate(category_columns):
        x["categories"][:, index] = words
    for index in range(texts):
        x["texts"][:, index] = np.arange(rows) + index * rows
    return x
