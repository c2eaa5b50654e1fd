"""Task weights that keep the tasks learning at similar speeds, by the norms of their gradients."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.common.backend import keras, tf
from tasks.common.objectives import Tensors
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.mtl import GradNorm
from tasks.common.schema.study import Network
from tasks.mtl import shared

INITIAL = "initial_losses"
FLOOR = 1e-3
"""No weight falls below this: the paper's step could make one negative, and says nothing of it."""


def rebalanced(weights: Any, norms: Any, ratios: Any, *, asymmetry: float, rate: float) -> Any:
    """The task weights of the next step.

    With G_i = w_i·‖∇_W L_i‖ and the relative inverse training rate r_i = ratio_i / mean(ratio), one step of gradient
    descent on ``Σ_i |G_i − mean(G)·r_i^α|``, the target held fixed. As G_i is linear in w_i, the slope is
    ``sign(G_i − target_i)·‖∇_W L_i‖``. The weights are then scaled so that they sum to the number of tasks.

    Args:
        weights: w, (tasks,).
        norms: ‖∇_W L_i‖ of each unweighted loss at the last shared layer, (tasks,).
        ratios: L_i / L_i(0), (tasks,): how much of each task's loss is left.
        asymmetry: α ≥ 0; 0 pulls all norms to the same value, more favours the tasks that lag behind.
        rate: Learning rate of the weights; 0 leaves them as they are.

    Source: "GradNorm: Gradient Normalization for Adaptive Loss Balancing in Deep Multitask Networks",
    arXiv:1711.02257, section 3, eq. 1 and 2, algorithm 1.
    """
    scaled = weights * norms
    target = tf.reduce_mean(scaled) * (ratios / tf.reduce_mean(ratios)) ** asymmetry
    moved = tf.maximum(weights - rate * tf.sign(scaled - target) * norms, FLOOR)
    return moved * (moved.shape[0] / tf.reduce_sum(moved))


@dataclass(frozen=True)
class Objective:
    """The weighted sum of the losses; after each step the weights are `rebalanced`.

    Attributes:
        layer: The last layer that the tasks share; its kernel is the paper's W.
    """

    layer: str
    asymmetry: float
    rate: float

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        return shared.weighted(model, batch)[0]

    def gradients(self, model: keras.Model, variables: list[Any], batch: Tensors) -> tuple[Any, list[Any]]:
        """Loss and gradients by the weights as they stand; then the weights move."""
        kernel, figures = model.get_layer(self.layer).kernel, model.get_layer(shared.MEMORY).figures
        with tf.GradientTape(persistent=True) as tape:
            total, losses, weights = shared.weighted(model, batch)
        norms = tf.stack([tf.norm(tape.gradient(loss, kernel)) for loss in losses])
        ratios = tf.stack(losses) / batch[INITIAL]
        slopes = tape.gradient(total, variables)
        figures.assign(rebalanced(weights, norms, ratios, asymmetry=self.asymmetry, rate=self.rate))
        return total, slopes


def initial_losses(sample: Sample, network: Network, seed: int) -> np.ndarray[Any, Any]:
    """L(0) of each task, (tasks,) float32: on the whole training part, before training."""
    part = sample.train
    outputs = shared.build(sample, network, seed)(part.x, training=True)
    return np.array(shared.losses(outputs, {"y": part.y, shared.AUXILIARY: part.auxiliary}), np.float32)


def run(sample: Sample, source: Sample, network: Network, settings: GradNorm, seed: int) -> Trained | Failed:
    """Both heads and the trunk learn together, from equal weights; weight rate 0 is `equal-weights`, bit for bit."""
    return shared.train(
        sample,
        network,
        settings,
        seed,
        Objective(network.hidden[-1], settings.asymmetry, settings.weight_rate),
        memory=[1.0] * shared.TASKS,
        told=lambda weights: {"task_weights": weights},
        constants={INITIAL: initial_losses(sample, network, seed)},
    )
