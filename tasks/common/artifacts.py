"""Write result files whole or not at all, with the same bytes for the same content.

A file is filled beside its target and renamed, so a stopped or failed write leaves nothing that looks
finished. No clock gets into a file, and JSON keys are sorted.
"""

import json
import math
import os
import shutil
import tempfile
import zipfile
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


def write_npz(target: Path, **arrays: Any) -> None:
    """Write arrays uncompressed: the bytes hang on no clock, no zlib and, unlike `numpy.savez`'s, no Python release.

    What has `blocks`, an iterator over arrays, besides a shape and a dtype, is written block by block, to the bytes
    that the whole array would give.
    """
    with replacing(target) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
        for name, given in arrays.items():
            values = given if hasattr(given, "blocks") else np.asanyarray(given)
            member = zipfile.ZipInfo(f"{name}.npy")  # dated 1980
            # The size is told beforehand: members of more than 2 GiB get a longer header.
            member.file_size = math.prod(values.shape) * values.dtype.itemsize
            with archive.open(member, "w") as file:
                if isinstance(values, np.ndarray):
                    np.lib.format.write_array(file, values, allow_pickle=False)
                    continue
                about = {"descr": values.dtype.str, "fortran_order": False, "shape": values.shape}
                np.lib.format.write_array_header_1_0(file, about)
                for block in values.blocks():
                    file.write(block.tobytes())


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
