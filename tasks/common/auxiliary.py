"""Quantities that can be computed from an image without its label, for multi-task learning."""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def ink(images: Array) -> Array:
    """Mean brightness of each image, (n, height, width) uint8 -> (n,) float32 in 0..1."""
    brightness: Array = images.reshape(len(images), -1).mean(axis=1) / 255
    return brightness.astype(np.float32)


def extent(images: Array, threshold: int = 32) -> Array:
    """Share of the frame's area that the bounding box of pixels above ``threshold`` covers, (n,) float32.

    0 for an image without such a pixel.
    """
    bright: Array = images > threshold
    sides = [_span(np.logical_or.reduce(bright, axis=axis)) for axis in (1, 2)]
    share: Array = sides[0] * sides[1] / (images.shape[1] * images.shape[2])
    return share.astype(np.float32)


def _span(hits: Array) -> Array:
    """Distance from the first to the last hit of each row, both included, (n, length) bool -> (n,)."""
    length = hits.shape[1]
    first, last = hits.argmax(axis=1), length - hits[:, ::-1].argmax(axis=1)
    return np.where(hits.any(axis=1), last - first, 0)


QUANTITIES: dict[str, Callable[[Array], Array]] = {"ink": ink, "extent": extent}
