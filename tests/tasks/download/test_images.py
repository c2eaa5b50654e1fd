"""Making images smaller: exact means over areas, the same on every machine."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest

from tasks.datasets.images import centre, overlaps, shrink

RNG = np.random.default_rng(0)


def defined(image: np.ndarray, side: int) -> list[list[int]]:
    """The mean over each new pixel's area, in exact fractions; halves go up."""
    step = Fraction(len(image), side)

    def share(new: int, old: int) -> Fraction:
        return max(Fraction(0), min((new + 1) * step, Fraction(old + 1)) - max(new * step, Fraction(old))) / step

    weights = [[share(new, old) for old in range(len(image))] for new in range(side)]

    def mean(down: list[Fraction], across: list[Fraction]) -> Fraction:
        rows = [(weight, row) for weight, row in zip(down, image.tolist(), strict=True) if weight]
        return sum((w * a * p for w, row in rows for a, p in zip(across, row, strict=True) if a), Fraction(0))

    return [[floor(mean(down, across) + Fraction(1, 2)) for across in weights] for down in weights]


@pytest.mark.parametrize(("large", "small"), [(20, 8), (105, 28), (28, 14), (7, 7), (5, 1), (9, 8)])
def test_a_pixel_is_the_mean_over_its_area(large: int, small: int) -> None:
    images = RNG.integers(0, 256, (2, large, large), np.uint8)
    found = shrink(images, small)
    assert found.shape == (2, small, small)
    assert found.dtype == np.uint8
    assert found.tolist() == [defined(image, small) for image in images]


def test_halves_go_up() -> None:
    image = np.array([[[0, 1], [1, 0]], [[255, 254], [254, 255]], [[0, 0], [1, 0]]], np.uint8)
    assert shrink(image, 1).ravel().tolist() == [1, 255, 0]


@pytest.mark.parametrize("value", [0, 1, 255])
def test_an_even_image_stays_even(value: int) -> None:
    assert (shrink(np.full((1, 105, 105), value, np.uint8), 28) == value).all()


def test_turning_an_image_round_turns_the_result_round() -> None:
    images = RNG.integers(0, 256, (3, 20, 20), np.uint8)
    for change in (lambda x: x.transpose(0, 2, 1), lambda x: x[:, ::-1], lambda x: x[:, :, ::-1]):
        np.testing.assert_array_equal(shrink(change(images), 8), change(shrink(images, 8)))


def test_every_old_pixel_counts_once() -> None:
    weights = overlaps(20, 8)
    assert weights.sum(0).tolist() == [8] * 20
    assert weights.sum(1).tolist() == [20] * 8


def test_many_images_are_the_same_as_one_by_one() -> None:
    images = RNG.integers(0, 256, (4100, 4, 4), np.uint8)
    np.testing.assert_array_equal(shrink(images, 3)[4090:], np.concatenate([shrink(x[None], 3) for x in images[4090:]]))
    assert shrink(images[:0], 3).shape == (0, 3, 3)


def test_the_centre_is_in_the_middle() -> None:
    images = np.zeros((1, 28, 28), np.uint8)
    images[0, 4:24, 4:24] = 1
    assert centre(images, 20).sum() == images.sum()
    assert centre(images, 28).shape == (1, 28, 28)
    odd = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)
    assert centre(odd, 1).tolist() == [[[5]]], "the row and column that are over are cut at bottom and right"


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 20, 21)])
def test_what_cannot_be_averaged_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="cannot be averaged to 9 × 9"):
        shrink(np.zeros(shape, np.uint8), 9)
    with pytest.raises(ValueError, match="no centre of 22 × 22"):
        centre(np.zeros(shape, np.uint8), 22)
