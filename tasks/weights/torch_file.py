"""Read a file of arrays that PyTorch wrote before its version 1.6, without PyTorch and without running it.

Such a file is a row of pickles, the fourth of which has the arrays by name, and then the numbers of each. A pickle can
run any code when it is read, so it is read by an unpickler that knows arrays and nothing else.
"""

import io
import pickle
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tasks.common.artifacts import Arrays
from tasks.common.fetch import UnavailableError

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
KINDS: Mapping[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class Tensor(NamedTuple):
    """Where an array lies: in which storage, from which number on, its shape and its steps in numbers."""

    storage: str
    start: int
    shape: tuple[int, ...]
    steps: tuple[int, ...]


class Tensors(pickle.Unpickler):
    """Reads dictionaries of arrays. Whatever else a pickle asks for is refused, before it is imported."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.kinds: dict[str, np.dtype[Any]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in KINDS:
            return name
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, start, shape, steps, *_: Tensor(storage, start, shape, steps)
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no array needs")

    def persistent_load(self, pid: Any) -> str:
        _, kind, key, *_ = pid
        self.kinds[key] = KINDS[kind]
        return str(key)


def arrays(content: bytes) -> Arrays:
    """All arrays of a file by their names.

    Raises:
        UnavailableError: If it is damaged, or holds anything but arrays.
    """
    file = io.BytesIO(content)
    try:
        if (Tensors(file).load(), Tensors(file).load()) != (MAGIC, PROTOCOL):
            raise ValueError("it does not start as PyTorch's old files do")
        Tensors(file).load()  # of the machine it was written on
        reader = Tensors(file)
        tensors = reader.load()
        storages = {key: _storage(file, reader.kinds[key]) for key in Tensors(file).load()}
        return {name: _array(storages[tensor.storage], tensor) for name, tensor in tensors.items()}
    except Exception as error:  # what a damaged pickle raises is not a closed list
        raise UnavailableError(f"the file could not be read: {error}") from error


def _storage(file: io.BytesIO, kind: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """The next storage: how many numbers, then the numbers."""
    size = int(np.frombuffer(file.read(8), "<i8")[0]) * kind.itemsize
    return np.frombuffer(file.read(size), kind)


def _array(storage: np.ndarray[Any, Any], tensor: Tensor) -> np.ndarray[Any, Any]:
    """The numbers in row-major order, whatever their steps were."""
    last = tensor.start + sum((size - 1) * step for size, step in zip(tensor.shape, tensor.steps, strict=True))
    if 0 in tensor.shape or last >= len(storage) or min(tensor.start, *tensor.steps, 0) < 0:
        raise ValueError(f"an array of shape {tensor.shape} does not lie in its storage of {len(storage)} numbers")
    steps = [step * storage.itemsize for step in tensor.steps]
    view = np.lib.stride_tricks.as_strided(storage[tensor.start :], tensor.shape, steps, writeable=False)
    return np.ascontiguousarray(view).reshape(tensor.shape)
