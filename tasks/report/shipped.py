"""Exported files beside the methods they come from: accuracy against size.

A file holds one repeat's model, a method stands for the mean of all its repeats; so a file may lie beside its method.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from pydantic import TypeAdapter, ValidationError

from tasks.common.errors import UserError
from tasks.report.formats import number, percent
from tasks.report.pareto import Trade, front
from tasks.report.records import Record
from tasks.report.results import Results, content
from tasks.report.verdict import Verdict

HEADER = ["file", "accuracy, %", "says what .keras says, %", "size, kB"]
FLOAT = 4  # bytes


class File(Record):
    """One exported file: accuracy on the test part, share of samples for which it says what the .keras file says."""

    accuracy: float
    agreement: float
    bytes: int


Files: TypeAlias = Mapping[str, Mapping[str, File]]
"""Method -> format -> file, as the stage `shipped` measured them."""


def read(path: Path) -> Files:
    """Read ``data/shipped/<study>.json``.

    Raises:
        UserError: If it is not there, is not JSON, or does not hold measured files.
    """
    try:
        return TypeAdapter(dict[str, dict[str, File]]).validate_python(content(path, "shipped"))
    except ValidationError as error:
        why = error.errors()[0]["msg"]
        raise UserError(
            f"{path} does not hold measured files ({why}). Run the shipped stage of this study again."
        ) from None


def trade(results: Results, verdict: Verdict, files: Files) -> Trade | None:
    """Accuracy against bytes, of files and of methods as if their weights were saved as float32; the front is of files.

    None where there are none.
    """
    named = _named(files)
    methods = {
        name: (float(FLOAT * results.methods[name].parameters.total), mean)
        for name in (*verdict.controls, *verdict.candidates)
        if (mean := verdict.means[name][0]) is not None
    }
    points = {name: (float(one.bytes), one.accuracy) for name, one in named.items()}
    return Trade("bytes", methods | points, front(points)) if points else None


def rows(files: Files, found: Trade) -> list[list[str]]:
    """The rows of `HEADER`, a file each; a star marks the front."""
    return [
        [
            name,
            percent(one.accuracy),
            percent(one.agreement),
            number(one.bytes / 1000, 1) + (" *" if name in found.front else ""),
        ]
        for name, one in _named(files).items()
    ]


def names(files: Files) -> list[str]:
    """What files are called: their method and their format."""
    return list(_named(files))


def _named(files: Files) -> dict[str, File]:
    return {f"{method} {kind}": one for method, kinds in files.items() for kind, one in kinds.items()}
