"""Features with the same covariance in both domains: Deep CORAL."""

from dataclasses import dataclass
from typing import Any

from tasks.adapt import joint
from tasks.common.backend import keras, tf
from tasks.common.objectives import Tensors, cross_entropy
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Array, Sample
from tasks.common.schema.adapt import Weighted
from tasks.common.schema.study import Network


def distance(source: Any, target: Any) -> Any:
    """``‖C_s - C_t‖²_F / (4 d²)`` of the samples' covariances, with n - 1 below the fraction.

    Args:
        source, target: Features, float, (n, d) and (m, d).

    Returns:
        Scalar, in the features' unit to the fourth power; 0 for equal covariances, whatever the means. 0 too if a
        sample has fewer than two rows.

    Source: "Deep CORAL: Correlation Alignment for Deep Domain Adaptation", arXiv:1607.01719, section 3.1, eqs. 1 to 3.
    The paper aligns the last layer, the logits; here, as the other methods, the layer before.
    """
    enough = tf.minimum(tf.shape(source)[0], tf.shape(target)[0]) > 1
    distance = tf.reduce_sum((covariance(source) - covariance(target)) ** 2) / (4 * source.shape[1] ** 2)
    return tf.cast(enough, source.dtype) * distance


def covariance(rows: Any) -> Any:
    """Unbiased covariance of rows (n, d), (d, d); 0 of a single one."""
    centred = rows - tf.reduce_mean(rows, axis=0)
    freedom = tf.maximum(tf.shape(rows)[0] - 1, 1)
    return tf.matmul(centred, centred, transpose_a=True) / tf.cast(freedom, rows.dtype)


@dataclass(frozen=True)
class Objective:
    """Cross-entropy on the source plus the weighted distance of the penultimate features' covariances."""

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        source, target = joint.features(model, batch)
        task = cross_entropy(joint.logits(model, source), batch["y"])
        return task + batch["weight"] * distance(source, target)


def run(source: Sample, unlabelled: Array, network: Network, settings: Weighted, seed: int) -> Trained | Failed:
    """A fresh network; every layer feels both terms, the head the first alone."""
    return joint.train(Objective(), source, unlabelled, network, settings, seed)
