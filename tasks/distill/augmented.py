"""Distillation on made-up samples: where data are few, the teacher labels inputs drawn near those there are."""

import numpy as np

from tasks.common import seeds
from tasks.common.objectives import predict
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Array, Sample, Scaling
from tasks.common.schema.distill import Augmented
from tasks.common.schema.study import Network
from tasks.distill import unlabelled
from tasks.distill.teaching import Lesson


def munge(x: Array, copies: int, swap: float, spread: float, rng: np.random.Generator) -> Array:
    """Rows between each row and its nearest neighbour.

    Each value is replaced with probability ``swap``, independently, by a draw from a normal distribution around
    the neighbour's value, whose deviation is ``spread`` times the distance of the two values. So rows stay near
    the surface that the data lie on, which noise in all directions leaves.

    Args:
        x: Scaled rows, (n, features), n > 1; all features count as continuous.
        copies: Made-up rows for each row.
        swap: The paper's p, 0..1; at 0 the copies are the rows.
        spread: The paper's 1/s; at 0 a replaced value is the neighbour's.

    Returns:
        (copies · n, features) float32, the copies one after another.

    Source: "Model Compression", doi:10.1145/1150402.1150464 (Bucila et al., 2006), algorithm MUNGE. There the
    neighbour takes the row's value in turn, and neighbours are sought again among the changed rows; here every
    copy comes from the rows as they are.
    """
    distances = np.square(x[:, None, :] - x[None, :, :]).sum(axis=-1)
    np.fill_diagonal(distances, np.inf)
    near = x[distances.argmin(axis=1)]
    shape = (copies, *x.shape)
    drawn = near + spread * np.abs(x - near) * rng.standard_normal(shape)
    mixed = np.where(rng.random(shape) < swap, drawn, x)
    return mixed.reshape(-1, x.shape[1]).astype(np.float32)


def shifted(images: Array, copies: int, pixels: int, rng: np.random.Generator) -> Array:
    """Images moved by up to ``pixels`` in both directions, each by its own draw; what moves in is black.

    Args:
        images: Unscaled, 0 is black, (n, height, width) or (n, height, width, channels).
        copies: Moved images for each image.
        pixels: Largest move; at 0 the copies are the images.

    Returns:
        (copies · n, ...), the copies one after another, of the same type.
    """
    height, width = images.shape[1:3]
    frame = ((0, 0), (pixels, pixels), (pixels, pixels), *[(0, 0)] * (images.ndim - 3))
    framed = np.pad(images, frame)
    corners = rng.integers(0, 2 * pixels, size=(copies * len(images), 2), endpoint=True)
    return np.stack(
        [framed[i % len(images), top : top + height, left : left + width] for i, (top, left) in enumerate(corners)]
    )


def made_up(x: Array, scaling: Scaling, settings: Augmented, rng: np.random.Generator) -> Array:
    """Scaled inputs drawn near scaled inputs ``x``: rows by `munge`, images by `shifted` before they are scaled.

    A pixel's scaling is its own, so that moving scaled images would be no move of what they show.
    """
    if x.ndim == 2:
        return munge(x, settings.copies, settings.swap, settings.spread, rng)
    images = x * scaling.scale + scaling.shift
    return scaling(shifted(images, settings.copies, settings.shift, rng))


def run(sample: Sample, lesson: Lesson, network: Network, settings: Augmented, seed: int) -> Trained | Failed:
    """A fresh student on labels, and on what the teacher says of made-up samples: asked once, before training.

    The draw hangs on the repeat's seed alone.
    """
    rng = seeds.generator(seed, "augmented")
    x = made_up(sample.train.x, lesson.scaling, settings, rng)
    return unlabelled.train(sample, x, predict(lesson.teacher, x), network, settings, seed)
