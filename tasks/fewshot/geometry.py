"""Likenesses of feature vectors, for many episodes at once."""

from typing import Any

from tasks.common.backend import tf


def squared_distances(left: Any, right: Any) -> Any:
    """``‖a - b‖²`` of all pairs, (E, A, d) and (E, B, d) -> (E, A, B), none below 0.

    As ``‖a‖² + ‖b‖² - 2 a·b``, which needs no array of all differences; equal vectors may be a rounding apart.
    """
    lengths = tf.reduce_sum(left**2, axis=-1)[:, :, None] + tf.reduce_sum(right**2, axis=-1)[:, None, :]
    return tf.nn.relu(lengths - 2 * tf.matmul(left, right, transpose_b=True))


def cosines(left: Any, right: Any) -> Any:
    """``a·b / (‖a‖ ‖b‖)`` of all pairs, (E, A, d) and (E, B, d) -> (E, A, B); 0 where a vector is zero."""
    return tf.matmul(tf.math.l2_normalize(left, axis=-1), tf.math.l2_normalize(right, axis=-1), transpose_b=True)


def flat(support: Any) -> Any:
    """A support (E, N, K, d) as (E, N · K, d), one class after another."""
    shape = tf.shape(support)
    return tf.reshape(support, [shape[0], shape[1] * shape[2], support.shape[3]])


def by_class(values: Any, support: Any) -> Any:
    """Values of each query and support sample, (E, M, N · K), as (E, M, N, K)."""
    shape = tf.shape(support)
    return tf.reshape(values, [shape[0], tf.shape(values)[1], shape[1], shape[2]])
