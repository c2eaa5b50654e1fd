"""Dynamic weight average: a task whose loss falls slowly gets more weight."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.common.backend import keras, tf
from tasks.common.objectives import Tensors
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Array, Sample
from tasks.common.schema.mtl import Dwa
from tasks.common.schema.study import Network
from tasks.mtl import shared


def weights_of(last: Array, before: Array, temperature: float) -> Array:
    """Task weights from the mean losses of the last epoch and of the one before it.

    ``λ_k = K·softmax_k(w / T)`` with ``w_k = last_k / before_k``; they sum to the number of tasks K.

    Args:
        last, before: Mean training losses, (tasks,).
        temperature: T > 0; large ones give equal weights.

    Source: "End-to-End Multi-Task Learning with Attention", arXiv:1803.10704, "Dynamic Weight Average".
    """
    rates = last / before / temperature
    powers = np.exp(rates - rates.max())
    weights: Array = len(last) * powers / powers.sum()
    return weights


@dataclass(frozen=True)
class Objective:
    """The weighted sum of the losses; the weights change after each epoch, from the third epoch on.

    The memory holds for each task its weight, its loss summed over the samples of this epoch, and its mean loss in
    the last epoch (0: there was none).
    """

    temperature: float

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        return shared.weighted(model, batch)[0]

    def gradients(self, model: keras.Model, variables: list[Any], batch: Tensors) -> tuple[Any, list[Any]]:
        """Loss and gradients by this epoch's weights; the losses themselves are noted down."""
        with tf.GradientTape() as tape:
            total, losses, weights = shared.weighted(model, batch)
        slopes, nothing = tape.gradient(total, variables), tf.zeros_like(weights)
        seen = tf.cast(tf.shape(batch["y"])[0], tf.float32) * tf.stack(losses)
        model.get_layer(shared.MEMORY).figures.assign_add(tf.concat([nothing, seen, nothing], axis=0))
        return total, slopes

    def after_epoch(self, model: keras.Model, data: Tensors, epoch: int) -> None:
        """New weights, once two epochs have been measured."""
        memory = model.get_layer(shared.MEMORY)
        weights, sums, before = np.split(memory.get_weights()[0].astype(np.float64), 3)
        last = sums / len(data["y"])
        if epoch > 1:
            weights = weights_of(last, before, self.temperature)
        memory.set_weights([np.concatenate([weights, np.zeros_like(sums), last]).astype(np.float32)])


def run(sample: Sample, source: Sample, network: Network, settings: Dwa, seed: int) -> Trained | Failed:
    """Both heads and the trunk learn together; at a huge temperature this is `equal-weights`, bit for bit."""
    return shared.train(
        sample,
        network,
        settings,
        seed,
        Objective(settings.temperature),
        memory=[1.0] * shared.TASKS + [0.0] * 2 * shared.TASKS,
        told=lambda figures: {"task_weights": figures[: shared.TASKS]},
    )
