"""Rows of images that stay in their file until they are asked for: for data sets that memory has no room for.

`Rows` stands for an array wherever rows of it are taken and looked at a few at a time: ``rows[which]`` has read nothing
yet, ``numpy.asarray(rows[which])`` reads. Reads are plain ones at offsets: the pages of a memory map would count as the
process's memory, and stay.
"""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np

from tasks.common import limits

Array = np.ndarray[Any, Any]

LIMIT = limits.IMAGES
BLOCK = 2**24
"""Bytes, as float32, that are worked on at a time."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Some rows of an array of uint8 that lies in a file, as they are or scaled.

    Attributes:
        path: The file, in which the array's rows lie one after another from byte ``offset`` on.
        row: Shape of a row, such as (height, width, channels).
        index: Numbers of the rows meant, int64, of any shape; it comes before ``row`` in `shape`.
        scaling: What makes float32 inputs of some rows, if they are scaled.
    """

    path: Path
    offset: int
    row: tuple[int, ...]
    index: Array
    scaling: Callable[[Array], Array] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """As the array would have it."""
        return (*self.index.shape, *self.row)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of what is read: float32 where it is scaled."""
        return np.dtype(np.float32 if self.scaling else np.uint8)

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, which: Any) -> Rows:
        """Some of the rows, by anything that NumPy takes as an index of them; still unread."""
        return replace(self, index=np.asarray(self.index[which]))

    def scaled(self, scaling: Callable[[Array], Array]) -> Rows:
        """The same rows, read as what ``scaling`` makes of them."""
        return replace(self, scaling=scaling)

    def blocks(self) -> Iterator[Array]:
        """All rows, a few at a time, each as if `index` had one axis."""
        return blocks(replace(self, index=self.index.ravel()))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """The rows themselves."""
        size, numbers = math.prod(self.row), self.index.ravel()
        values = np.empty((len(numbers), size), np.uint8)
        # Neighbours are read at once: blocks of a whole array are single reads.
        starts = np.flatnonzero(np.diff(numbers, prepend=-2) != 1).tolist()
        ends = [*starts[1:], len(numbers)] if starts else []
        with self.path.open("rb", buffering=0) as file:
            for start, end in zip(starts, ends, strict=True):
                file.seek(self.offset + int(numbers[start]) * size)
                _fill(file, values[start:end])
        read = values.reshape(self.shape)
        return (self.scaling(read) if self.scaling else read).astype(dtype or self.dtype, copy=False)

    def __iter__(self) -> Iterator[Any]:
        return (self[number] for number in range(len(self)))


def _fill(file: FileIO, values: Array) -> None:
    """Read as many bytes as ``values`` has room for, from where the file stands."""
    left = memoryview(values.reshape(-1).data)
    while left:
        got = file.readinto(left)
        if not got:
            raise OSError(f"{file.name!r} ends {len(left):,} bytes too early; was it cut short while it was in use?")
        left = left[got:]


def blocks(x: Any, size: int | None = None) -> Iterator[Array]:
    """All rows of an array or of `Rows`, read ``size`` at a time; by default as many as `BLOCK` has room for.

    Of no rows there is one block, so that types and shapes are known.
    """
    size = size or per_block(x.shape)
    return (np.asarray(x[start : start + size]) for start in range(0, max(len(x), 1), size))


def per_block(shape: tuple[int, ...]) -> int:
    """How many rows of an array with this shape are worked on at a time."""
    return max(1, BLOCK // (4 * max(1, math.prod(shape[1:]))))


def by_blocks(function: Callable[[Array], Array], x: Any) -> Array:
    """``function``, which looks at each row by itself, of all rows."""
    return np.concatenate([function(part) for part in blocks(x)]) if isinstance(x, Rows) else function(x)


def moments(x: Any) -> tuple[Array, Array]:
    """Mean and standard deviation over the rows, float64, of the shape of a row; bit for bit the same by blocks.

    Sums of whole numbers are exact in float64. The squares of what differs from the mean are added row after row, as
    NumPy does it over a first axis.
    """
    if not isinstance(x, Rows):
        return x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64)
    mean = sum(part.sum(axis=0, dtype=np.float64) for part in blocks(x)) / len(x)
    squares = np.zeros(x.row)
    for part in blocks(x):
        squares = np.add.reduce(np.concatenate([squares[None], np.square(part - mean)]))
    return mean, np.sqrt(squares / len(x))


def mean_square(x: Any) -> float:
    """Of all values; bit for bit the same by blocks."""
    if not isinstance(x, Rows):
        return float(np.mean(np.square(x, dtype=np.float64)))
    return float(sum(np.square(part, dtype=np.float64).sum() for part in blocks(x)) / math.prod(x.shape))


def span(x: Any) -> float:
    """The largest value minus the smallest."""
    ends = [(float(part.max()), float(part.min())) for part in (blocks(x) if isinstance(x, Rows) else [x])]
    return max(high for high, _ in ends) - min(low for _, low in ends)


def large(shape: tuple[int, ...], dtype: Any) -> bool:
    """Whether an array of this shape is images that stay in their file."""
    return dtype == np.uint8 and len(shape) > 2 and 4 * math.prod(shape) > LIMIT


def read(path: Path, axes: Mapping[str, int] | None = None) -> dict[str, Any]:
    """All arrays of a file written by `write_npz`, with `Rows` in place of large images.

    Args:
        axes: Of an array by its name how many leading axes count rows, if not one.
    """
    found = dict(_members(path, axes or {}))
    with np.load(path, allow_pickle=False) as arrays:
        return {name: found[name] if name in found else arrays[name] for name in arrays.files}


def _members(path: Path, axes: Mapping[str, int]) -> Iterator[tuple[str, Rows]]:
    """The large images of a file; those that were compressed are none, as their rows lie nowhere."""
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        for member in archive.infolist():
            if member.compress_type != zipfile.ZIP_STORED:
                continue
            # The zip format: 30 bytes, of which the last four are the lengths of the name and of what follows it.
            file.seek(member.header_offset + 26)
            lengths = file.read(4)
            file.seek(int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little"), os.SEEK_CUR)
            version = np.lib.format.read_magic(file)
            header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, in_columns, dtype = header(file)
            name = member.filename.removesuffix(".npy")
            if large(shape, dtype) and not in_columns:
                counted = shape[: axes.get(name, 1)]
                index = np.arange(math.prod(counted), dtype=np.int64).reshape(counted)
                yield name, Rows(path, file.tell(), shape[len(counted) :], index)
