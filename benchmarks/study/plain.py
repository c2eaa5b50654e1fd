"""The plain script: every stage of a study one after another in one process, every training by Keras's own `fit`.

Run:  python -m benchmarks.study.plain CONFIG   in a project's folder; prints the seconds of each command as JSON

Data come from NumPy, each model is compiled and traced for itself, validation is Keras's, and a callback keeps the best
weights: what a notebook does. Losses, optimizers, networks, searches, data and repeats are the project's; so the
trainings are the same, and only the way they are driven differs.
"""

import json
import runpy
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tasks.common import loop
from tasks.common.backend import keras, tf
from tasks.common.objectives import Array, Criterion, Tensors
from tasks.common.phases import Course, Phase, freeze, row
from tasks.common.traced import Stretch, len_of


class Script(keras.Model):  # type: ignore[misc]
    """A network with a `train_step` of its own, which is how Keras wants other losses than its own written."""

    def __init__(self, net: keras.Model, stretch: Stretch, criterion: Criterion, constants: Tensors, steps: int):
        super().__init__()
        self.net, self.criterion, self.constants, self.steps = net, criterion, constants, steps
        self.stretch = stretch
        self.number = tf.Variable(0, dtype=tf.int32, trainable=False)

    def train_step(self, data: Any) -> dict[str, Any]:
        given = keras.utils.unpack_x_y_sample_weight(data)[0]
        progress = tf.cast(self.number, tf.float32) / self.steps
        batch = {**given, **self.constants, "progress": progress, "seed": tf.stack([self.number, self.number])}
        self.number.assign_add(1)
        return {"loss": self.stretch.step(batch) / tf.cast(tf.shape(given["x"])[0], tf.float32)}

    def test_step(self, data: Any) -> dict[str, Any]:
        given = keras.utils.unpack_x_y_sample_weight(data)[0]
        loss, accuracy = self.criterion(self.net, {**given, **self.constants})
        return {"loss": loss, "accuracy": accuracy}


class Best(keras.callbacks.Callback):  # type: ignore[misc]
    """The weights of the epoch with the lowest validation loss, in memory; and what an objective does in between."""

    def __init__(self, net: keras.Model, between: Any, samples: int) -> None:
        super().__init__()
        self.net, self.between, self.samples = net, between, samples
        self.lowest, self.weights = float("inf"), net.get_weights()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        if self.between is not None:
            self.between(self.net, self.samples, tf.constant(epoch + 1))
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
        net = keras.models.clone_model(self._model)
        net.set_weights(weights)
        samples, course = len_of(train), Course()
        near = {
            f"{s}_{k}": np.resize(v, (samples, *v.shape[1:])) for s, kept in streams.items() for k, v in kept.items()
        }
        best = Best(net, getattr(self._objective, "after_epoch", None), samples)
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
            for loss, held_out, accuracy in zip(past["loss"], past["val_loss"], past["val_accuracy"], strict=True):
                course.rows.append(row(len(course.rows) + 1, phase.name, loss, held_out, accuracy))
        course.epoch, course.validation_loss = len(course.rows), best.lowest
        return course, best.weights if keep == "best" else net.get_weights()


def main(commands: list[list[str]]) -> None:
    """Run the commands, each a module and its flags, and print how long each took."""
    loop.Loop.run = PlainLoop.run  # type: ignore[method-assign]
    seconds = {}
    for module, *words in commands:
        begun = time.perf_counter()
        sys.argv = [module, *words]
        runpy.run_module(module, run_name="__main__", alter_sys=False)
        seconds[" ".join((module, *words))] = round(time.perf_counter() - begun, 2)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
