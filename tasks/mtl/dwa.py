"""Dynamic weight average: a task whose loss falls slowly gets more weight."""

from dataclasses import dataclass
from typing import Any

from tasks.common.backend import keras, tf
from tasks.common.objectives import Tensors
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.mtl import Dwa
from tasks.common.schema.study import Network
from tasks.mtl import shared


def weights_of(last: Any, before: Any, temperature: float) -> Any:
    """Task weights from the mean losses of the last epoch and of the one before it.

    ``λ_k = K·softmax_k(w / T)`` with ``w_k = last_k / before_k``; they sum to the number of tasks K.

    Args:
        last, before: Mean training losses, (tasks,).
        temperature: T > 0; large ones give equal weights.

    Source: "End-to-End Multi-Task Learning with Attention", arXiv:1803.10704, "Dynamic Weight Average".
    """
    return last.shape[0] * tf.nn.softmax(last / before / temperature)


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

    def after_epoch(self, model: keras.Model, samples: int, epoch: Any) -> None:
        """New weights, once two epochs have been measured."""
        figures = model.get_layer(shared.MEMORY).figures
        weights, sums, before = tf.split(tf.cast(figures, tf.float64), 3)
        last = sums / samples
        weights = tf.where(epoch > 1, weights_of(last, before, self.temperature), weights)
        figures.assign(tf.cast(tf.concat([weights, tf.zeros_like(sums), last], axis=0), tf.float32))


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
