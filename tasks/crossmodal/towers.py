"""Two towers, one for images and one for descriptions, that meet in one space."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks import models
from tasks.common.backend import keras, tf
from tasks.common.objectives import Objective, Tensors
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Array
from tasks.common.schema.base import Training
from tasks.common.schema.study import Network
from tasks.common.training import search
from tasks.crossmodal.seen import Seen
from tasks.models.dense import HEAD, linear

TEXTS = "texts"


def join(images: keras.Model, width: int, make: keras.layers.Layer) -> keras.Model:
    """An image network (batch, ...) -> (batch, space), and a layer for descriptions (k, width) -> (k, space).

    Returns:
        [images, descriptions] -> {``head``: of images, ``texts``: of descriptions}; the two sides have nothing in
        common, not even the number of rows.
    """
    text = keras.Input((width,), name="text")
    return keras.Model([images.input, text], {HEAD: images.output, TEXTS: make(text)}, name="towers")


def projected(network: Network, seen: Seen, space: int, seed: int) -> keras.Model:
    """A fresh image network into a space of its own, and a linear layer that brings descriptions there."""
    images = models.build(network, seen.sample.train.x.shape[1:], space, seed)
    return join(images, seen.texts.shape[1], linear(space, TEXTS, seed))


def fixed(network: Network, seen: Seen, seed: int) -> keras.Model:
    """A fresh image network into the space of the descriptions, which stay as they are."""
    width = seen.texts.shape[1]
    return join(models.build(network, seen.sample.train.x.shape[1:], width, seed), width, same())


def same() -> keras.layers.Layer:
    """The layer that leaves descriptions as they are."""
    return keras.layers.Identity(name=TEXTS)


def cosines(images: Any, texts: Any) -> Any:
    """Cosine of each image with each text, (n, space) and (k, space) -> (n, k); one without any length has 0."""
    return tf.matmul(tf.math.l2_normalize(images, 1), tf.math.l2_normalize(texts, 1), transpose_b=True)


def both(model: keras.Model, batch: Tensors, training: bool) -> tuple[Any, Any]:
    """The batch's images and all the descriptions that the constants hold, where they meet."""
    met = model([batch["x"], batch[TEXTS]], training=training)
    return met[HEAD], met[TEXTS]


def scores(model: keras.Model, x: Array, texts: Array, batch: int = 1024) -> Array:
    """How well each scaled image fits each description: cosines (n, k) float32, the larger the better."""
    parts = [both(model, {"x": x[start : start + batch], TEXTS: texts}, False) for start in range(0, len(x), batch)]
    return np.concatenate([np.asarray(cosines(*part)) for part in parts])


@dataclass(frozen=True)
class HeldOut:
    """The criterion of a matching loss: itself, and the share of images nearest to their class's description.

    The images are of seen classes: those held out are no part of any choice.
    """

    loss: Callable[[Any, Any, Any], Any]

    def __call__(self, model: keras.Model, held_out: Tensors) -> tuple[Any, Any]:
        images, texts = both(model, held_out, training=False)
        nearest = tf.argmax(cosines(images, texts), axis=1, output_type=held_out["y"].dtype)
        hits = tf.cast(tf.equal(nearest, held_out["y"]), tf.float32)
        return self.loss(images, texts, held_out["y"]), tf.reduce_mean(hits)


@dataclass(frozen=True)
class Match:
    """The objective of a matching loss, which is called (images (n, space), texts (classes, space), y (n,))."""

    loss: Callable[[Any, Any, Any], Any]

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        return self.loss(*both(model, batch, training=True), batch["y"])


def train(
    seen: Seen,
    settings: Training,
    seed: int,
    build: Callable[[], keras.Model],
    loss: Callable[[Any, Any, Any], Any],
) -> Trained | Failed:
    """Train both towers by a loss; its value on further images of seen classes chooses rate and epoch.

    Equal losses must compare equal, as frozen dataclasses do, since traced loops are kept for them.
    """
    objective: Objective = Match(loss)
    return search(
        settings,
        seen.sample,
        build=build,
        phases=lambda rate: [Phase("all", rate, settings.epochs)],
        seed=seed,
        objective=objective,
        criterion=HeldOut(loss),
        constants={TEXTS: seen.texts},
    )
