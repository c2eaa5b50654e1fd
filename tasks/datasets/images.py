"""Bring images to the size of another data set's, the same bytes on every machine."""

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
BLOCK = 4096  # images at once; a block of the largest, 105 × 105, then has 360 MB as float64


def centre(images: Images, side: int) -> Images:
    """The central ``side`` × ``side`` pixels of images (n, height, width); what is odd is cut at bottom and right.

    Raises:
        ValueError: If the images are smaller than that.
    """
    top, left = ((length - side) // 2 for length in images.shape[1:])
    if min(top, left) < 0:
        raise ValueError(f"images of {images.shape[1]} × {images.shape[2]} have no centre of {side} × {side}")
    return images[:, top : top + side, left : left + side]


def shrink(images: Images, side: int) -> Images:
    """Square images (n, large, large) as (n, side, side): each new pixel is the mean over the area it covers.

    A new pixel covers ``large / side`` old ones each way, of those at its rim a part. Means are rounded to whole
    numbers, halves up. All sums are of whole numbers below 2⁵³, so they are exact in any order of adding, and with
    any BLAS.

    Raises:
        ValueError: If the images are not square, or smaller than ``side``.
    """
    height, width = images.shape[1:]
    if height != width or height < side:
        raise ValueError(f"images of {height} × {width} cannot be averaged to {side} × {side}")
    if height == side:
        return images
    weights = overlaps(height, side).astype(np.float64)
    blocks = (images[start : start + BLOCK] for start in range(0, len(images), BLOCK))
    means = [_rounded((weights @ block.astype(np.float64) @ weights.T).astype(np.int64), height**2) for block in blocks]
    return np.concatenate(means) if means else np.empty((0, side, side), np.uint8)


def overlaps(large: int, small: int) -> NDArray[np.int64]:
    """How much of each old pixel lies in each new one along one axis, in 1/small of a pixel: (small, large)."""
    old, new = np.arange(large) * small, np.arange(small)[:, None] * large
    shared: NDArray[np.int64] = np.minimum(old + small, new + large) - np.maximum(old, new)
    return np.maximum(shared, 0)


def _rounded(sums: NDArray[np.int64], weight: int) -> Images:
    """``sums / weight`` to the nearest whole number, halves up."""
    return ((2 * sums + weight) // (2 * weight)).astype(np.uint8)
