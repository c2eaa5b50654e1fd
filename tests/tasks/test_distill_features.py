"""Distillation of features, against FitNets (Romero et al., 2015)."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tasks import models
from tasks.common.errors import UserError
from tasks.common.outcomes import Trained
from tasks.common.schema.distill import Features
from tasks.common.schema.study import Convolutional, Dense
from tasks.distill import features as method
from tasks.distill import inside, student
from tasks.distill.teaching import Lesson
from tests.tasks import toys

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(30, 3)).astype(np.float32) * 3
SETTINGS = toys.TRAINING | {"hint": "penultimate", "guided": "penultimate", "weight": 1.0}
SMALL = Dense(kind="dense", units=[5, 4], activation="relu", initializer="he_normal")  # thinner than its teacher
THIN = Convolutional(kind="convolutional", filters=[2, 2], units=[4], activation="relu", initializer="he_normal")


def run(lesson: Lesson | None = None, **changes: object) -> Trained:
    settings = Features.model_validate(SETTINGS | changes)
    result = method.run(toys.sample(), lesson or toys.lesson(LOGITS), SMALL, settings, 3)
    assert isinstance(result, Trained)
    return result


@functools.cache
def usual() -> keras.Model:
    return run().model


@functools.cache
def alone() -> keras.Model:
    """The student on labels alone."""
    result = student.run(toys.sample(), None, SMALL, toys.training(), 3)
    assert isinstance(result, Trained)
    return result.model


def test_the_hint_loss_is_half_the_mean_squared_difference():
    projected, hint = RNG.normal(size=(2, 6, 7))
    expected = 0.5 * np.square(projected - hint).sum(axis=1).mean() / 7
    assert float(method.hint_loss(projected, hint)) == pytest.approx(expected, rel=1e-9)


def test_the_teachers_hint_receives_no_gradient():
    hint, projected = tf.Variable(RNG.normal(size=(6, 7))), tf.Variable(RNG.normal(size=(6, 7)))
    with tf.GradientTape() as tape:
        value = method.hint_loss(projected, hint)
    slopes = tape.gradient(value, [projected, hint])
    np.testing.assert_allclose(slopes[0], (projected - hint) / 42)
    assert slopes[1] is None


def test_a_first_step_moves_the_student_by_labels_and_hints_through_the_projector():
    """The guided layer z feels dCE/dz and, through the projector P, weight · (zP - h) Pᵀ / (samples · width); with one
    step over the whole sample, the head, which lies above, moves by the labels alone."""
    data, lesson = toys.sample(), toys.lesson(LOGITS)
    first = models.build(SMALL, (5,), 3, 3)
    result = run(lesson, epochs=1, batch=30, guided="hidden-2", weight=3.0).model
    alone = student.run(data, None, SMALL, toys.training(epochs=1, batch=30), 3).model
    assert np.array_equal(result.get_layer("head").get_weights()[0], alone.get_layer("head").get_weights()[0])

    z = inside.look(first, data.train.x).features["hidden-2"].astype(np.float64)
    body = np.maximum(data.train.x @ first.get_layer("hidden-1").get_weights()[0], 0)
    kernel = models.dense.linear(6, method.PROJECTOR, 3)
    kernel.build((None, 4))
    projector, hint = kernel.get_weights()[0], lesson.features["penultimate"]
    slope = 3.0 * (z @ projector - hint) @ projector.T / hint.size * (z > 0)
    moved = result.get_layer("hidden-2").get_weights()[0] - alone.get_layer("hidden-2").get_weights()[0]
    np.testing.assert_allclose(moved, -0.1 * body.T @ slope, rtol=1e-3, atol=1e-6)


def test_a_layer_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(UserError, match=r"features.hint is 'hidden-9'; the teacher has hidden-1, hidden-2, penulti"):
        run(hint="hidden-9")
    with pytest.raises(UserError, match=r"features.guided is 'conv-1'; the student has"):
        run(guided="conv-1")


def test_a_convolutional_student_follows_a_dense_teacher():
    data = toys.images()
    lesson = toys.lesson(LOGITS, sample=data, network=toys.NETWORK)
    result = method.run(data, lesson, THIN, Features.model_validate(SETTINGS), 3)
    assert not toys.same(result.model, student.run(data, None, THIN, toys.training(), 3).model)


def test_bad_shapes_are_refused():
    with pytest.raises(ValueError, match=r"shape \(2, 3\), hints \(2, 4\)"):
        method.hint_loss(np.zeros((2, 3)), np.zeros((2, 4)))


def test_the_student_comes_back_alone_and_the_teacher_as_it_was():
    lesson = toys.lesson(LOGITS)
    before = [w.copy() for w in lesson.teacher.get_weights()]
    result = run(lesson)
    assert [w.shape for w in result.model.get_weights()] == [w.shape for w in alone().get_weights()]
    assert result.model.output.shape == (None, 3)
    assert all(np.array_equal(a, b) for a, b in zip(before, lesson.teacher.get_weights(), strict=True))


def test_weight_zero_is_the_student_alone_bit_for_bit():
    assert toys.same(run(weight=0.0).model, alone())
    assert not toys.same(usual(), alone())


@pytest.mark.parametrize("change", [{"weight": 0.5}, {"hint": "hidden-1"}, {"guided": "hidden-1"}])
def test_every_setting_changes_the_result(change: dict[str, object]):
    assert not toys.same(usual(), run(**change).model)


def test_the_rates_of_a_search_start_from_the_same_weights():
    """A projector that were made once would carry over from rate to rate."""
    assert toys.same(run(rates=[1e-9, 0.1]).model, usual())
