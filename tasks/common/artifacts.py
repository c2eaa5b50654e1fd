"""Write result files whole or not at all, with the same bytes for the same content.

A file is filled beside its target and renamed, so a stopped or failed write leaves nothing that looks
finished. No clock gets into a file: `numpy.savez` dates its members 1980, JSON keys are sorted.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tasks.common.errors import UserError

Arrays = dict[str, np.ndarray[Any, Any]]


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A path beside ``target`` to write to; it takes the target's place when the block ends well.

    The path keeps the target's suffixes. A folder is made by the caller, and replaces the old one whole.

    Raises:
        UserError: If the disk is full or the folder cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=target.parent))
    try:
        draft = room / target.name
        yield draft
        if target.is_dir():
            shutil.rmtree(target)
        os.replace(draft, target)
    except OSError as error:
        raise UserError(
            f"{target} could not be written: {error.strerror or error}. Nothing was left half-written."
        ) from error
    finally:
        shutil.rmtree(room, ignore_errors=True)


def write_npz(target: Path, **arrays: np.ndarray[Any, Any]) -> None:
    """Write arrays uncompressed, so that the bytes do not hang on a zlib version."""
    with replacing(target) as draft, draft.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def read_npz(path: Path) -> Arrays:
    """All arrays of a file written by `write_npz`; never unpickles."""
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def write_json(target: Path, content: Any) -> None:
    """Write sorted, indented JSON. NaN and infinity are refused: write None and say why beside it."""
    write_text(target, json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """The content of a file written by `write_json`."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_text(target: Path, text: str) -> None:
    """Write UTF-8 text with line feeds."""
    with replacing(target) as draft:
        draft.write_text(text, encoding="utf-8", newline="\n")
