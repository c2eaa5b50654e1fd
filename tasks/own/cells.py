"""A CSV or Parquet file as text, cell by cell: a fault is found where it is, before anything is guessed about types."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

from tasks.common import paths
from tasks.common.errors import UserError

Cells = dict[str, list[str]]
MOST_BYTES, MOST_CELLS, LONGEST = 2**30, 50_000_000, 10_000_000
"""Bytes of a file, cells of a table and characters of a cell that are read: more is a mistake, or not for here."""

FOREIGN = {
    b"PK\x03\x04": "a zip archive (or an Excel workbook); unpack it, or save the sheet as CSV",
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"%PDF": "a PDF",
    b"\x89PNG": "a PNG image; a folder of images is kind: own-images",
    b"\xff\xd8\xff": "a JPEG image; a folder of images is kind: own-images",
    b"\x93NUMPY": "a .npy array; save x and y together with numpy.savez, kind: own-arrays",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV",
    b"PAR1": "a Parquet file; its name must end with .parquet",
    b"SQLite format 3": "an SQLite data base; export the table as CSV",
}


def decoded(content: bytes, encoding: str = "utf-8") -> str:
    """Text of a file; a byte order mark is left out.

    Raises:
        UserError: If it is not text in this encoding, or something else altogether.
    """
    for start, what in FOREIGN.items():
        if content.startswith(start):
            raise UserError(f"is no text but {what}.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) and encoding == "utf-8":
        raise UserError("is UTF-16, as some programs export; set `encoding: utf-16`, or save it as UTF-8.")
    # Protocols 2 to 5 of pickle start so, and older ones with other bytes than a table's.
    if content[:1] == b"\x80" and content[1:2] in b"\x02\x03\x04\x05":
        raise UserError("is a Python pickle, which can run any code when it is read; it is refused. Save it as CSV.")
    try:
        text = content.decode("utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding)
    except LookupError:
        raise UserError(f"encoding is '{encoding}', which Python does not know; try utf-8 or latin-1.") from None
    except UnicodeError as error:
        line = content[: getattr(error, "start", 0)].count(b"\n") + 1
        raise UserError(
            f"line {line} is not {encoding}: {getattr(error, 'reason', error)}. Save it as UTF-8, or set `encoding:` "
            "(latin-1 and cp1252 are what Western European programs write)."
        ) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise UserError(f"line {line} has a NUL character: it is binary, damaged, or in another encoding.")
    if not text.strip():
        raise UserError("holds nothing but blanks.")
    return text


def csv_cells(path: Path, separator: str = ",", encoding: str = "utf-8") -> Cells:
    """The columns of a CSV file with a header, each a list of its cells, blanks around them left out.

    Raises:
        UserError: If it cannot be read, has no rows, its rows differ in length, or its header names a column twice.
    """
    text = decoded(paths.a_file(path, MOST_BYTES).read_bytes(), encoding)
    before = csv.field_size_limit(LONGEST)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        names = [name.strip() for name in next(reader)]
        header(names, separator)
        rows: list[list[str]] = []
        for row in reader:
            if not row:
                continue  # a blank line
            if len(row) != len(names):
                raise UserError(
                    f"line {reader.line_num} has {len(row)} cells; the header has {len(names)}. A cell with "
                    f"'{separator}' in it must stand in double quotes."
                )
            rows.append(row)
            if len(rows) * len(names) > MOST_CELLS:
                raise UserError(f"has more than {MOST_CELLS:,} cells, which is the most that is read here.")
    except csv.Error as error:
        raise UserError(f"line {reader.line_num}: {error}. Is a double quote not closed?") from None
    finally:
        csv.field_size_limit(before)
    if not rows:
        raise UserError("has a header and no row under it.")
    return {
        name: [cell.strip() for cell in column] for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }


def header(names: list[str], separator: str = ",") -> None:
    """Nothing, if every column has a name of its own.

    Raises:
        UserError: If not.
    """
    for name, count in Counter(names).items():
        if count > 1 and name:
            raise UserError(f"has {count} columns named '{name}'; give each a name of its own.")
    if "" in names:
        raise UserError(f"column {names.index('') + 1} has no name in the header; name it (or take it out).")
    if len(names) == 1 and any(other in names[0] for other in ",;\t|" if other != separator):
        raise UserError(f"has one column, '{names[0][:60]}'; is `separator: \"{separator}\"` right?")


def parquet_cells(path: Path) -> Cells:
    """The columns of a Parquet file as text: null is empty, numbers as Python writes them, dates as ISO has them.

    Raises:
        UserError: If it cannot be read, is too large, or has a column of lists or bytes.
    """
    # Here, for only this kind of file should cost the import. And not pyarrow: where it is installed, pandas imports it
    # everywhere, it starts a thread, and then `headwater run` can fork no stage's command.
    import fastparquet

    paths.a_file(path, MOST_BYTES)
    try:
        file = fastparquet.ParquetFile(str(path))
        rows, names = file.count(), [str(name) for name in file.columns]
        if not rows or not names:
            raise UserError("has no rows.")
        if rows * len(names) > MOST_CELLS:
            raise UserError(f"has {rows * len(names):,} cells; the most that is read here is {MOST_CELLS:,}.")
        header(names)
        table = file.to_pandas(columns=names, index=False)
    except UserError:
        raise
    except Exception as error:  # of many kinds: a damaged file meets the decoder wherever it is damaged
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise UserError(f"is no Parquet file that can be read: {reason}") from None
    return {name: _words(name, table[name].tolist()) for name in names}


def _words(name: str, values: list[object]) -> list[str]:
    for value in values:
        if isinstance(value, list | dict | tuple | set | bytes) or hasattr(value, "__array__"):
            raise UserError(
                f"column '{name}' holds {type(value).__name__} and no plain values; take it out of the file."
            )
    return [_word(value) for value in values]


def _word(value: object) -> str:
    # pandas has several words for nothing; NaN alone differs from itself.
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value).strip()


def read(path: Path, separator: str = ",", encoding: str = "utf-8") -> Cells:
    """The columns of a file, Parquet by its name's end, else CSV."""
    if path.suffix.lower() in (".parquet", ".pq"):
        return parquet_cells(path)
    return csv_cells(path, separator, encoding)
