"""Distillation on samples without labels: the teacher says what it thinks of them, and the student learns that."""

from dataclasses import dataclass
from typing import Any

from tasks.common import scratch
from tasks.common.backend import keras, tf
from tasks.common.errors import UserError
from tasks.common.objectives import Tensors, class_logits, cross_entropy
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Array, Sample
from tasks.common.schema.distill import Logits, Unlabelled
from tasks.common.schema.study import Network
from tasks.distill.logits import soft_loss
from tasks.distill.teaching import Lesson

STREAM = "further"


@dataclass(frozen=True)
class Objective:
    """Cross-entropy of labelled samples, and ``weight`` of the soft loss of as many further ones in its stead.

    ``(1 - weight) · CE(labelled) + weight · soft(further)``, shared out as in 'logits'. Weight 0 is plain training,
    bit for bit. Both kinds pass the network in one batch.
    """

    temperature: float
    weight: float

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        if self.weight == 0:
            return cross_entropy(class_logits(model(batch["x"], training=True)), batch["y"])
        samples = tf.shape(batch["x"])[0]
        logits = class_logits(model(tf.concat([batch["x"], batch[f"{STREAM}_x"]], axis=0), training=True))
        hard = cross_entropy(logits[:samples], batch["y"])
        soft = soft_loss(logits[samples:], batch[f"{STREAM}_teacher"], temperature=self.temperature)
        return (1 - self.weight) * hard + self.weight * soft


def train(sample: Sample, x: Array, x_logits: Array, network: Network, settings: Logits, seed: int) -> Trained | Failed:
    """A fresh student on the labels of a sample and on what the teacher said of further inputs.

    An epoch passes the labelled samples once, and beside them as many of the further ones, in an order of their own.

    Args:
        x: Further inputs, scaled, (u, ...), u > 0.
        x_logits: The teacher's, (u, classes).
    """
    return scratch.train(
        sample,
        network,
        settings,
        seed,
        objective=Objective(settings.temperature, settings.weight),
        streams={STREAM: {"x": x, "teacher": x_logits}},
    )


def run(sample: Sample, lesson: Lesson, network: Network, settings: Unlabelled, seed: int) -> Trained | Failed:
    """A fresh student on labels of the labelled, and on soft targets of the unlabelled target samples.

    Raises:
        UserError: If there are none of these.

    Source: "Big Self-Supervised Models are Strong Semi-Supervised Learners", arXiv:2006.10029, section 2, where the
    labelled samples have soft targets too.
    """
    if not len(lesson.x):
        raise UserError("unlabelled distillation has no unlabelled samples; set data.target.unlabelled above 0.")
    return train(sample, lesson.x, lesson.x_logits, network, settings, seed)
