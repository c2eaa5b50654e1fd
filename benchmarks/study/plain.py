"""The plain script: every stage of a study one after another in one process, every training by Keras's own `fit`.

Run:  python -m benchmarks.study.plain CONFIG   in a project's folder; prints the seconds of each command as JSON

Data come from NumPy, each model is compiled and traced for itself, validation is Keras's, a callback keeps the best
weights, and frozen layers are computed in every epoch: what a notebook does. Losses, optimizers, networks, searches,
data and repeats are the project's; so the trainings are the same, and only the way they are driven differs. Teachers'
outputs are stored here too.

CONFIG: {"commands": [[module, flag, ...], ...], "rates": n}. Each search tries n of its rates, the lowest among them,
or all for 0; the time of the others, which train as many epochs, is taken to be the same, and is in what is printed.
"""

import json
import runpy
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks.study import clocks
from tasks.common import loop, training
from tasks.common.backend import keras, tf
from tasks.common.objectives import Array, Criterion, Tensors
from tasks.common.phases import Course, Phase, freeze
from tasks.common.traced import Stretch, len_of


class Script(keras.Model):  # type: ignore[misc]
    """A network with a `train_step` of its own, which is how Keras wants other losses than its own written."""

    def __init__(self, net: keras.Model, stretch: Stretch, criterion: Criterion, constants: Tensors, steps: int):
        super().__init__()
        self.net, self.criterion, self.constants, self.steps = net, criterion, constants, steps
        self.stretch, self.mean = stretch, keras.metrics.Mean("loss")
        self.number = tf.Variable(0, dtype=tf.int32, trainable=False)

    @property
    def metrics(self) -> list[Any]:
        return [self.mean]

    def train_step(self, data: Any) -> dict[str, Any]:
        given = keras.utils.unpack_x_y_sample_weight(data)[0]
        progress = tf.cast(self.number, tf.float32) / self.steps
        batch = {**given, **self.constants, "progress": progress, "seed": tf.stack([self.number, self.number])}
        self.number.assign_add(1)
        samples = tf.cast(tf.shape(given["x"])[0], tf.float32)
        self.mean.update_state(self.stretch.step(batch) / samples, sample_weight=samples)
        return {"loss": self.mean.result()}

    def test_step(self, data: Any) -> dict[str, Any]:
        given = keras.utils.unpack_x_y_sample_weight(data)[0]
        loss, accuracy = self.criterion(self.net, {**given, **self.constants})
        return {"loss": loss, "accuracy": accuracy}


class Best(keras.callbacks.Callback):  # type: ignore[misc]
    """The weights of the epoch with the lowest validation loss, in memory; and what an objective does in between."""

    def __init__(self, net: keras.Model, lowest: float, between: Any, samples: int) -> None:
        super().__init__()
        self.net, self.lowest, self.between, self.samples = net, lowest, between, samples
        self.weights, self.epochs = net.get_weights(), 0

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self.epochs += 1  # of all phases
        if self.between is not None:
            self.between(self.net, self.samples, tf.constant(self.epochs))
        if logs and logs["val_loss"] < self.lowest:
            self.lowest, self.weights = logs["val_loss"], self.net.get_weights()


class PlainLoop(loop.Loop):
    """Trains as `Loop` does, by `fit`."""

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
        keras.utils.set_random_seed(seed % 2**31)
        net = keras.models.clone_model(self._model)
        net.set_weights(weights)
        samples = len_of(train)
        near = {
            f"{s}_{k}": np.resize(v, (samples, *v.shape[1:])) for s, kept in streams.items() for k, v in kept.items()
        }
        held_out = {name: tf.constant(value) for name, value in {**validation, **constants}.items()}
        course = Course([], 0, *map(float, self._criterion(net, held_out)))
        best = Best(net, course.validation_loss, getattr(self._objective, "after_epoch", None), samples)
        for phase in (phase for phase in phases if phase.epochs):
            variables, optimizer = freeze(net, phase.moving), loop.OPTIMIZERS[self._optimizer]()
            arguments = (self._objective, self._criterion, self._batch, optimizer, variables, dict(phase.shares))
            stretch = Stretch(net, [], *arguments)
            stretch.begin(phase)
            steps = phase.epochs * -(-samples // self._batch)
            fixed = {name: tf.constant(value) for name, value in constants.items()}
            script = Script(net, stretch, self._criterion, fixed, steps)
            script.compile(optimizer="sgd")
            past = script.fit(
                {**train, **near},
                np.zeros(samples),
                batch_size=self._batch,
                epochs=phase.epochs,
                validation_data=(dict(validation), np.zeros(len_of(validation))),
                validation_batch_size=len_of(validation),
                callbacks=[best],
                verbose=0,
            ).history
            for values in zip(past["loss"], past["val_loss"], past["val_accuracy"], strict=True):
                loop._note(course, len(course.rows) + 1, phase, keep, *map(float, values))
        return course, net.get_weights() if keep == "last" else best.weights


class FewRates:
    """`training.search` with some of a search's rates; ``spared``: seconds that the others would have taken."""

    def __init__(self, whole: Callable[..., Any], rates: int) -> None:
        self._whole, self._rates, self.spared = whole, rates, 0.0

    def __call__(self, settings: Any, *args: Any, **kwargs: Any) -> Any:
        every = list(settings.rates)
        tried = [every[i] for i in chosen(len(every), self._rates)]
        begun = time.perf_counter()
        found = self._whole(settings.model_copy(update={"rates": tried}), *args, **kwargs)
        self.spared += (time.perf_counter() - begun) * (len(every) / len(tried) - 1)
        return found


def chosen(of: int, some: int) -> list[int]:
    """Which of so many rates, evenly spread, as few as asked; all for 0.

    The first is always among them: rates are listed from the lowest, and the lowest diverges last.

    >>> chosen(5, 1), chosen(5, 2), chosen(2, 5), chosen(3, 0)
    ([0], [0, 2], [0, 1], [0, 1, 2])
    """
    count = min(some or of, of)
    return [number * of // count for number in range(count)]


def main(commands: list[list[str]], rates: int) -> dict[str, float]:
    """Run the commands, each a module and its flags: the seconds that each took, those of rates left out included."""
    few = FewRates(training.search, rates)
    clocks.replace("tasks.common.training", "search", lambda search: few)
    for home, name, new in (
        (loop.Loop, "run", PlainLoop.run),
        (training, "_only_head", lambda phases, objective: False),
    ):
        setattr(home, name, new)
    for name in ("set_inter_op_parallelism_threads", "set_intra_op_parallelism_threads"):
        setattr(tf.config.threading, name, lambda count: None)  # one process has its threads from the start
    seconds: dict[str, float] = {}
    for command in commands:
        begun, few.spared = time.perf_counter(), 0.0
        sys.argv = command
        runpy.run_module(command[0], run_name="__main__", alter_sys=False)
        name = " ".join(command)
        seconds[name] = round(time.perf_counter() - begun + few.spared, 2)
        print(f"{seconds[name]:8.1f} s  {name}", file=sys.stderr, flush=True)
        training._loops.clear()
        keras.backend.clear_session()
    return seconds


if __name__ == "__main__":
    print(json.dumps(main(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
