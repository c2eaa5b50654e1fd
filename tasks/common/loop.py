"""A training loop whose epochs run inside traced functions.

Batches are gathered by index from tensors that stay in memory, so that a small network is not slowed
down by its surroundings; large images stay in their file (`tasks.common.streamed`). The bytes are the same
on every run of one machine. A loop is traced once and serves all repeats and rates of one architecture:
weights are put in before and taken out after.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from tasks.common import runtime, seeds
from tasks.common.backend import keras, tf
from tasks.common.objectives import Array, Criterion, Objective
from tasks.common.pace import Progress
from tasks.common.phases import Course, DivergedError, Phase, freeze, row
from tasks.common.streamed import apart, held, judged
from tasks.common.traced import Stretch, len_of
from tasks.models.precision import twin

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
        self._model = twin(model, runtime.precision())
        self._kept = [tf.Variable(weight.value) for weight in self._model.weights]
        self._objective, self._optimizer, self._batch, self._criterion = objective, optimizer, batch, criterion
        self._stretches: dict[Any, Stretch] = {}
        self._validations: dict[str, Callable[..., Any]] = {}

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
        given = {"train": train, "streams": streams, "constants": constants, "held_out": validation}
        tensors = tf.nest.map_structure(held, given)
        loss, accuracy = self._judged({name: tensors[name] for name in ("held_out", "constants")})
        course = Course(validation_loss=float(loss), validation_accuracy=float(accuracy))
        lowest, epoch = course.validation_loss, 0
        progress = Progress(sum(phase.epochs for phase in phases))
        for phase in (phase for phase in phases if phase.epochs):
            stretch = self._prepare(phase)
            for when in self._parts(stretch, phase, epoch, seed, train, streams):
                measured, lowest = stretch.run(tensors, when, lowest)
                for values in measured.astype(np.float64).tolist():
                    epoch += 1
                    _note(course, epoch, phase, keep, *values)
                progress.tell(course.rows)
        if keep == "last":
            return course, self._model.get_weights()
        return course, [kept.numpy() for kept in self._kept] if course.epoch else weights

    def _judged(self, tensors: Mapping[str, Any]) -> tuple[Any, Any]:
        """Loss and accuracy of the held-out part as things stand."""
        whole, about, together = apart(tensors)
        key = repr(about)
        if key not in self._validations:

            def trace(given: list[Any]) -> tuple[Any, Any]:
                parts = together(given)
                return judged(self._criterion, self._model, parts["held_out"], parts["constants"])

            self._validations[key] = tf.function(trace, autograph=False)
        figures: tuple[Any, Any] = self._validations[key](whole)
        return figures

    def _parts(
        self,
        stretch: Stretch,
        phase: Phase,
        done: int,
        seed: int,
        train: Mapping[str, Array],
        streams: Mapping[str, Mapping[str, Array]],
    ) -> Iterator[Mapping[str, Any]]:
        """The epochs of a phase, as many at a time as go into one traced call; see `Stretch.run`."""
        samples = len_of(train)
        steps = -(-samples // self._batch)
        first, last = done + 1, done + phase.epochs
        while first <= last:
            numbers = range(first, min(first + stretch.pace.epochs(steps), last + 1))
            first = numbers.stop
            place = [
                (steps * (number - done - 1), steps * phase.epochs, seeds.derive(seed, "epoch", number), number)
                for number in numbers
            ]
            near = {
                name: np.stack([beside(seed, number, samples, name, len_of(arrays)) for number in numbers])
                for name, arrays in streams.items()
            }
            rows = np.stack([order(seed, number, samples) for number in numbers])
            yield {"rows": rows, "beside": near, "place": np.array(place, np.int32)}

    def _prepare(self, phase: Phase) -> Stretch:
        """What runs a phase's epochs, its optimizer at the phase's rate and without memory."""
        key = (phase.moving, phase.shares)
        variables = freeze(self._model, phase.moving)  # layers such as BatchNorm look at it when they are traced
        if key not in self._stretches:
            self._stretches[key] = Stretch(
                self._model,
                self._kept,
                self._objective,
                self._criterion,
                self._batch,
                OPTIMIZERS[self._optimizer](),
                variables,
                dict(phase.shares),
            )
        self._stretches[key].begin(phase)
        return self._stretches[key]


def _note(
    course: Course, epoch: int, phase: Phase, keep: str, loss: float, validation_loss: float, accuracy: float
) -> None:
    """One more epoch of a course."""
    if not np.isfinite([loss, validation_loss]).all():
        raise DivergedError(f"the loss was not finite in epoch {epoch} ({phase.name}, rate {phase.rate:g})")
    course.rows.append(row(epoch, phase.name, loss, validation_loss, accuracy))
    if keep == "last" or validation_loss < course.validation_loss:
        course.epoch, course.validation_loss, course.validation_accuracy = epoch, validation_loss, accuracy
