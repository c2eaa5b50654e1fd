"""A training loop in which a whole epoch is one traced function.

Batches are gathered by index from tensors that stay in memory, so that a small network is not slowed
down by its surroundings. The bytes are the same on every run of one machine. A loop is traced once and
serves all repeats and rates of one architecture: weights are put in before and taken out after.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from tasks.common import seeds
from tasks.common.backend import keras, tf

Array: TypeAlias = np.ndarray[Any, Any]
Tensors: TypeAlias = Mapping[str, Any]
Objective: TypeAlias = Callable[[keras.Model, Tensors], Any]

OPTIMIZERS: dict[str, Callable[[], keras.optimizers.Optimizer]] = {
    "sgd": lambda: keras.optimizers.SGD(),
    "momentum": lambda: keras.optimizers.SGD(momentum=0.9),
    "adam": lambda: keras.optimizers.Adam(),
}


class DivergedError(Exception):
    """A loss was no finite number; the message says where."""


@dataclass(frozen=True)
class Phase:
    """One stretch of training: who moves, how fast, for how long.

    Attributes:
        name: For the learning curve, such as ``head``.
        rate: Learning rate.
        epochs: Passes over the training part; 0 skips the phase.
        moving: Names of the layers whose weights may change; None means all.
    """

    name: str
    rate: float
    epochs: int
    moving: frozenset[str] | None = None


@dataclass
class Course:
    """What a training did: one row an epoch, and which epoch was kept (0: the initial weights)."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    epoch: int = 0
    validation_loss: float = float("inf")
    validation_accuracy: float = 0.0


def class_logits(outputs: Any) -> Any:
    """The class logits of a model's output; a model with several heads has them under ``head``."""
    return outputs["head"] if isinstance(outputs, Mapping) else outputs


def predict(model: keras.Model, x: Array, batch: int = 1024) -> Array:
    """Class logits (n, classes) float32 of inputs (n, ...), without training behaviour such as dropout.

    Plain calls: `Model.predict` would trace a function for each of many small models.
    """
    parts = [class_logits(model(x[start : start + batch], training=False)) for start in range(0, len(x), batch)]
    return np.concatenate([np.asarray(part) for part in parts])


def cross_entropy(logits: Any, y: Any) -> Any:
    """Mean cross-entropy in nats of integer labels (n,) under logits (n, classes)."""
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))


def plain(model: keras.Model, batch: Tensors) -> Any:
    """The objective of ordinary supervised training."""
    return cross_entropy(class_logits(model(batch["x"], training=True)), batch["y"])


def order(seed: int, epoch: int, samples: int) -> Array:
    """The order of one epoch, (samples,) int32. Seed and epoch alone decide it: repeats stay paired."""
    return seeds.generator(seed, "order", epoch).permutation(samples).astype(np.int32)


def freeze(model: keras.Model, moving: frozenset[str] | None) -> list[Any]:
    """Let only the named layers move, and give back the variables that do.

    The one place that sets ``trainable``. The loop trains exactly the variables returned here, so no
    change can be silently ignored, as Keras does without a recompile.

    Raises:
        ValueError: If a name is no layer of the model.
    """
    names = {layer.name for layer in model.layers}
    if moving is not None and not moving <= names:
        raise ValueError(f"no layers {sorted(moving - names)}; the network has {sorted(names)}")
    for layer in model.layers:
        layer.trainable = moving is None or layer.name in moving
    return list(model.trainable_variables)


