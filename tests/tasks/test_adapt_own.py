"""The model's own predictions and statistics: `self-training` (Lee, 2013) and `adabn` (Li et al., 2016)."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import softmax

from tasks.adapt import adabn, self_training
from tasks.common.objectives import predict
from tasks.models import convolutional, dense, surgery
from tests.tasks import adapt_toys, toys
from tests.tasks.adapt_toys import moved, trained


@functools.cache
def on_source() -> keras.Model:
    return trained("source-only").model


def test_pseudo_labels_are_the_likeliest_classes_and_sure_at_or_above_the_confidence():
    logits = np.array([[2.0, 0.0, 0.0], [0.1, 0.0, 0.0], [0.0, 0.0, 9.0]], np.float32)
    highest = softmax(logits.astype(np.float64), axis=1).max(axis=1)
    labels, sure = self_training.pseudo_labels(logits, float(highest[0]))
    assert labels.tolist() == [0, 0, 2]
    assert sure.tolist() == [1, 0, 1]
    assert self_training.pseudo_labels(logits, 0.0)[1].tolist() == [1, 1, 1]


def test_the_loss_of_pseudo_labels_is_a_mean_over_the_whole_batch():
    logits, y, sure = np.random.default_rng(0).normal(size=(4, 3)), np.array([0, 2, 1, 1]), np.array([1.0, 0, 1, 0])
    each = np.logaddexp.reduce(logits, axis=1) - logits[np.arange(4), y]
    found = self_training.masked_cross_entropy(tf.constant(logits), y, tf.constant(sure))
    assert float(found) == pytest.approx((each[0] + each[2]) / 4, rel=1e-9)
    assert float(self_training.masked_cross_entropy(tf.constant(logits), y, tf.zeros(4, tf.float64))) == 0


def test_where_nothing_is_sure_the_weight_does_not_matter():
    """Confidence 1 is never reached, and without batch normalisation the target's inputs have no other way in."""
    limit = {"confidence": 1.0, "network": toys.NETWORK}
    first, other = (trained("self-training", weights=[w], **limit).model for w in (0.3, 3.0))
    assert toys.same(first, other)
    assert toys.same(first, trained("self-training", x=adapt_toys.unlabelled(seed=2), **limit).model)


def test_every_round_labels_the_target_anew(monkeypatch: pytest.MonkeyPatch):
    said = []

    def listening(logits: np.ndarray, confidence: float):
        said.append(logits.copy())
        return original(logits, confidence)

    original = self_training.pseudo_labels
    monkeypatch.setattr(self_training, "pseudo_labels", listening)
    course = trained("self-training", rounds=3, epochs=5).course
    assert len(said) == 3
    assert not np.array_equal(said[0], said[1])
    names = [row["phase"] for row in course.rows]
    assert names == ["source"] * 4 + ["round 1"] * 2 + ["round 2"] * 2 + ["round 3"]
    assert [row["epoch"] for row in course.rows] == list(range(1, 10))
    assert course.epoch == 9


def test_more_rounds_than_epochs_leave_out_the_last():
    assert self_training._even(2, 3) == [1, 1]
    assert self_training._even(7, 3) == [3, 2, 2]
    assert self_training._even(4, 0) == []


def normalised_inputs(model: keras.Model, x: np.ndarray) -> list[np.ndarray]:
    """What each batch normalisation makes of its inputs before it scales and shifts them, (n, ..., channels)."""
    found = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            seen = predict(keras.Model(model.input, layer.input), x).astype(np.float64)
            mean, variance = np.asarray(layer.moving_mean), np.asarray(layer.moving_variance)
            found.append((seen - mean) / np.sqrt(variance))
    return found


@pytest.mark.parametrize("pictures", [False, True])
def test_adabn_gives_every_layer_mean_zero_and_variance_one_on_the_target(pictures: bool):
    build, network = (convolutional, adapt_toys.CONVOLUTIONAL) if pictures else (dense, adapt_toys.NORMALISED)
    x = (toys.images(rows=20).train.x if pictures else adapt_toys.unlabelled(20)) * 3 + 1
    model = build.build(network, x.shape[1:], 3, 1)
    before = normalised_inputs(model, x)
    adabn.renormalise(model, x, 1.0)
    after = normalised_inputs(model, x)
    assert len(after) == (3 if pictures else 2)
    assert abs(before[0].mean()) > 0.1
    for seen in after:
        axes = tuple(range(seen.ndim - 1))
        np.testing.assert_allclose(seen.mean(axis=axes), 0, atol=1e-4)
        np.testing.assert_allclose(seen.var(axis=axes)[seen.var(axis=axes) > 1e-6], 1, rtol=1e-3)


def test_adabn_undoes_another_unit_of_measurement():
    """Section 3: domain knowledge in the statistics. A target scaled and shifted as a whole is classified the same."""
    x, model = adapt_toys.unlabelled(20), on_source()
    first, other = surgery.copy(model), surgery.copy(model)
    for layer in (layer for one in (first, other) for layer in one.layers if layer.name.endswith("-norm")):
        layer.epsilon = 0.0
    adabn.renormalise(first, x, 1.0)
    adabn.renormalise(other, 4 * x - 3, 1.0)
    np.testing.assert_allclose(predict(other, 4 * x - 3), predict(first, x), rtol=1e-3, atol=1e-3)


def test_adabn_changes_statistics_alone_and_half_the_weight_goes_half_the_way():
    start, x = on_source(), adapt_toys.unlabelled()
    full, half = surgery.copy(start), surgery.copy(start)
    adabn.renormalise(full, x, 1.0)
    adabn.renormalise(half, x, 0.5)
    assert moved(start, full) == {name: name.endswith("-norm") for name in moved(start, full)}
    layers = [model.get_layer("hidden-1-norm") for model in (start, full, half)]
    for before, after, between in zip(*(layer.get_weights()[2:] for layer in layers), strict=True):
        np.testing.assert_allclose(between, (before + after) / 2, rtol=1e-5, atol=1e-6)
    assert all(np.array_equal(a, b) for a, b in zip(*(layer.get_weights()[:2] for layer in layers[:2]), strict=True))
