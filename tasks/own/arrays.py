"""A .npz file with x and y. Its members' headers are read before anything is unpacked; nothing is ever unpickled."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tasks.common import paths
from tasks.common.artifacts import Arrays
from tasks.common.errors import UserError, nearest
from tasks.common.schema.own import OwnArrays
from tasks.own import parts

Array = np.ndarray[Any, Any]
MOST_FILE, MOST_BYTES = 2**32, 2**32
"""Bytes of the file, and of the arrays once unpacked, that are read."""


def load(settings: OwnArrays, path: Path, seed: int) -> Arrays:
    """Rows float32 or images uint8, and labels.

    Raises:
        UserError: If an array is missing, is no array of plain numbers, or has the wrong shape or values.
    """
    wanted = [settings.x, settings.y]
    wanted += [settings.x_test, settings.y_test] if settings.test == "given" else []
    found = members(path, wanted)
    x, y = _pair(found, settings.x, settings.y, settings)
    if not isinstance(settings.test, float):
        test_x, test_y = _pair(found, settings.x_test, settings.y_test, settings)
        if test_x.shape[1:] != x.shape[1:]:
            raise UserError(f"{settings.x} has samples of shape {x.shape[1:]}, {settings.x_test} {test_x.shape[1:]}.")
        return {
            "classes": np.array(settings.names),
            "train_x": x,
            "train_y": y,
            "test_x": test_x,
            "test_y": test_y,
        }
    test = parts.held_out(y, settings.test, seed)
    arrays: Arrays = {"classes": np.array(settings.names)}
    for part, rows in (("train", ~test), ("test", test)):
        arrays |= {f"{part}_x": x[rows], f"{part}_y": y[rows]}
    return arrays


def _pair(found: Arrays, x_name: str, y_name: str, settings: OwnArrays) -> tuple[Array, Array]:
    x, y = found[x_name], found[y_name]
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        hint = " One-hot labels: save y.argmax(axis=1) instead." if y.ndim == 2 else ""
        raise UserError(f"{y_name} has shape {y.shape}; expected one label a sample, (n,).{hint}")
    if len(x) != len(y):
        raise UserError(f"{x_name} has {len(x)} samples and {y_name} {len(y)} labels.")
    return inputs(x, x_name, images=settings.images), parts.labels(words(y, y_name), settings.names, y_name)


def words(y: Array, name: str) -> list[str]:
    """Labels as words: whole numbers and texts as they are.

    Raises:
        UserError: If they are numbers with a fraction.
    """
    if y.dtype.kind == "f":
        if not np.isfinite(y).all() or (y != np.round(y)).any():
            raise UserError(f"{name} has labels with a fraction, NaN or infinity; expected whole numbers or names.")
        y = y.astype(np.int64)
    return [str(label) for label in y.tolist()]


def inputs(x: Array, name: str, *, images: bool) -> Array:
    """Images uint8 (n, h, w[, channels]) or rows float32 (n, features).

    Raises:
        UserError: If they are neither, or not finite.
    """
    if images:
        if x.ndim not in (3, 4) or (x.ndim == 4 and x.shape[3] not in (1, 3)) or 0 in x.shape:
            raise UserError(f"{name} has shape {x.shape}; expected images, (n, height, width) or (…, 1 or 3).")
        if x.dtype != np.uint8:
            raise UserError(f"{name} has {x.dtype} values; expected images of uint8, 0 to 255.")
        return x[..., 0] if x.ndim == 4 and x.shape[3] == 1 else x
    if x.ndim != 2 or not x.shape[1]:
        raise UserError(f"{name} has shape {x.shape}; expected rows of numbers, (n, features). Are they images?")
    if x.dtype.kind not in "fiub":
        raise UserError(f"{name} has {x.dtype} values; expected numbers. Words belong in a CSV table.")
    bad = np.argwhere(~np.isfinite(x))
    if len(bad):
        raise UserError(
            f"{name} has {len(bad)} values that are NaN or infinite, the first in row {bad[0][0]}, column {bad[0][1]}. "
            "In a table (CSV or Parquet) missing values are filled in; here they are not."
        )
    with np.errstate(over="ignore"):  # said below, in words
        rows: Array = x.astype(np.float32)
    if not np.isfinite(rows).all():
        raise UserError(f"{name} has values beyond ±3.4e38, too large for 32 bits; scale them.")
    return rows


def members(path: Path, wanted: list[str]) -> Arrays:
    """Some arrays of a .npz file.

    Raises:
        UserError: If it is no .npz file, lacks one of them, holds objects, or would unpack to more than is read.
    """
    with _opened(path) as archive:
        sizes = {info.filename.removesuffix(".npy"): info.file_size for info in archive.infolist()}
        for name in wanted:
            if name not in sizes:
                raise UserError(f"has no array '{name}'; it has {', '.join(sizes)}.{nearest(name, sizes)}")
        if sum(sizes[name] for name in wanted) > MOST_BYTES:
            size = sum(sizes[name] for name in wanted) / 2**20
            raise UserError(f"unpacks to {size:,.0f} MiB; the most that is read is {MOST_BYTES / 2**20:,.0f} MiB.")
        return {name: _array(archive, name) for name in wanted}


def names(path: Path) -> list[str]:
    """Names of the arrays in a .npz file."""
    with _opened(path) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist()]


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    paths.a_file(path, MOST_FILE)
    with path.open("rb") as file:
        start = file.read(6)
    if start[:1] == b"\x80":
        raise UserError("is a Python pickle, which can run any code when it is read; save it with numpy.savez.")
    if start == b"\x93NUMPY":
        raise UserError("is one .npy array; save x and y together: numpy.savez('data.npz', x=x, y=y).")
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UserError(f"is no .npz file that can be read: {error}.") from None


def _array(archive: zipfile.ZipFile, name: str) -> Array:
    """One member; its header is checked first, so that an absurd shape asks for no memory."""
    info = archive.getinfo(f"{name}.npy")
    try:
        with archive.open(info) as member:
            version = np.lib.format.read_magic(member)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _, dtype = read(member)
        if dtype.hasobject:
            raise UserError(
                f"array '{name}' holds Python objects, which are pickled and can run any code when they are read; they "
                "are refused. Save it with a plain type, such as x.astype('float32') or y.astype('U')."
            )
        if math.prod(shape) * dtype.itemsize > info.file_size:
            raise UserError(f"array '{name}' is damaged: its header promises shape {shape}, more than the file has.")
        with archive.open(info) as member:
            found: Array = np.lib.format.read_array(member, allow_pickle=False)
    except ValueError as error:
        raise UserError(f"array '{name}' is no array that can be read: {error}.") from None
    if found.dtype.names:
        raise UserError(f"array '{name}' has named fields; expected plain numbers.")
    return found
