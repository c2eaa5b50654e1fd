"""Seeded random changes of a batch that leave its meaning alone: what contrast, corruption and augmentation draw from.

Every function is called (x, seed, amount): ``x`` float32 rows (batch, features) or images (batch, height, width) or
(batch, height, width, channels); ``seed`` (2,) int32, for stateless random numbers. An amount that changes nothing
gives ``x`` itself, bit for bit. Pixels are taken as they are given: where each was standardised by itself, a shifted
image is not quite the standardised shifted image; ``scaling: unit`` has no such seam.
"""

from typing import Any

from tasks.common.backend import tf


def fold(seed: Any, number: int) -> Any:
    """Another seed, (2,) int32: the ``number``-th of those that belong to ``seed``."""
    return tf.random.experimental.stateless_fold_in(seed, number)


def noisy(x: Any, seed: Any, deviation: float) -> Any:
    """``x`` plus Gaussian noise of mean 0 and this deviation, in the unit of ``x``."""
    if deviation == 0:
        return x
    return x + deviation * tf.random.stateless_normal(tf.shape(x), seed)


def chosen(shape: tuple[Any, int], seed: Any, share: float) -> Any:
    """Of each row, ``round(share * features)`` features at random, at least one if the share is above 0.

    Args:
        shape: (batch, features); the batch may be a tensor.
        share: 0..1.

    Returns:
        bool, (batch, features).
    """
    count = max(round(share * shape[1]), int(share > 0))
    if count in (0, shape[1]):
        return tf.fill(shape, count > 0)
    draws = tf.random.stateless_uniform(shape, seed)
    return draws <= tf.sort(draws, axis=1)[:, count - 1 : count]


def hidden(x: Any, seed: Any, share: float, patch: int = 1) -> Any:
    """Which features to hide, bool, the shape of ``x``; of images, squares of ``patch`` × ``patch`` pixels.

    The squares lie on a grid; those at the rim may be cut. A square hides all channels. Rows have no squares.
    """
    batch = tf.shape(x)[0]
    if x.shape.rank == 2 or patch == 1:
        features = x.shape[1:].num_elements()
        return tf.reshape(chosen((batch, features), seed, share), tf.shape(x))
    height, width = x.shape[1:3]
    rows, columns = -(-height // patch), -(-width // patch)
    grid = tf.reshape(chosen((batch, rows * columns), seed, share), (batch, rows, columns))
    squares = tf.repeat(tf.repeat(grid, patch, axis=1), patch, axis=2)[:, :height, :width]
    return tf.broadcast_to(squares if x.shape.rank == 3 else squares[..., None], tf.shape(x))


def resampled(x: Any, seed: Any, share: float, pool: Any) -> Any:
    """Rows of which a share of the features, `chosen` anew in each, has the value of a random row of ``pool``.

    Each value is drawn by itself, so that a feature keeps its own distribution and loses its ties to the others.

    Args:
        x: Rows, (batch, features).
        pool: Rows to draw from, (n, features): the training part.

    Source: "SCARF: Self-supervised contrastive learning using random feature corruption", arXiv:2106.15147, section 3.
    """
    shape = tf.shape(x)
    rows = tf.random.stateless_uniform(shape, fold(seed, 1), 0, tf.shape(pool)[0], tf.int32)
    columns = tf.broadcast_to(tf.range(shape[1]), shape)
    drawn = tf.gather_nd(pool, tf.stack([rows, columns], axis=-1))
    return tf.where(chosen((shape[0], x.shape[1]), fold(seed, 0), share), drawn, x)


def shifted(images: Any, seed: Any, most: int) -> Any:
    """Each image moved by -most..most whole pixels down and across; what comes in repeats the rim."""
    if most == 0:
        return images
    count, (height, width) = tf.shape(images)[0], images.shape[1:3]
    steps = tf.random.stateless_uniform((count, 2), seed, -most, most + 1, tf.int32)
    rows = tf.clip_by_value(tf.range(height)[None] - steps[:, :1], 0, height - 1)  # (batch, height)
    columns = tf.clip_by_value(tf.range(width)[None] - steps[:, 1:], 0, width - 1)
    return tf.gather(tf.gather(images, rows, axis=1, batch_dims=1), columns, axis=2, batch_dims=1)


def cropped(images: Any, seed: Any, smallest: float) -> Any:
    """A square part of each image, with sides of ``smallest``..1 of its own, enlarged to the whole (bilinear)."""
    if smallest == 1:
        return images
    count, (height, width) = tf.shape(images)[0], images.shape[1:3]
    side, top, left = tf.unstack(tf.random.stateless_uniform((count, 3), seed), axis=1)
    side = smallest + (1 - smallest) * side
    top, left = (1 - side) * top, (1 - side) * left
    boxes = tf.stack([top, left, top + side, left + side], axis=1)
    deep = images if images.shape.rank == 4 else images[..., None]
    parts = tf.image.crop_and_resize(deep, boxes, tf.range(count), (height, width))
    return parts if images.shape.rank == 4 else parts[..., 0]


def flipped(images: Any, seed: Any, chance: float) -> Any:
    """Each image mirrored left to right with this chance."""
    if chance == 0:
        return images
    draws = tf.random.stateless_uniform((tf.shape(images)[0],), seed) < chance
    return tf.where(tf.reshape(draws, [-1] + [1] * (images.shape.rank - 1)), tf.reverse(images, [2]), images)


def turned(images: Any, quarters: int) -> Any:
    """Images turned by so many quarters of a circle against the clock, the same for all.

    Raises:
        ValueError: If the images are not square.
    """
    if images.shape[1] != images.shape[2]:
        raise ValueError(f"images of {images.shape[1]} x {images.shape[2]} cannot be turned; they must be square")
    for _ in range(quarters % 4):
        images = tf.reverse(tf.experimental.numpy.swapaxes(images, 1, 2), [1])
    return images
