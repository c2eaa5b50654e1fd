"""A SavedModel as arrays: the bytes of its files by their path in its folder, so that one .npz file carries it whole.

Only the parts of a SavedModel are taken: `saved_model.pb`, `variables/`, `assets/` and what TensorFlow and TensorFlow
Hub lay beside them. None of it is ever unpickled, and it is not run before it is looked at.
"""

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from tasks.common import paths
from tasks.common.artifacts import Arrays
from tasks.common.errors import UserError

GRAPH, VALUES, ASSETS = "saved_model.pb", "variables/", "assets/"
BESIDE = ("fingerprint.pb", "keras_metadata.pb", "saved_model.pbtxt")
FOLDERS = (VALUES, ASSETS, "assets.extra/")
OLD = "tfhub_module.pb"
MOST_FILES, MOST_GRAPH, MOST_BYTES = 1000, 2**28, 2**31
"""Files, bytes of the graph, and bytes of all files together that are read."""
PICKLES = tuple(bytes([0x80, version]) for version in range(2, 6))

Array = np.ndarray[Any, Any]


def packed(folder: Path) -> Arrays:
    """The files of a SavedModel, each its bytes (size,) uint8, by their path in the folder, in the order of the paths.

    Raises:
        UserError: If it is no folder of a SavedModel, a link leads out of it, something in it is a pickle or no
            regular file, or it is too large.
    """
    if not folder.is_dir():
        raise UserError("is no folder; expected a SavedModel's, with saved_model.pb and variables in it. Unpack it.")
    found = _files(folder)
    if OLD in found:
        raise UserError(f"has {OLD}: a module in the old form of TensorFlow 1; expected a SavedModel of TensorFlow 2.")
    if GRAPH not in found:
        inside = ", ".join(sorted({name.split("/")[0] for name in found})[:8]) or "nothing"
        raise UserError(f"has no {GRAPH}, so it is no SavedModel; it has {inside}.")
    taken = {name: path for name, path in found.items() if _belongs(name)}
    sizes = {name: path.stat().st_size for name, path in taken.items()}
    if sizes[GRAPH] > MOST_GRAPH or sum(sizes.values()) > MOST_BYTES:
        raise UserError(
            f"has a graph of {sizes[GRAPH] / 2**20:,.0f} MiB, and {sum(sizes.values()) / 2**20:,.0f} MiB in all; the "
            f"most that is read is {MOST_GRAPH / 2**20:,.0f} and {MOST_BYTES / 2**20:,.0f} MiB."
        )
    arrays = {name: _bytes(name, path) for name, path in taken.items()}
    _whole(arrays)
    left = [name for name in found if name not in taken]
    if left:
        print(f"left out, as no part of a SavedModel: {', '.join(left[:8])}{' …' if len(left) > 8 else ''}")
    return arrays


def _files(folder: Path) -> dict[str, Path]:
    """The regular files below ``folder`` by their path in it."""
    found: dict[str, Path] = {}
    for place, folders, names in os.walk(folder):  # does not follow links to folders, so it ends
        for name in sorted([*folders, *names]):
            path = paths.beneath(Path(place) / name, folder)
            if path.is_symlink() and path.is_dir():
                raise UserError(f"{path.relative_to(folder)} is a link to a folder; put the folder itself there.")
            if path.is_dir():
                continue
            if not path.is_file():
                raise UserError(f"{path.relative_to(folder)} is no regular file, or a link to nothing.")
            found[path.relative_to(folder).as_posix()] = path
            if len(found) > MOST_FILES:
                raise UserError(f"has more than {MOST_FILES} files; is it the folder of one SavedModel?")
    return dict(sorted(found.items()))


def _belongs(name: str) -> bool:
    if name.endswith((".pkl", ".pickle", ".joblib")):
        raise UserError(
            f"{name} is a Python pickle by its name, which can run any code when it is read; a SavedModel has none. "
            "Take it away, or ask who made the folder."
        )
    return name in (GRAPH, *BESIDE) or name.startswith(FOLDERS)


def _bytes(name: str, path: Path) -> Array:
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise UserError(f"{name} cannot be read: {error.strerror}.") from None
    start, end = content[:2].tobytes(), content[-1:].tobytes()
    if start in PICKLES and end == b"." and not name.startswith(VALUES):  # numbers may look like anything
        raise UserError(f"{name} is a Python pickle, which can run any code when it is read; it is refused.")
    return content


def _whole(arrays: Arrays) -> None:
    """Nothing, if no file is missing that can be missed before the graph is read."""
    if not arrays[GRAPH].size:
        raise UserError(f"{GRAPH} is empty (0 bytes).")
    values = [name for name in arrays if name.startswith(VALUES)]
    if not values:  # a module may have none, which its graph tells
        return
    data = [name for name in values if ".data-" in name]
    if f"{VALUES}variables.index" not in arrays or not data:
        lost = "variables.data-…" if not data else "variables.index"
        raise UserError(f"{VALUES} has no {lost}; was the folder copied whole?")
    parts = int(data[0].rpartition("-of-")[2]) if data[0].rpartition("-of-")[2].isdigit() else len(data)
    if len(data) != parts:
        raise UserError(f"{VALUES} has {len(data)} of {parts} files variables.data-…; was the folder copied whole?")


def unpacked(arrays: Mapping[str, Array], folder: Path) -> None:
    """Write the files back into an empty folder.

    Raises:
        UserError: If an array is no file of a SavedModel.
    """
    for name, content in arrays.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or content.dtype != np.uint8 or content.ndim != 1:
            raise UserError(f"'{name}' is no file of a SavedModel.")
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.tobytes())
