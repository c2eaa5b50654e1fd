"""Distillation of relations: samples shall lie to each other in the student as they lie in the teacher."""

from dataclasses import dataclass
from typing import Any

from tasks.common.backend import keras, tf
from tasks.common.objectives import Tensors, cross_entropy
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.distill import Relations
from tasks.common.schema.study import Network
from tasks.distill import inside
from tasks.distill.inside import PENULTIMATE
from tasks.distill.teaching import Lesson
from tasks.models.dense import HEAD

TINY = 1e-12  # squared lengths below this have no direction, and no gradient


def distance_loss(student: Any, teacher: Any) -> Any:
    """Mean Huber loss, over the ordered pairs of different samples, between the distances in student and teacher.

    Distances are divided by their own mean over the pairs, so that only proportions count: a shift, a rotation
    or another scale of the features changes nothing, and the two widths may differ.

    Args:
        student: Features, (batch, width); fewer than two samples have no pair, and give 0.
        teacher: Features, (batch, another width). Receives no gradient.

    Returns:
        Scalar, dimensionless.

    Source: "Relational Knowledge Distillation", arXiv:1904.05068, section 3.2.1.
    """
    gaps = [_relative(_lengths(_differences(z))) for z in (student, tf.stop_gradient(teacher))]
    return _mean(_huber(gaps[0] - gaps[1]), _different(tf.shape(student)[0]))


def angle_loss(student: Any, teacher: Any) -> Any:
    """Mean Huber loss, over the ordered triplets of different samples, between the cosines of their angles.

    The angle of (i, j, k) is the one at j, between the ways to i and to k.

    Args:
        student: Features, (batch, width); fewer than three samples have no angle, and give 0.
        teacher: Features, (batch, another width). Receives no gradient.

    Returns:
        Scalar, dimensionless.

    Source: "Relational Knowledge Distillation", arXiv:1904.05068, section 3.2.2.
    """
    cosines = [_cosines(z) for z in (student, tf.stop_gradient(teacher))]
    different = _different(tf.shape(student)[0])  # [j, i] as [i, j]
    triplets = different[:, :, None] * different[:, None, :] * different[None, :, :]
    return _mean(_huber(cosines[0] - cosines[1]), triplets)


def _differences(z: Any) -> Any:
    """z_i - z_j at [j, i], (n, n, width)."""
    return z[None, :, :] - z[:, None, :]


def _lengths(vectors: Any) -> Any:
    """Euclidean lengths, 0 with gradient 0 for what is next to nothing: the root's own slope there is infinite."""
    squares = tf.reduce_sum(tf.square(vectors), axis=-1)
    far = squares > TINY
    return tf.where(far, tf.sqrt(tf.where(far, squares, tf.ones_like(squares))), tf.zeros_like(squares))


def _relative(lengths: Any) -> Any:
    """Lengths by the mean of those between different samples."""
    return tf.math.divide_no_nan(lengths, _mean(lengths, _different(tf.shape(lengths)[0])))


def _cosines(z: Any) -> Any:
    """Cosine of the angle at j between i and k, at [j, i, k], (n, n, n); 0 where a way has no length."""
    ways = _differences(z)
    directions = tf.math.divide_no_nan(ways, _lengths(ways)[:, :, None])
    return tf.matmul(directions, directions, transpose_b=True)


def _different(count: Any) -> Any:
    """1 for two different samples, else 0, (n, n)."""
    return 1 - tf.eye(count)


def _mean(values: Any, chosen: Any) -> Any:
    """Mean of the values where ``chosen`` is 1; 0 if it is so nowhere."""
    chosen = tf.cast(chosen, values.dtype)
    return tf.math.divide_no_nan(tf.reduce_sum(values * chosen), tf.reduce_sum(chosen))


def _huber(difference: Any) -> Any:
    """½ d² up to 1, |d| - ½ beyond."""
    size = tf.abs(difference)
    return tf.where(size <= 1, 0.5 * tf.square(difference), size - 0.5)


@dataclass(frozen=True)
class Objective:
    """Cross-entropy plus the two losses of the penultimate features, each by its weight; 0 and 0 is plain training."""

    distance: float
    angle: float

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        outputs = model(batch["x"], training=True)
        loss = cross_entropy(outputs[HEAD], batch["y"])
        if self.distance:
            loss += self.distance * distance_loss(outputs[PENULTIMATE], batch["teacher"])
        if self.angle:
            loss += self.angle * angle_loss(outputs[PENULTIMATE], batch["teacher"])
        return loss


def run(sample: Sample, lesson: Lesson, network: Network, settings: Relations, seed: int) -> Trained | Failed:
    """A fresh student on labels and on relations between the samples of a batch."""

    def outputs(student: keras.Model) -> dict[str, Any]:
        return {PENULTIMATE: inside.features(student)[PENULTIMATE]}

    return inside.train(
        sample,
        network,
        settings,
        seed,
        outputs=outputs,
        objective=Objective(settings.distance, settings.angle),
        extra={"teacher": lesson.features[PENULTIMATE]},
    )
