"""The stretches of a training: who moves in each, how fast, for how long, and what came of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tasks.common.backend import keras


class DivergedError(Exception):
    """A loss was no finite number; the message says where."""


@dataclass(frozen=True)
class Phase:
    """One stretch of training.

    Attributes:
        name: For the learning curve, such as ``head``.
        rate: Learning rate.
        epochs: Passes over the training part; 0 skips the phase.
        moving: What may change: names of layers, or of single variables as ``layer/bias``; None means all.
        shares: (layer, share of ``rate`` it moves with), for layers slower than the rest.
    """

    name: str
    rate: float
    epochs: int
    moving: frozenset[str] | None = None
    shares: tuple[tuple[str, float], ...] = ()


@dataclass
class Course:
    """What a training did: one row an epoch, and which epoch was kept (0: the initial weights)."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    epoch: int = 0
    validation_loss: float = float("inf")
    validation_accuracy: float = 0.0


def row(epoch: int, phase: str, loss: float, validation_loss: float, accuracy: float) -> dict[str, Any]:
    """One epoch of a learning curve; losses in the objective's unit."""
    return {
        "epoch": epoch,
        "phase": phase,
        "loss": loss,
        "validation_loss": validation_loss,
        "validation_accuracy": accuracy,
    }


def parameters(model: keras.Model, phases: Sequence[Phase]) -> int:
    """How many numbers the phases may change, statistics of batch normalisation included.

    A layer that is ``frozen``, such as a module of TensorFlow Hub that no setting lets move, has none.
    """
    sets = [phase.moving for phase in phases if phase.epochs]
    frozen = [layer for layer in model.layers if getattr(layer, "frozen", False)]
    if None in sets:
        return int(model.count_params()) - sum(int(layer.count_params()) for layer in frozen)
    moving = {name for names in sets for name in names or ()} - {layer.name for layer in frozen}
    return sum(
        int(math.prod(variable.shape))
        for layer in model.layers
        for variable in layer.weights
        if layer.name in moving or f"{layer.name}/{variable.name}" in moving
    )


def freeze(model: keras.Model, moving: frozenset[str] | None) -> list[Any]:
    """Let only what is named move, and give back the variables that do.

    The one place that sets ``trainable``. The loop trains exactly the variables returned here, so no
    change can be silently ignored, as Keras does without a recompile.

    Raises:
        ValueError: If a name is neither a layer nor a variable of the model.
    """
    layers = {layer.name: layer for layer in model.layers}
    single = {f"{layer.name}/{variable.name}" for layer in model.layers for variable in layer.weights}
    if moving is not None and not moving <= layers.keys() | single:
        unknown = sorted(moving - layers.keys() - single)
        raise ValueError(f"no layers {unknown}; the network has {sorted(layers)}")
    for layer in model.layers:
        # A layer of which one variable moves is trained as a layer: dropout drops, statistics move.
        layer.trainable = (
            moving is None or layer.name in moving or any(f"{layer.name}/{v.name}" in moving for v in layer.weights)
        )
    return [
        variable
        for layer in model.layers
        for variable in layer.trainable_variables
        if moving is None or layer.name in moving or f"{layer.name}/{variable.name}" in moving
    ]
