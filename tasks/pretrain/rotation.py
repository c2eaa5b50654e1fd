"""Rotation prediction: to say how an image was turned, a network must know what it shows."""

from dataclasses import dataclass
from typing import Any, ClassVar

from tasks.common import views
from tasks.common.backend import keras, tf
from tasks.common.errors import UserError
from tasks.common.objectives import Tensors, cross_entropy
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.base import Training
from tasks.common.schema.study import Network
from tasks.pretrain import pretext
from tasks.pretrain.pretext import Task

QUARTERS = 4
BLOCK = 256  # images of a validation part judged at a time


def all_turns(images: Any) -> tuple[Any, Any]:
    """Every image turned by 0, 1, 2 and 3 quarters, (4 · batch, ...), and by how many, (4 · batch,) int32."""
    turned = tf.concat([views.turned(images, quarters) for quarters in range(QUARTERS)], 0)
    return turned, tf.repeat(tf.range(QUARTERS), tf.shape(images)[0])


@dataclass(frozen=True)
class Turn(Task):
    """Tell the four apart: mean cross-entropy in nats over images and turns; and the share told right."""

    figure: ClassVar[str] = "accuracy of turns"

    def measured(self, model: keras.Model, batch: Tensors, training: bool) -> tuple[Any, Any]:
        def part(images: Any) -> tuple[Any, Any]:
            turned, quarters = all_turns(images)
            logits = model(turned, training=training)
            hits = tf.equal(tf.argmax(logits, axis=1, output_type=tf.int32), quarters)
            return cross_entropy(logits, quarters), tf.reduce_mean(tf.cast(hits, tf.float32))

        return part(batch["x"]) if training else pretext.in_blocks(part, batch["x"], BLOCK)


def run(sample: Sample, network: Network, settings: Training, seed: int) -> Trained | Failed:
    """The network with a head for the four turns; each step sees every image of its batch in all of them.

    Labels are not looked at. Where turned images mean the same (a circle, a bag from above) there is little to learn.
    Pixels that were standardised one by one give the turn away by their rim; ``scaling: unit`` does not.

    Raises:
        UserError: If the samples are no images, or are not square.

    Source: "Unsupervised representation learning by predicting image rotations", arXiv:1803.07728, section 2.
    """
    shape = sample.train.x.shape[1:]
    if len(shape) < 2 or shape[0] != shape[1]:
        raise UserError(f"pretrain 'rotation' turns square images, and samples have shape {shape}; leave it out here.")
    return pretext.train(sample, network, settings, seed, Turn(), top=pretext.linear(QUARTERS, seed))
