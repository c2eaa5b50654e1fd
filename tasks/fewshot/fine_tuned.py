"""The baseline: a classifier of all base classes, then a new linear head on each episode's support, features frozen."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks import models
from tasks.common.backend import keras, tf
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.fewshot import FineTuned, Task
from tasks.common.training import search
from tasks.fewshot.episodes import FEATURES, Criterion, Episodes, Scores
from tasks.fewshot.geometry import flat
from tasks.fewshot.learning import constants, part
from tasks.fewshot.pools import Base
from tasks.models import HEAD, surgery


@dataclass(frozen=True)
class LinearHead:
    """A linear classifier with bias, trained on each episode's support from zero by gradient descent with momentum.

    It minimises ``mean cross-entropy + decay / 2 · ‖W‖²``, bias in W. Such descent never leaves the span of the
    support, so the coefficients A of ``W = Xᵀ A`` are what moves, by ``(softmax - Y) / n + decay · A``: the same steps
    with arrays of samples in place of features. The rate is over the mean of ‖x‖² + 1, of which the loss's curvature is
    at most half.

    Chen et al. take 100 steps of four samples each, rate 0.01 with momentum 0.9 and decay 0.001; here a step has the
    whole support, so that nothing is drawn.
    """

    steps: int
    rate: float
    momentum: float
    decay: float

    def __call__(self, support: Any, query: Any) -> Any:
        """Logits (E, M, N) of support (E, N, K, d) and queries (E, M, d)."""
        x, shape = flat(support), tf.shape(support)
        gram = tf.matmul(x, x, transpose_b=True) + 1  # (E, n, n), n = N · K; 1 for the bias
        y = tf.repeat(tf.eye(shape[1]), shape[2], axis=0)  # (n, N)
        rows = tf.cast(tf.shape(y)[0], tf.float32)
        rate = self.rate / tf.reduce_mean(tf.linalg.diag_part(gram), axis=1)[:, None, None]
        start = tf.zeros_like(gram[:, :, :1]) * y  # (E, n, N)

        def step(number: Any, held: Any, speed: Any) -> Any:
            slope = (tf.nn.softmax(tf.matmul(gram, held)) - y) / rows + self.decay * held
            speed = self.momentum * speed + slope
            return number + 1, held - rate * speed, speed

        _, held, _ = tf.while_loop(lambda number, *_: number < self.steps, step, (0, start, start))
        return tf.matmul(tf.matmul(query, x, transpose_b=True) + 1, held)


def scores(settings: FineTuned) -> Scores:
    """How an episode is told."""
    return LinearHead(**settings.head.model_dump())


def run(base: Base, episodes: Episodes, task: Task, settings: FineTuned, seed: int) -> Trained | Failed:
    """Train a classifier of all base classes at once; what it has before its head is the embedding.

    Its epoch is chosen as all methods' is: by the episodes of validation classes, each with a head of its own.

    Source: "A Closer Look at Few-shot Classification", arXiv:1904.04232, section 3.2, "Baseline".
    """
    classes = np.repeat(np.arange(len(base.train)), base.train.samples)

    def build() -> keras.Model:
        model = models.build(task.network, base.train.x.shape[2:], len(base.train), seed)
        return keras.Model(model.input, {HEAD: model.output, FEATURES: surgery.features(model).output})

    found = search(
        settings,
        Sample(part(base.train.flat, classes), part(base.validation.flat), base.train.names),
        build=build,
        phases=lambda rate: [Phase("base", rate, settings.epochs)],
        seed=seed,
        criterion=Criterion(scores(settings)),
        constants=constants(episodes),
    )
    if isinstance(found, Failed):
        return found
    embedding = keras.Model(found.model.input, found.model.output[FEATURES], name="features")
    return Trained(embedding, found.course, found.rate, found.trainings, found.moved)
