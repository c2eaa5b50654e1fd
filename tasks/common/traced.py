"""Whole stretches of training as one traced function: epochs, their validation, and the best state so far.

A small network's step takes less time than Python needs to ask for it; so Python asks once for many epochs. Loops are
written as TensorFlow's own: to have them made of Python's takes longer than many a training.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from tasks.common.backend import keras, tf
from tasks.common.objectives import Criterion, Objective, Tensors, gradients
from tasks.common.pace import Pace
from tasks.common.phases import Phase
from tasks.common.streamed import apart, gathered, judged


class Stretch:
    """Epochs of one phase's kind: the same variables moving, at the same shares of the rate.

    Args:
        model: What is trained, in place.
        kept: Variables like the model's weights, for its state after the epoch with the lowest validation loss.
        variables: Those of the model that move.
        shares: Share of the rate by layer, for those slower than the rest.
    """

    def __init__(
        self,
        model: keras.Model,
        kept: list[Any],
        objective: Objective,
        criterion: Criterion,
        batch: int,
        optimizer: keras.optimizers.Optimizer,
        variables: list[Any],
        shares: Mapping[str, float],
    ) -> None:
        self._model, self._kept, self._variables = model, kept, variables
        self._objective, self._criterion, self._batch = objective, criterion, batch
        self._slow = [(v, shares[layer.name]) for layer in model.layers if layer.name in shares for v in layer.weights]
        optimizer.build(variables)
        self._optimizer = optimizer
        self._traces: dict[Any, Callable[..., Any]] = {}
        self.pace = Pace()

    def begin(self, phase: Phase) -> None:
        """The optimizer at the phase's rate and without memory."""
        for variable in self._optimizer.variables:
            variable.assign(keras.ops.zeros_like(variable))
        self._optimizer.learning_rate.assign(phase.rate)

    def run(self, tensors: Mapping[str, Any], when: Mapping[str, Any], best: float) -> tuple[Any, float]:
        """Train for some epochs.

        Args:
            tensors: ``train`` (arrays by name), ``streams`` (those of each stream), ``constants``, ``held_out``;
                `Rows` stand for arrays that are not in memory.
            when: For each of e epochs its order ``rows`` (e, samples), those of the streams ``beside`` (e, samples)
                each, and ``place`` (e, 4): the phase's steps before it and in all, its seed, its number.
            best: The lowest validation loss so far.

        Returns:
            Of each epoch the training loss, the validation loss and the accuracy, (e, 3), and the lowest
            validation loss by now.
        """
        begun = time.perf_counter()
        whole, about, together = apart(tensors)
        epochs = tf.nest.map_structure(lambda array: tf.TensorSpec([None, *array.shape[1:]], tf.int32), when)
        key = repr((about, epochs))
        if key not in self._traces:  # any number of epochs, so that phases of different lengths share a trace

            def trace(given: list[Any], when: Any, best: Any) -> Any:
                return self._epochs(together(given), when, best)

            held = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in whole]
            signature = (held, epochs, tf.TensorSpec([], tf.float32))
            self._traces[key] = tf.function(trace, input_signature=signature, autograph=False)
        measured, lowest = self._traces[key](whole, tf.nest.map_structure(tf.constant, when), tf.constant(best))
        figures = measured.numpy()
        steps = -(-len_of(tensors["train"]) // self._batch)
        self.pace.took(len(figures) * steps, time.perf_counter() - begun)
        return figures, float(lowest)

    def _epochs(self, tensors: Any, when: Any, best: Any) -> Any:
        count = tf.shape(when["place"])[0]
        between = getattr(self._objective, "after_epoch", None)

        def epoch(number: Any, measured: Any, best: Any) -> Any:
            now = tf.nest.map_structure(lambda values: values[number], when)
            loss = self._epoch(tensors, now)
            if between is not None:
                between(self._model, len_of(tensors["train"]), now["place"][3])
            validation_loss, accuracy = judged(self._criterion, self._model, tensors["held_out"], tensors["constants"])
            better = validation_loss < best
            tf.cond(better, self._keep, lambda: None)
            figures = tf.stack([loss, validation_loss, accuracy])
            return number + 1, measured.write(number, figures), tf.where(better, validation_loss, best)

        measured = tf.TensorArray(tf.float32, count, element_shape=(3,))
        _, measured, best = tf.while_loop(lambda number, *_: number < count, epoch, (0, measured, best))
        return measured.stack(), best

    def _keep(self) -> None:
        for kept, variable in zip(self._kept, self._model.weights, strict=True):
            kept.assign(variable.value)

    def _epoch(self, tensors: Any, when: Any) -> Any:
        """One pass over the training part in its order; gives the samples' mean loss."""
        samples = len_of(tensors["train"])
        steps = -(-samples // self._batch)

        def step(number: Any, total: Any) -> Any:
            return number + 1, total + self.step(self._gather(tensors, when, number))

        _, total = tf.while_loop(lambda number, _: number < steps, step, (0, 0.0))
        return total / samples

    def _gather(self, tensors: Any, when: Any, number: Any) -> Tensors:
        """The batch of step ``number``: rows of each array, and what hangs on the step. The last may be shorter."""
        part = slice(number * self._batch, (number + 1) * self._batch)
        batch: dict[str, Any] = {
            name: gathered(values, when["rows"][part]) for name, values in tensors["train"].items()
        }
        for stream, arrays in tensors["streams"].items():
            rows = when["beside"][stream][part]
            batch |= {f"{stream}_{name}": gathered(values, rows) for name, values in arrays.items()}
        before, steps, seed, _ = tf.unstack(when["place"])
        progress = tf.cast(before + number, tf.float32) / tf.cast(steps, tf.float32)
        return {**batch, **tensors["constants"], "progress": progress, "seed": tf.stack([seed, number])}

    def step(self, batch: Tensors) -> Any:
        """Moves the variables once; gives the batch's summed loss."""
        loss, slopes = gradients(self._objective, self._model, self._variables, batch)
        before = [tf.identity(variable.value) for variable, _ in self._slow]
        self._optimizer.apply(slopes, self._variables)
        for (variable, share), old in zip(self._slow, before, strict=True):
            # By the step and not by the gradient, which Adam would scale back.
            variable.assign(old + share * (variable.value - old))
        return loss * tf.cast(tf.shape(batch["x"])[0], tf.float32)


def len_of(arrays: Mapping[str, Any]) -> int:
    """Rows of arrays or tensors that are as long as each other."""
    return int(next(iter(arrays.values())).shape[0])
