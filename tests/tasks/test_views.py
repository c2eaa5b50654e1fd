"""Random views: what each may change, how much of it, and that no amount is no change."""

import numpy as np
import pytest
import tensorflow as tf

from tasks.common import views

SEED = tf.constant([3, 4])
RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(12, 5)).astype(np.float32)
IMAGES = RNG.normal(size=(12, 8, 8)).astype(np.float32)
DEEP = RNG.normal(size=(12, 8, 8, 2)).astype(np.float32)
POOL = (RNG.random(size=(50, 5)) + 10 * np.arange(1, 6)).astype(np.float32)  # column c has values from 10(c + 1) on


@pytest.mark.parametrize(
    "same",
    [
        lambda: (views.noisy(ROWS, SEED, 0.0), ROWS),
        lambda: (views.resampled(tf.constant(ROWS), SEED, 0.0, POOL), ROWS),
        lambda: (views.shifted(tf.constant(IMAGES), SEED, 0), IMAGES),
        lambda: (views.cropped(tf.constant(IMAGES), SEED, 1.0), IMAGES),
        lambda: (views.flipped(tf.constant(IMAGES), SEED, 0.0), IMAGES),
        lambda: (views.turned(tf.constant(IMAGES), 4), IMAGES),
    ],
)
def test_an_amount_that_changes_nothing_gives_the_same_bits(same):
    assert np.array_equal(*same())


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.5, 0.9, 1.0])
def test_the_share_of_features_chosen_is_exact_in_each_row(share: float):
    count = max(round(share * 20), int(share > 0))
    assert np.array_equal(tf.reduce_sum(tf.cast(views.chosen((40, 20), SEED, share), tf.int32), 1), [count] * 40)


def test_every_feature_is_chosen_as_often_as_any_other_and_another_seed_chooses_others():
    often = tf.reduce_mean(tf.cast(views.chosen((4000, 10), SEED, 0.3), tf.float32), 0)
    np.testing.assert_allclose(often, [0.3] * 10, atol=0.04)  # five deviations of a share of 4,000
    again, other = views.chosen((9, 10), SEED, 0.3), views.chosen((9, 10), views.fold(SEED, 1), 0.3)
    assert np.array_equal(again, views.chosen((9, 10), SEED, 0.3))
    assert not np.array_equal(again, other)


def test_a_resampled_feature_has_a_value_of_its_own_column_and_the_others_stay():
    seen = views.resampled(tf.constant(ROWS), SEED, 0.4, POOL).numpy()
    changed = seen != ROWS
    assert np.array_equal(changed.sum(axis=1), [2] * 12)
    for row, column in zip(*np.nonzero(changed), strict=True):
        assert seen[row, column] in POOL[:, column]


def test_resampled_features_of_a_row_come_from_different_rows_of_the_pool():
    """Features lose their ties: where all of a row is resampled, it is no row of the pool."""
    tied = np.repeat(np.arange(50.0, dtype=np.float32)[:, None], 5, axis=1)
    seen = views.resampled(tf.zeros((40, 5)), SEED, 1.0, tied).numpy()
    assert (np.ptp(seen, axis=1) > 0).all()
    assert len(np.unique(seen)) > 40  # all of the pool is drawn from


@pytest.mark.parametrize("images", [IMAGES, DEEP])
def test_a_shifted_image_is_the_image_moved_with_its_rim_repeated(images: np.ndarray):
    seen = views.shifted(tf.constant(images), SEED, 2).numpy()
    steps = set()
    for before, after in zip(images, seen, strict=True):
        padded = np.pad(before, [(2, 2), (2, 2), *[(0, 0)] * (before.ndim - 2)], mode="edge")
        fits = [(r, c) for r in range(5) for c in range(5) if np.array_equal(padded[r : r + 8, c : c + 8], after)]
        assert len(fits) == 1
        steps.add(fits[0])
    assert len(steps) > 5  # each image by its own step
    assert {0, 4} & {r for r, _ in steps}


def test_a_crop_enlarges_a_part_whose_side_is_within_the_limits():
    """On the ramps x and y, a crop is a ramp whose slope is the side, the same on both axes."""
    down, across = np.meshgrid(np.arange(9.0), np.arange(9.0), indexing="ij")
    ramps = np.repeat(np.stack([down, across], axis=-1)[None], 50, axis=0).astype(np.float32)
    seen = views.cropped(tf.constant(ramps), SEED, 0.6).numpy()
    slopes = np.stack([np.diff(seen[..., 0], axis=1)[:, 0, 0], np.diff(seen[..., 1], axis=2)[:, 0, 0]])
    np.testing.assert_allclose(slopes[0], slopes[1], rtol=1e-4)
    assert slopes.min() >= 0.6 - 1e-5
    assert slopes.max() <= 1
    assert slopes.max() - slopes.min() > 0.3
    assert seen.min() >= -1e-5
    assert seen.max() <= 8 + 1e-5
    grey = views.cropped(tf.constant(ramps[..., 0]), SEED, 0.6)
    assert np.array_equal(grey, seen[..., 0])


def test_a_flip_mirrors_left_to_right_with_its_chance():
    mirrored = IMAGES[:, :, ::-1]
    assert np.array_equal(views.flipped(tf.constant(IMAGES), SEED, 1.0), mirrored)
    half = views.flipped(tf.constant(np.repeat(IMAGES, 20, axis=0)), SEED, 0.5).numpy()
    flips = np.array([np.array_equal(a, b) for a, b in zip(half, np.repeat(mirrored, 20, axis=0), strict=True)])
    assert 0.3 < flips.mean() < 0.7


@pytest.mark.parametrize("images", [IMAGES, DEEP])
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turn_is_numpys(images: np.ndarray, quarters: int):
    assert np.array_equal(views.turned(tf.constant(images), quarters), np.rot90(images, quarters, axes=(1, 2)))


def test_oblong_images_are_not_turned():
    with pytest.raises(ValueError, match="8 x 6 cannot be turned"):
        views.turned(tf.zeros((2, 8, 6)), 1)


@pytest.mark.parametrize("images", [IMAGES, DEEP])
def test_squares_are_hidden_whole_on_a_grid_with_all_channels(images: np.ndarray):
    seen = views.hidden(tf.constant(images), SEED, 0.5, 3).numpy().reshape(12, 8, 8, -1)
    assert (seen == seen[..., :1]).all()
    corners = seen[:, ::3, ::3, 0]  # a grid of 3 x 3, cut at the rim
    assert np.array_equal(corners.sum(axis=(1, 2)), [round(4.5)] * 12)
    assert np.array_equal(np.kron(corners, np.ones((1, 3, 3), bool))[:, :8, :8], seen[..., 0])


def test_rows_have_no_squares():
    assert np.array_equal(views.hidden(tf.constant(ROWS), SEED, 0.4, 3), views.hidden(tf.constant(ROWS), SEED, 0.4))


def test_noise_has_the_deviation_asked_for():
    added = views.noisy(tf.zeros((200, 50)), SEED, 0.3).numpy()
    assert added.std() == pytest.approx(0.3, rel=0.03)
    assert added.mean() == pytest.approx(0, abs=0.01)
