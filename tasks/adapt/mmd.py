"""Features whose distribution is the same in both domains, by maximum mean discrepancy with several kernels."""

from dataclasses import dataclass
from typing import Any

from tasks.adapt import joint
from tasks.common.backend import keras, tf
from tasks.common.objectives import Tensors, cross_entropy
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Array, Sample
from tasks.common.schema.adapt import Mmd
from tasks.common.schema.study import Network


def discrepancy(source: Any, target: Any, kernels: int) -> Any:
    """Squared maximum mean discrepancy of two samples, the unbiased estimate: 0 on average for equal distributions.

    ``mean_{i≠j} k(s_i, s_j) + mean_{i≠j} k(t_i, t_j) - 2 mean_{i,j} k(s_i, t_j)``, where k is the mean of Gaussian
    kernels ``exp(-|a - b|² / (σ² 2^u))``, u = -(kernels // 2), ..., and σ² is the mean squared distance of all pairs
    of different samples. The biased estimate, with the pairs i = j, would also pull equal distributions into a
    point. No gradient goes through σ, so features cannot evade by growing.

    Args:
        source, target: Features, float, (n, d) and (m, d).
        kernels: How many.

    Returns:
        Scalar, dimensionless; it may be negative. 0 if a sample has fewer than two rows.

    Source: "Learning Transferable Features with Deep Adaptation Networks", arXiv:1502.02791, section 3.1; the estimate
    is eq. 3 of "A Kernel Two-Sample Test", JMLR 13, 2012. The paper weighs its kernels by their test power and takes
    the median distance; equal weights and the mean are what its authors' code has.
    """
    first, second = tf.shape(source)[0], tf.shape(target)[0]
    enough = tf.cast(tf.minimum(first, second) > 1, source.dtype)
    n, m = tf.cast(first, source.dtype), tf.cast(second, source.dtype)
    distances = squared_distances(tf.concat([source, target], axis=0))  # (n + m, n + m)
    width = tf.stop_gradient(tf.reduce_sum(distances)) / ((n + m) * (n + m - 1))
    width = tf.maximum(width, tf.constant(1e-12, width.dtype))  # all features alike: every kernel is 1
    powers = [2.0 ** (number - kernels // 2) for number in range(kernels)]
    similarity = tf.add_n([tf.exp(-distances / (width * power)) for power in powers]) / kernels
    within_source = (tf.reduce_sum(similarity[:first, :first]) - n) / tf.maximum(n * (n - 1), 1)  # k(a, a) = 1
    within_target = (tf.reduce_sum(similarity[first:, first:]) - m) / tf.maximum(m * (m - 1), 1)
    return enough * (within_source + within_target - 2 * tf.reduce_mean(similarity[:first, first:]))


def squared_distances(rows: Any) -> Any:
    """Squared Euclidean distance of each two rows, (n, d) -> (n, n); exactly 0 on the diagonal."""
    lengths = tf.reduce_sum(rows**2, axis=1)
    distances = lengths[:, None] + lengths[None] - 2 * tf.matmul(rows, rows, transpose_b=True)
    return tf.linalg.set_diag(tf.maximum(distances, 0), tf.zeros_like(lengths))


@dataclass(frozen=True)
class Objective:
    """Cross-entropy on the source plus the weighted discrepancy of the penultimate features."""

    kernels: int

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        source, target = joint.features(model, batch)
        task = cross_entropy(joint.logits(model, source), batch["y"])
        return task + batch["weight"] * discrepancy(source, target, self.kernels)


def run(source: Sample, unlabelled: Array, network: Network, settings: Mmd, seed: int) -> Trained | Failed:
    """A fresh network; every layer feels both terms, the head the first alone."""
    return joint.train(Objective(settings.kernels), source, unlabelled, network, settings, seed)
