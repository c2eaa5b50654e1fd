"""Learn from one's own sure predictions on the target, in rounds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import softmax

from tasks.adapt import candidates, joint
from tasks.common import seeds
from tasks.common.backend import keras, tf
from tasks.common.objectives import Tensors, cross_entropy, predict
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Course, Phase
from tasks.common.samples import Array, Sample
from tasks.common.schema.adapt import SelfTraining
from tasks.common.schema.study import Network
from tasks.common.training import arrays, fit


def pseudo_labels(logits: Array, confidence: float) -> tuple[Array, Array]:
    """The likeliest class of each sample, (u,) int32, and 1 where its probability reaches ``confidence``, else 0."""
    probs = softmax(logits.astype(np.float64), axis=1)
    return probs.argmax(axis=1).astype(np.int32), (probs.max(axis=1) >= confidence).astype(np.float32)


def masked_cross_entropy(logits: Any, y: Any, sure: Any) -> Any:
    """``mean_b sure_b · CE_b`` in nats, over the whole batch: few sure samples weigh little.

    Args:
        logits: (b, classes).
        y: Pseudo-labels, (b,).
        sure: 1 for samples that count, else 0, (b,).
    """
    return tf.reduce_mean(sure * tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))


@dataclass(frozen=True)
class Objective:
    """Cross-entropy on the source plus the weighted one of the pseudo-labels of a round."""

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        source, target = (joint.logits(model, part) for part in joint.features(model, batch))
        own = masked_cross_entropy(target, batch["target_y"], batch["target_sure"])
        return cross_entropy(source, batch["y"]) + batch["weight"] * own


def run(source: Sample, unlabelled: Array, network: Network, settings: SelfTraining, seed: int) -> Trained | Failed:
    """Train on the source; then in each round label the target anew and go on training on both.

    The rounds share ``epochs`` as evenly as can be. With weight 0 or no rounds nothing follows the source. Of a round
    the last epoch is kept; ``keep`` is for the source.

    Source: "Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep Neural Networks", ICML
    workshop 2013, eq. 15; in rounds and above a confidence, for adaptation: "Domain Adaptation for Semantic
    Segmentation via Class-Balanced Self-Training", arXiv:1810.07911, section 3.1 (without its balance of classes).
    """

    def one(rate: float, weight: float) -> tuple[keras.Model, Course]:
        model, course = joint.on_source(source, network, settings, seed, rate, settings.source_epochs)
        for number, epochs in enumerate(_even(settings.epochs, settings.rounds if weight else 0), start=1):
            course = joint.followed(course, go_on(model, rate, weight, number, epochs))
        return model, course

    def go_on(model: keras.Model, rate: float, weight: float, number: int, epochs: int) -> Course:
        labels, sure = pseudo_labels(predict(model, unlabelled), settings.confidence)
        return fit(
            model,
            [Phase(f"round {number}", rate, epochs)],
            train=arrays(source.train),
            validation=arrays(source.validation),
            objective=Objective(),
            optimizer=settings.optimizer,
            batch=settings.batch,
            keep="last",
            seed=seeds.derive(seed, "round", number),
            streams={"target": {"x": unlabelled, "y": labels, "sure": sure}},
            constants={"weight": tf.constant(weight, tf.float32)},
        )

    return candidates.search(settings, source, unlabelled, one)


def _even(total: int, parts: int) -> list[int]:
    """``total`` as a sum of so many whole numbers, the larger ones first; none is 0."""
    split = [total // parts + (number < total % parts) for number in range(parts)]
    return [size for size in split if size]
