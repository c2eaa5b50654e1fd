"""A training loop in which a whole epoch is one traced function.

Batches are gathered by index from tensors that stay in memory, so that a small network is not slowed
down by its surroundings. The bytes are the same on every run of one machine. A loop is traced once and
serves all repeats and rates of one architecture: weights are put in before and taken out after.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from tasks.common import seeds
from tasks.common.backend import keras, tf
from tasks.common.objectives import Array, Criterion, Objective, Tensors, gradients
from tasks.common.phases import Course, DivergedError, Phase, freeze, row

OPTIMIZERS: dict[str, Callable[[], keras.optimizers.Optimizer]] = {
    "sgd": lambda: keras.optimizers.SGD(),
    "momentum": lambda: keras.optimizers.SGD(momentum=0.9),
    "adam": lambda: keras.optimizers.Adam(),
}


def order(seed: int, epoch: int, samples: int, *stream: str) -> Array:
    """The order of one epoch, (samples,) int32. Seed and epoch alone decide it: repeats stay paired."""
    return seeds.generator(seed, "order", *stream, epoch).permutation(samples).astype(np.int32)


def beside(seed: int, epoch: int, samples: int, stream: str, length: int) -> Array:
    """The order of a stream that accompanies ``samples`` main rows, (samples,) int32: whole permutations, cut."""
    passes = -(-samples // length)
    parts = [order(seed, epoch, length, stream, str(part)) for part in range(passes)]
    return np.concatenate(parts)[:samples]


class Loop:
    """Trains copies of one architecture towards one objective; see `tasks.common.training.fit`."""

    def __init__(
        self, model: keras.Model, objective: Objective, optimizer: str, batch: int, criterion: Criterion
    ) -> None:
        self._model = keras.models.clone_model(model)
        self._objective, self._optimizer, self._batch = objective, optimizer, batch
        self._steps: dict[Any, tuple[Callable[..., Any], keras.optimizers.Optimizer]] = {}
        self._validate = tf.function(lambda data, constants: criterion(self._model, {**data, **constants}))

    def run(
        self,
        weights: list[Array],
        phases: Sequence[Phase],
        train: Mapping[str, Array],
        validation: Mapping[str, Array],
        keep: Literal["best", "last"],
        seed: int,
        streams: Mapping[str, Mapping[str, Array]],
        constants: Mapping[str, Any],
    ) -> tuple[Course, list[Array]]:
        """Train from ``weights`` through the phases; gives the course and the weights kept."""
        self._model.set_weights(weights)
        data = {name: tf.constant(values) for name, values in train.items()}
        others = {name: {key: tf.constant(v) for key, v in arrays.items()} for name, arrays in streams.items()}
        fixed = {name: tf.constant(value) for name, value in constants.items()}
        held_out = {name: tf.constant(values) for name, values in validation.items()}
        between = getattr(self._objective, "after_epoch", None)
        samples = len(next(iter(train.values())))
        steps = -(-samples // min(self._batch, samples))
        course, epoch = Course(), 0
        course.validation_loss, course.validation_accuracy = self._measure(held_out, fixed)
        for phase in (phase for phase in phases if phase.epochs):
            step = self._prepare(phase)
            for number in range(phase.epochs):
                epoch += 1
                rows = {
                    name: tf.constant(beside(seed, epoch, samples, name, _length(v))) for name, v in streams.items()
                }
                when = tf.constant([number * steps, phase.epochs * steps, seeds.derive(seed, "epoch", epoch)], tf.int32)
                loss = float(step(data, others, fixed, tf.constant(order(seed, epoch, samples)), rows, when))
                if between is not None:
                    between(self._model, {**data, **fixed}, epoch)
                validation_loss, accuracy = self._measure(held_out, fixed)
                if not np.isfinite([loss, validation_loss]).all():
                    raise DivergedError(f"the loss was not finite in epoch {epoch} ({phase.name}, rate {phase.rate:g})")
                course.rows.append(row(epoch, phase.name, loss, validation_loss, accuracy))
                if keep == "last" or validation_loss < course.validation_loss:
                    course.epoch, course.validation_loss, course.validation_accuracy = epoch, validation_loss, accuracy
                    weights = self._model.get_weights()
        return course, weights

    def _prepare(self, phase: Phase) -> Callable[..., Any]:
        """The epoch function of a phase, its optimizer at the phase's rate and without memory."""
        key = (phase.moving, phase.shares)
        variables = freeze(self._model, phase.moving)  # layers such as BatchNorm look at it when they are traced
        if key not in self._steps:
            optimizer = OPTIMIZERS[self._optimizer]()
            optimizer.build(variables)
            self._steps[key] = (self._epoch(variables, optimizer, dict(phase.shares)), optimizer)
        step, optimizer = self._steps[key]
        for variable in optimizer.variables:
            variable.assign(keras.ops.zeros_like(variable))
        optimizer.learning_rate.assign(phase.rate)
        return step

    def _epoch(
        self, variables: list[Any], optimizer: keras.optimizers.Optimizer, shares: Mapping[str, float]
    ) -> Callable[..., Any]:
        """One pass over the data as a traced function of data and order, giving the samples' mean loss."""

        slow = [(v, shares[layer.name]) for layer in self._model.layers if layer.name in shares for v in layer.weights]

        def step(batch: Tensors, size: Any) -> Any:
            loss, slopes = gradients(self._objective, self._model, variables, batch)
            before = [tf.identity(variable.value) for variable, _ in slow]
            optimizer.apply(slopes, variables)
            for (variable, share), old in zip(slow, before, strict=True):
                # By the step and not by the gradient, which Adam would scale back.
                variable.assign(old + share * (variable.value - old))
            return loss * tf.cast(size, tf.float32)

        def gather(
            data: Tensors, others: Any, fixed: Tensors, rows: Any, beside: Any, when: Any, number: Any
        ) -> Tensors:
            batch: dict[str, Any] = {name: tf.gather(values, rows) for name, values in data.items()}
            for stream, arrays in others.items():
                batch |= {f"{stream}_{name}": tf.gather(values, beside[stream]) for name, values in arrays.items()}
            progress = tf.cast(when[0] + number, tf.float32) / tf.cast(when[1], tf.float32)
            return {**batch, **fixed, "progress": progress, "seed": tf.stack([when[2], number])}

        def run(data: Tensors, others: Any, fixed: Tensors, rows: Any, beside: Any, when: Any) -> Any:
            samples, size = rows.shape[0], min(self._batch, rows.shape[0])
            whole, total = samples // size, tf.constant(0.0)
            for start in tf.range(0, whole * size, size):
                part = tf.ensure_shape(rows[start : start + size], (size,))
                near = {name: tf.ensure_shape(r[start : start + size], (size,)) for name, r in beside.items()}
                total += step(gather(data, others, fixed, part, near, when, start // size), size)
            if samples % size:
                near = {name: r[whole * size :] for name, r in beside.items()}
                batch = gather(data, others, fixed, rows[whole * size :], near, when, tf.constant(whole))
                total += step(batch, samples % size)
            return total / samples

        return tf.function(run)  # type: ignore[no-any-return]

    def _measure(self, data: Tensors, constants: Tensors) -> tuple[float, float]:
        loss, accuracy = self._validate(data, constants)
        return float(loss), float(accuracy)


def _length(arrays: Mapping[str, Array]) -> int:
    return len(next(iter(arrays.values())))