class Loop:
    """Trains copies of one architecture towards one objective; see `tasks.common.training.fit`."""

    def __init__(self, model: keras.Model, objective: Objective, optimizer: str, batch: int) -> None:
        self._model = keras.models.clone_model(model)
        self._objective, self._optimizer, self._batch = objective, optimizer, batch
        self._steps: dict[frozenset[str] | None, tuple[Callable[..., Any], keras.optimizers.Optimizer]] = {}
        self._validate = tf.function(self._validation)

    def run(
        self,
        weights: list[Array],
        phases: Sequence[Phase],
        train: Mapping[str, Array],
        validation: Mapping[str, Array],
        keep: Literal["best", "last"],
        seed: int,
    ) -> tuple[Course, list[Array]]:
        """Train from ``weights`` through the phases; gives the course and the weights kept."""
        self._model.set_weights(weights)
        data = {name: tf.constant(values) for name, values in train.items()}
        held_out = {name: tf.constant(validation[name]) for name in ("x", "y")}
        course, epoch = Course(), 0
        course.validation_loss, course.validation_accuracy = self._measure(held_out)
        for phase in (phase for phase in phases if phase.epochs):
            step = self._prepare(phase)
            for _ in range(phase.epochs):
                epoch += 1
                loss = float(step(data, tf.constant(order(seed, epoch, len(train["x"])))))
                validation_loss, accuracy = self._measure(held_out)
                if not np.isfinite([loss, validation_loss]).all():
                    raise DivergedError(f"the loss was not finite in epoch {epoch} ({phase.name}, rate {phase.rate:g})")
                course.rows.append(_row(epoch, phase.name, loss, validation_loss, accuracy))
                if keep == "last" or validation_loss < course.validation_loss:
                    course.epoch, course.validation_loss, course.validation_accuracy = epoch, validation_loss, accuracy
                    weights = self._model.get_weights()
        return course, weights

    def _prepare(self, phase: Phase) -> Callable[..., Any]:
        """The epoch function of a phase, its optimizer at the phase's rate and without memory."""
        if phase.moving not in self._steps:
            variables = freeze(self._model, phase.moving)
            optimizer = OPTIMIZERS[self._optimizer]()
            optimizer.build(variables)
            self._steps[phase.moving] = (self._epoch(variables, optimizer), optimizer)
        freeze(self._model, phase.moving)  # layers such as BatchNorm look at it when they are traced
        step, optimizer = self._steps[phase.moving]
        for variable in optimizer.variables:
            variable.assign(keras.ops.zeros_like(variable))
        optimizer.learning_rate.assign(phase.rate)
        return step

    def _epoch(self, variables: list[Any], optimizer: keras.optimizers.Optimizer) -> Callable[..., Any]:
        """One pass over the data as a traced function of data and order, giving the samples' mean loss."""

        def step(data: Tensors, rows: Any) -> Any:
            batch = {name: tf.gather(values, rows) for name, values in data.items()}
            with tf.GradientTape() as tape:
                loss = self._objective(self._model, batch)
            optimizer.apply(tape.gradient(loss, variables), variables)
            return loss * tf.cast(tf.size(rows), tf.float32)

        def run(data: Tensors, rows: Any) -> Any:
            samples, size = rows.shape[0], min(self._batch, rows.shape[0])
            whole, total = samples // size, tf.constant(0.0)
            for start in tf.range(0, whole * size, size):
                total += step(data, tf.ensure_shape(rows[start : start + size], (size,)))
            if samples % size:
                total += step(data, rows[whole * size :])
            return total / samples

        return tf.function(run)  # type: ignore[no-any-return]

    def _validation(self, data: Tensors) -> tuple[Any, Any]:
        logits = class_logits(self._model(data["x"], training=False))
        hits = tf.equal(tf.argmax(logits, axis=1, output_type=data["y"].dtype), data["y"])
        return cross_entropy(logits, data["y"]), tf.reduce_mean(tf.cast(hits, tf.float32))

    def _measure(self, data: Tensors) -> tuple[float, float]:
        loss, accuracy = self._validate(data)
        return float(loss), float(accuracy)


def _row(epoch: int, phase: str, loss: float, validation_loss: float, accuracy: float) -> dict[str, Any]:
    return {
        "epoch": epoch,
        "phase": phase,
        "loss": loss,
        "validation_loss": validation_loss,
        "validation_accuracy": accuracy,
    }
