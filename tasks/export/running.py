"""Apply an exported file to raw inputs, with its own runtime and its card, as who ships it does."""

import warnings
import zipfile
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tasks import models
from tasks.common.backend import keras, quiet, tf
from tasks.common.errors import UserError
from tasks.common.objectives import as_graph
from tasks.common.samples import Array, Scaling
from tasks.export.beside import Card, card_of


class Runner(Protocol):
    """Raw inputs (n, ...) to probabilities (n, classes) float32."""

    def __call__(self, x: Array) -> Array: ...


class Keras:
    """A `.keras` file. Read in Keras's safe mode: code that such a file may carry is refused."""

    def __init__(self, path: Path) -> None:
        model = keras.models.load_model(path, custom_objects=dict(models.LAYERS), compile=False)
        self._call = as_graph(model)

    def __call__(self, x: Array, batch: int = 1024) -> Array:
        parts = [self._call(x[start : start + batch].astype(np.float32)) for start in range(0, len(x), batch)]
        return np.concatenate([np.asarray(part) for part in parts])


class Lite:
    """A `.tflite` file, one sample after another, on one thread."""

    def __init__(self, content: bytes, scaling: Scaling | None) -> None:
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it will move to a package of its own, ai-edge-litert
            self._interpreter = tf.lite.Interpreter(model_content=content, num_threads=1)
            self._interpreter.allocate_tensors()
        self._in, self._out = self._interpreter.get_input_details()[0], self._interpreter.get_output_details()[0]
        self._scaling = scaling

    def __call__(self, x: Array) -> Array:
        rows = quantised(x if self._scaling is None else self._scaling(x), self._in)
        found = []
        for row in rows:
            self._interpreter.set_tensor(self._in["index"], row[None])
            self._interpreter.invoke()
            found.append(self._interpreter.get_tensor(self._out["index"])[0])
        return restored(np.stack(found), self._out)


def quantised(x: Array, tensor: dict[str, Any]) -> Array:
    """Inputs as a tensor wants them: ``round(x / step) + zero`` where that is of 8 bits; beyond its range, its end."""
    kind, (step, zero) = tensor["dtype"], tensor["quantization"]
    if not step:
        return x.astype(kind)
    limits = np.iinfo(kind)
    return np.asarray(np.clip(np.rint(x.astype(np.float32) / step) + zero, limits.min, limits.max), kind)


def restored(values: Array, tensor: dict[str, Any]) -> Array:
    """Float32 values of a tensor: ``(value - zero) * step`` where that is of 8 bits."""
    step, zero = tensor["quantization"]
    plain = values.astype(np.float32)
    return np.asarray((plain - zero) * np.float32(step) if step else plain)


def load(path: Path) -> tuple[Runner, Card]:
    """An exported file, ready to run, and its card.

    Raises:
        UserError: If it or its card is missing, one is not the other's, or its runtime cannot read it.
    """
    kind, card = card_of(path)
    try:
        if kind == "keras":
            return Keras(path), card
        return Lite(path.read_bytes(), None if kind in card["scaling"]["inside"] else _outside(card)), card
    except (ValueError, KeyError, TypeError, OSError, RuntimeError, zipfile.BadZipFile) as error:
        told = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{path} cannot be read by its runtime ({told}). Copy it anew.") from None


def _outside(card: Card) -> Scaling:
    """The scaling of a file that does not have it inside."""
    shape = card["input"]["shape"]
    shift, scale = (np.array(card["scaling"][name], np.float32).reshape(shape) for name in ("shift", "scale"))
    return Scaling(shift, scale)
