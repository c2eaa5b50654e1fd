"""Distillation of attention, against Zagoruyko & Komodakis (2017)."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tasks import models
from tasks.common.errors import UserError
from tasks.common.outcomes import Trained
from tasks.common.schema.distill import Attention
from tasks.common.schema.study import Convolutional
from tasks.distill import attention as method
from tasks.distill import inside, student
from tasks.distill.teaching import Lesson
from tests.tasks import toys

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(30, 3)).astype(np.float32) * 3
SETTINGS = toys.TRAINING | {"weight": 100.0}
THIN = Convolutional(kind="convolutional", filters=[2, 2], units=[4], activation="relu", initializer="he_normal")
IMAGES = toys.images()
LESSON = toys.lesson(LOGITS, sample=IMAGES, network=toys.CONVOLUTIONAL)


def run(lesson: Lesson | None = None, **changes: object) -> Trained:
    settings = Attention.model_validate(SETTINGS | changes)
    result = method.run(IMAGES, lesson or LESSON, THIN, settings, 3)
    assert isinstance(result, Trained)
    return result


@functools.cache
def usual() -> keras.Model:
    return run().model


@functools.cache
def alone() -> keras.Model:
    """The student on labels alone."""
    result = student.run(IMAGES, None, THIN, toys.training(), 3)
    assert isinstance(result, Trained)
    return result.model


def maps(seed: int = 1, shape: tuple[int, ...] = (5, 4, 4)) -> np.ndarray:
    return np.random.default_rng(seed).random(shape)


def test_the_map_loss_is_the_mean_squared_distance_of_maps_of_length_one():
    s, t = maps(1), maps(2)
    distances = [np.linalg.norm(a / np.linalg.norm(a) - b / np.linalg.norm(b)) ** 2 for a, b in zip(s, t, strict=True)]
    assert float(method.map_loss(s, t)) == pytest.approx(np.mean(distances), rel=1e-9)


def test_how_bright_a_map_is_changes_nothing_and_where_it_is_does():
    s, t, bright = maps(1), maps(2), RNG.random((5, 1, 1)) * 9 + 1
    loss = float(method.map_loss(s, t))
    assert float(method.map_loss(s * bright, t)) == pytest.approx(loss, rel=1e-9)
    assert float(method.map_loss(s, t * bright)) == pytest.approx(loss, rel=1e-9)
    assert float(method.map_loss(np.roll(s, 1, axis=1), t)) != pytest.approx(loss, rel=1e-3)
    assert float(method.map_loss(t * bright, t)) == pytest.approx(0, abs=1e-12)
    corner, other = np.zeros((2, 1, 4, 4))
    corner[0, 0, 0] = other[0, 3, 3] = 7
    assert float(method.map_loss(corner, other)) == pytest.approx(2)


def test_attention_is_the_mean_square_over_filters_whatever_their_order():
    value = RNG.normal(size=(2, 4, 4, 3))
    expected = np.mean([value[..., k] ** 2 for k in range(3)], axis=0)
    np.testing.assert_allclose(inside.attention(value), expected)
    np.testing.assert_allclose(inside.attention(-value[..., ::-1]), expected)


def test_only_the_student_receives_a_gradient_and_dead_maps_none():
    s, t = tf.Variable(maps(1)), tf.Variable(maps(2))
    with tf.GradientTape() as tape:
        value = method.map_loss(s, t)
    slopes = tape.gradient(value, [s, t])
    assert np.abs(slopes[0]).max() > 0
    assert slopes[1] is None
    dead = tf.Variable(np.zeros((5, 4, 4)))
    with tf.GradientTape() as tape:
        value = method.map_loss(dead, maps(2))
    assert np.isfinite(tape.gradient(value, dead)).all()
    assert float(value) == pytest.approx(1)


def test_the_objective_adds_half_the_weight_times_the_sum_over_the_layers():
    data, lesson, network = IMAGES, LESSON, THIN
    model = models.build(network, (8, 8), 3, 3)
    places = inside.feature_maps(model)
    eye = keras.Model(model.input, {"head": model.output, **places})
    batch = {"x": data.train.x, "y": data.train.y, **{f"teacher_{name}": lesson.maps[name] for name in places}}

    def value(weight: float, *layers: str) -> float:
        return float(method.Objective(weight, layers)(eye, batch))

    seen = inside.look(model, data.train.x).maps
    each = {name: float(method.map_loss(seen[name], lesson.maps[name])) for name in ("conv-1", "conv-2")}
    assert list(places) == list(each)
    assert value(6.0, *each) - value(0.0, *each) == pytest.approx(3 * sum(each.values()), rel=1e-5)


def test_convolutions_of_equal_number_are_compared_and_none_is_refused():
    assert method.pairs({"conv-1": 0, "conv-2": 0, "conv-3": 0}, {"conv-1": 0, "conv-2": 0}) == ("conv-1", "conv-2")
    with pytest.raises(UserError, match="the teacher has none"):
        method.pairs({}, {"conv-1": 0})
    with pytest.raises(UserError, match="the teacher and the student has none"):
        method.pairs({}, {})


def test_bad_shapes_are_refused():
    with pytest.raises(ValueError, match=r"shape \(2, 3, 3\), teacher maps \(2, 4, 4\)"):
        method.map_loss(np.zeros((2, 3, 3)), np.zeros((2, 4, 4)))


def test_the_student_comes_back_alone_and_the_teacher_as_it_was():
    lesson = toys.lesson(LOGITS, sample=IMAGES, network=toys.CONVOLUTIONAL)
    before = [w.copy() for w in lesson.teacher.get_weights()]
    result = run(lesson)
    assert [w.shape for w in result.model.get_weights()] == [w.shape for w in alone().get_weights()]
    assert result.model.output.shape == (None, 3)
    assert all(np.array_equal(a, b) for a, b in zip(before, lesson.teacher.get_weights(), strict=True))


def test_weight_zero_is_the_student_alone_bit_for_bit():
    assert toys.same(run(weight=0.0).model, alone())
    assert not toys.same(usual(), alone())


@pytest.mark.parametrize("change", [{"weight": 50.0}, {"epochs": 3}])
def test_every_setting_changes_the_result(change: dict[str, object]):
    assert not toys.same(usual(), run(**change).model)
