"""Metrics and image quantities against hand-made values."""

import numpy as np
import pytest
from scipy.special import softmax

from tasks.common.auxiliary import extent, ink
from tasks.common.metrics import calibration_error, measure


def test_all_figures_of_four_samples_by_hand():
    logits = np.log([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.5, 0.4, 0.1], [0.1, 0.1, 0.8]])
    figures = measure(logits, np.array([0, 1, 1, 2]))
    assert figures["accuracy"] == 0.75
    assert figures["confusion"] == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert figures["log_loss"] == pytest.approx(-np.log([0.7, 0.6, 0.4, 0.8]).mean())
    assert figures["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    # Confidences .7 .6 .5 .8 fall into bins of their own; gaps .3 .4 .5 .2
    assert figures["calibration_error"] == pytest.approx((0.3 + 0.4 + 0.5 + 0.2) / 4)


def test_a_shift_of_all_logits_of_a_sample_changes_no_figure():
    rng = np.random.default_rng(0)
    logits, y = rng.normal(size=(50, 4)), rng.integers(0, 4, 50)
    shifted = measure(logits + rng.normal(size=(50, 1)) * 100, y)
    for name, value in measure(logits, y).items():
        np.testing.assert_allclose(shifted[name], value)


def test_labels_drawn_from_the_predictions_are_calibrated_and_overconfidence_is_not():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20_000, 3)) * 2
    probs = softmax(logits, axis=1)
    y = (rng.random((len(probs), 1)) > probs.cumsum(axis=1)).sum(axis=1)
    assert calibration_error(probs, y) < 0.02
    assert calibration_error(softmax(logits * 5, axis=1), y) > 0.1


def test_a_class_that_never_occurs_does_not_break_the_figures():
    figures = measure(np.eye(3)[[0, 1, 1]], np.array([0, 1, 1]))
    assert figures["accuracy"] == 1
    assert np.isfinite(figures["macro_f1"])


def test_ink_is_the_mean_brightness():
    assert ink(np.stack([np.zeros((4, 4), np.uint8), np.full((4, 4), 255, np.uint8)])).tolist() == [0, 1]


def test_extent_is_the_share_of_the_bounding_box():
    images = np.zeros((3, 10, 10), np.uint8)
    images[0, 2:5, 3:7] = 200  # 3 rows by 4 columns
    images[1, 0, 0] = images[1, 9, 9] = 33
    images[2] = 32  # nothing above the threshold
    np.testing.assert_allclose(extent(images), [0.12, 1, 0])


def test_quantities_follow_the_image_not_its_place():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, size=(6, 8, 8)).astype(np.uint8)
    assert np.array_equal(extent(images[::-1]), extent(images)[::-1])
    np.testing.assert_allclose(ink(images[:, ::-1]), ink(images))
