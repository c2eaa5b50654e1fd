"""Gradients of tasks that contradict each other are projected until they do not."""

import math
from dataclasses import dataclass
from typing import Any

from tasks.common.backend import keras, tf
from tasks.common.objectives import Tensors
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.base import Training
from tasks.common.schema.study import Network
from tasks.models.dense import HEAD
from tasks.mtl import equal_weights, shared


def project(gradients: Any, seed: Any) -> Any:
    """Each task's gradient without what contradicts the others'.

    For task i and every other task j in random order: where g_i·g_j < 0, g_i loses its component along g_j,
    ``g_i − (g_i·g_j / ‖g_j‖²)·g_j``. The g_j are the original ones. With two tasks there is one order only.

    Args:
        gradients: (tasks, parameters) float.
        seed: (2,) int32; decides the orders.

    Returns:
        The projected gradients, (tasks, parameters).

    Source: "Gradient Surgery for Multi-Task Learning", arXiv:2001.06782, algorithm 1.
    """
    tasks = gradients.shape[0]
    squares = tf.reduce_sum(gradients**2, axis=1)
    projected = []
    for task in range(tasks):
        own = gradients[task]
        order = tf.random.experimental.stateless_shuffle(
            tf.range(tasks), tf.random.experimental.stateless_fold_in(seed, task)
        )
        for other in tf.unstack(order):
            overlap = tf.tensordot(own, gradients[other], 1)
            conflict = tf.logical_and(overlap < 0, other != task)
            share = tf.where(conflict, tf.math.divide_no_nan(overlap, squares[other]), tf.zeros_like(overlap))
            own -= share * gradients[other]
        projected.append(own)
    return tf.stack(projected)


@dataclass(frozen=True)
class Objective:
    """The sum of the losses; on the trunk the gradients of the tasks are projected before they are summed."""

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        return equal_weights.objective(model, batch)

    def gradients(self, model: keras.Model, variables: list[Any], batch: Tensors) -> tuple[Any, list[Any]]:
        """Loss, and the sum's gradient; the trunk's part of it corrected by what projection takes away.

        The correction is exactly 0 where nothing conflicts, so this is `equal-weights` there, bit for bit.
        """
        with tf.GradientTape(persistent=True) as tape:
            losses = shared.losses(model(batch["x"], training=True), batch)
            total = losses[0] + losses[1]
        heads = {id(v) for name in (HEAD, shared.AUXILIARY) for v in model.get_layer(name).trainable_variables}
        trunk = [place for place, variable in enumerate(variables) if id(variable) not in heads]
        slopes, body = tape.gradient(total, variables), [variables[place] for place in trunk]
        tasks = tf.stack([_flat(tape.gradient(loss, body)) for loss in losses])
        correction = tf.reduce_sum(project(tasks, batch["seed"]) - tasks, axis=0)
        parts = tf.split(correction, [math.prod(variable.shape) for variable in body])
        for place, part in zip(trunk, parts, strict=True):
            slopes[place] += tf.reshape(part, slopes[place].shape)
        return total, slopes


def _flat(slopes: list[Any]) -> Any:
    """One vector of the gradients of several variables."""
    return tf.concat([tf.reshape(slope, [-1]) for slope in slopes], axis=0)


def run(sample: Sample, source: Sample, network: Network, settings: Training, seed: int) -> Trained | Failed:
    """Both heads and the trunk learn together."""
    return shared.train(sample, network, settings, seed, Objective())
