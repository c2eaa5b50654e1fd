"""Read and write the idx format of the MNIST family: a big-endian header, then unsigned bytes.

Header: two zero bytes, the type (8: unsigned byte), the number of axes, then the length of each as 4 bytes.
"""

import math
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.common import integrity
from tasks.common.artifacts import Arrays

FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
"""Names of the four files, the same in MNIST and in Fashion-MNIST: x and y to train on, x and y to test on."""


def parse(content: bytes) -> NDArray[np.uint8]:
    """The array an uncompressed idx file holds.

    Raises:
        ValueError: If the header is not that of unsigned bytes, or the length is not what the header says.
    """
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise ValueError(f"starts with {content[:4]!r}; an idx file of unsigned bytes starts with 00 00 08")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ValueError(f"ends within its header, after {len(content)} of {start} bytes")
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    if len(content) != start + math.prod(shape):
        raise ValueError(f"has {len(content)} bytes; its header promises {start + math.prod(shape)}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def written(array: NDArray[np.uint8]) -> bytes:
    """The uncompressed idx file of an array; `parse` reads it back."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def parts(found: Mapping[str, Path]) -> Arrays:
    """Images uint8 (n, height, width) and labels int64 (n,) of the four `FILES`, under the names of a raw file."""
    train_x, train_y, test_x, test_y = (parse(integrity.content(found[name])) for name in FILES)
    return {
        "train_x": train_x,
        "train_y": train_y.astype(np.int64),
        "test_x": test_x,
        "test_y": test_y.astype(np.int64),
    }
