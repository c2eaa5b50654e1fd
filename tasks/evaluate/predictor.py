"""What saved models say of the test part: each architecture is built and traced once, and only its weights change."""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from tasks.common import outcomes
from tasks.common.backend import keras, tf
from tasks.common.objectives import as_graph, class_logits, in_batches
from tasks.common.samples import Array

_KEPT = 4  # architectures in memory; methods that share one come one after another in the main
_PARTS = 8  # of the inputs; never as many as there are cores, so that the same are multiplied together everywhere


def threads() -> int:
    """Let as many calls run at a time as there are cores, each in one thread: the bits are those of one after another.

    Raises:
        RuntimeError: If TensorFlow has computed something before.
    """
    cores = os.cpu_count() or 1
    tf.config.threading.set_inter_op_parallelism_threads(cores)
    return cores


class Predictor:
    """Predictions by any model that `tasks.common.outcomes` saved, of inputs ``x`` (n, ...) as models see them.

    Built anew and called layer by layer, a deep network spends more time beside its kernels than in them.
    """

    def __init__(self, x: Array, at_a_time: int = 1) -> None:
        self.x = x
        self._pool = ThreadPoolExecutor(at_a_time)
        self._kept: dict[str, tuple[keras.Model, Callable[..., Any]]] = {}

    def __call__(self, home: Path, repeat: int, *, variant: int | None = None, output: str | None = None) -> Array:
        """Class logits (n, classes) float32 of one repeat, or of one of its variants.

        Args:
            home: Folder of a method's outcome.
            output: Name of another output that is wanted in place of the logits.
        """
        model, call = self._of(home)
        outcomes.fill(model, home, repeat, variant)
        of = class_logits if output is None else lambda outputs: outputs[output]
        size = math.ceil(len(self.x) / _PARTS)
        parts = (self.x[start : start + size] for start in range(0, len(self.x), size))
        return np.concatenate([*self._pool.map(lambda part: in_batches(call, part, of), parts)])

    def _of(self, home: Path) -> tuple[keras.Model, Callable[..., Any]]:
        """The model of a folder's architecture, with whatever weights it had last, and its traced call."""
        text = outcomes.architecture(home)
        if text not in self._kept:
            while len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)))
            model = outcomes.built(text)
            self._kept[text] = model, as_graph(model)
        return self._kept[text]
