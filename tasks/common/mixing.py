"""Augmentation, mixup, cutmix and class weights: what a training may do to its samples, as an objective.

Everything is drawn from the step's own seed, so that two runs agree bit for bit, and what is off draws nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.common import views
from tasks.common.backend import keras, tf
from tasks.common.objectives import Array, Objective, Tensors, class_logits, plain
from tasks.common.samples import Sample
from tasks.common.schema.mixing import Mixing

WEIGHTS = "class_weights"


@dataclass(frozen=True)
class Mixed:
    """Cross-entropy of changed and mixed samples; with everything off it has the value of `plain`.

    A mixture of x, y and x', y' with share λ has the loss ``λ ℓ(y) + (1 - λ) ℓ(y')``. λ is drawn once a step from
    Beta(a, a), and each sample's partner is another of the batch, or itself.

    Source: "mixup: Beyond Empirical Risk Minimization", arXiv:1710.09412, section 2; for the boxes see `cut`.
    """

    shift: int = 0
    noise: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    flip: bool = False

    @property
    def on_features(self) -> bool:
        """Whether inputs stay as they are, so that frozen layers need not see them anew; see `training.search`."""
        return not (self.shift or self.noise or self.mixup or self.cutmix or self.flip)

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        x, y, weights = batch["x"], batch["y"], batch.get(WEIGHTS)
        for_shift, for_noise, for_partner, for_share, for_place, for_flip = seeds(batch)
        if self.flip:
            x = views.flipped(x, for_flip, 0.5)
        if self.shift:
            x = shifted(x, self.shift, for_shift)
        if self.noise:
            x += tf.random.stateless_normal(tf.shape(x), for_noise, stddev=self.noise)
        if not (self.mixup or self.cutmix):
            return weighted(class_logits(model(x, training=True)), y, weights)
        partner = tf.argsort(tf.random.stateless_uniform(tf.shape(y), for_partner))
        if self.mixup:
            share = beta(self.mixup, for_share)
            x = share * x + (1 - share) * tf.gather(x, partner)
        else:
            x, share = cut(x, tf.gather(x, partner), beta(self.cutmix, for_share), for_place)
        logits = class_logits(model(x, training=True))
        return share * weighted(logits, y, weights) + (1 - share) * weighted(logits, tf.gather(y, partner), weights)


def seeds(batch: Tensors) -> list[Any]:
    """A seed for everything that is drawn in a step."""
    drawn: list[Any] = tf.unstack(tf.random.split(batch["seed"], 6))
    return drawn


def arguments(settings: Mixing, sample: Sample) -> dict[str, Any]:
    """Objective and constants for `tasks.common.training.search`; `plain` and none where all is off."""
    return {"objective": objective(settings), "constants": constants(settings, sample)}


def objective(settings: Mixing) -> Objective:
    """The objective of a training with these settings. All off, it is `plain`: the same trace, the same bytes."""
    mixed = Mixed(settings.shift, settings.noise, settings.mixup, settings.cutmix, settings.flip)
    return plain if mixed == Mixed() and not settings.balanced else mixed


def constants(settings: Mixing, sample: Sample) -> Mapping[str, Array]:
    """The classes' weights, where they are asked for."""
    return {WEIGHTS: class_weights(sample.train.y, len(sample.classes))} if settings.balanced else {}


def class_weights(y: Array, classes: int) -> Array:
    """``n / (classes · n_c)`` of each class, (classes,) float32: their mean over the samples is 1.

    The "balanced" rule of scikit-learn, after "Logistic regression in rare events data",
    doi:10.1093/oxfordjournals.pan.a004868, where a class weighs by its share among all over its share in the sample.
    """
    counts = np.bincount(y, minlength=classes)
    return (len(y) / (classes * np.maximum(counts, 1))).astype(np.float32)


def weighted(logits: Any, y: Any, weights: Any | None) -> Any:
    """Mean over the batch of each sample's cross-entropy in nats, times the weight of its class if there are any."""
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
    return tf.reduce_mean(losses if weights is None else losses * tf.gather(weights, y))


def beta(parameter: float, seed: Any) -> Any:
    """A draw from Beta(a, a), scalar float32: the share of the first sample in a mixture.

    From the logarithms of two Gamma draws, ``log G(a) = log G(a + 1) + log(U) / a``: at a small ``a`` the
    draws themselves are 0 in float32.
    """
    first, second = tf.unstack(tf.random.split(seed, 2))
    gammas = tf.math.log(tf.random.stateless_gamma((2,), first, alpha=parameter + 1))
    gammas += tf.math.log(tf.random.stateless_uniform((2,), second, minval=1e-30)) / parameter
    return tf.sigmoid(gammas[0] - gammas[1])


def shifted(x: Any, most: int, seed: Any) -> Any:
    """Images (b, h, w, ...), each moved by whole pixels, up to ``most`` each way; the rim's pixels fill what opens."""
    down, right = tf.unstack(tf.random.stateless_uniform((2, tf.shape(x)[0]), seed, -most, most + 1, tf.int32))
    for axis, by in ((1, down), (2, right)):
        places = tf.clip_by_value(tf.range(x.shape[axis])[None] - by[:, None], 0, x.shape[axis] - 1)
        x = tf.gather(x, places, axis=axis, batch_dims=1)
    return x


def cut(x: Any, other: Any, share: Any, seed: Any) -> tuple[Any, Any]:
    """Images with a box of other images in it, and the share of pixels that are left of the first.

    The box has sides √(1 - share) of the image's, its centre anywhere; the rim cuts it.

    Source: "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features",
    arXiv:1905.04899, section 3.1.

    Args:
        x: (b, h, w, ...).
        other: The same shape.
        share: Of the first images, scalar, before the rim cuts.
    """
    height, width = x.shape[1:3]
    inside = []
    for side, at in zip((height, width), tf.unstack(tf.random.stateless_uniform((2,), seed)), strict=True):
        centre = tf.cast(at * side, tf.int32)
        half = tf.cast(side * tf.sqrt(1 - share), tf.int32) // 2
        inside.append((tf.range(side) >= centre - half) & (tf.range(side) < centre + half))
    box = inside[0][:, None] & inside[1][None]  # (h, w)
    mask = tf.reshape(box, (1, height, width, *[1] * (len(x.shape) - 3)))
    return tf.where(mask, other, x), 1 - tf.reduce_mean(tf.cast(box, tf.float32))
