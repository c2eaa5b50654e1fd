"""What saved models say of the test part: each architecture is built and traced once, and only its weights change."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tasks.common import outcomes
from tasks.common.backend import keras, tf
from tasks.common.objectives import class_logits, predict
from tasks.common.samples import Array

_KEPT = 4  # architectures in memory; methods that share one come one after another in the main


class Predictor:
    """Predictions by any model that `tasks.common.outcomes` saved, of inputs ``x`` (n, ...) as models see them.

    Built anew and called layer by layer, a deep network spends more time beside its kernels than in them.
    """

    def __init__(self, x: Array) -> None:
        self.x = x
        self._kept: dict[str, tuple[keras.Model, Callable[..., Any]]] = {}

    def __call__(self, home: Path, repeat: int, *, variant: int | None = None, output: str | None = None) -> Array:
        """Class logits (n, classes) float32 of one repeat, or of one of its variants.

        Args:
            home: Folder of a method's outcome.
            output: Name of another output that is wanted in place of the logits.
        """
        model, traced = self._of(home)
        outcomes.fill(model, home, repeat, variant)
        return predict(traced, self.x, class_logits if output is None else lambda outputs: outputs[output])

    def _of(self, home: Path) -> tuple[keras.Model, Callable[..., Any]]:
        """The model of a folder's architecture, with whatever weights it had last, and its traced call."""
        text = outcomes.architecture(home)
        if text not in self._kept:
            while len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)))
            model = outcomes.built(text)
            any_batch = tf.TensorSpec((None, *model.input.shape[1:]), model.input.dtype)
            traced = tf.function(lambda x: model(x, training=False), input_signature=[any_batch])
            self._kept[text] = model, lambda x, training: traced(x)
        return self._kept[text]
