"""Distillation of relations, against Park et al. (2019)."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tasks.common.outcomes import Trained
from tasks.common.schema.distill import Relations
from tasks.common.schema.study import Dense
from tasks.distill import relations as method
from tasks.distill import student
from tasks.distill.teaching import Lesson
from tests.tasks import toys

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(30, 3)).astype(np.float32) * 3
SETTINGS = toys.TRAINING | {"distance": 1.0, "angle": 2.0}
SMALL = Dense(kind="dense", units=[5, 4], activation="relu", initializer="he_normal")  # thinner than its teacher


def run(lesson: Lesson | None = None, **changes: object) -> Trained:
    settings = Relations.model_validate(SETTINGS | changes)
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


def huber(d: float) -> float:
    return 0.5 * d * d if abs(d) <= 1 else abs(d) - 0.5


def cosine(z: np.ndarray, i: int, j: int, k: int) -> float:
    a, b = z[i] - z[j], z[k] - z[j]
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


S, T = RNG.normal(size=(6, 3)), RNG.normal(size=(6, 5)) ** 3
ORDERED = [(i, j) for i in range(6) for j in range(6) if i != j]


def test_the_distance_loss_compares_distances_by_their_mean():
    far = [np.array([np.linalg.norm(z[i] - z[j]) for i, j in ORDERED]) for z in (S, T)]
    expected = np.mean([huber(a - b) for a, b in zip(far[0] / far[0].mean(), far[1] / far[1].mean(), strict=True)])
    assert float(method.distance_loss(S, T)) == pytest.approx(expected, rel=1e-9)


def test_the_angle_loss_compares_cosines_of_all_triplets():
    triplets = [(i, j, k) for i, j in ORDERED for k in range(6) if k not in (i, j)]
    expected = np.mean([huber(cosine(S, *each) - cosine(T, *each)) for each in triplets])
    assert float(method.angle_loss(S, T)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("loss", [method.distance_loss, method.angle_loss])
def test_a_shift_a_rotation_and_a_scale_change_nothing(loss):
    """Relations are those of a shape: where it lies, how it is turned and how large it is do not count."""
    rotation = np.linalg.qr(RNG.normal(size=(3, 3)))[0]
    moved = 7 * S @ rotation + RNG.normal(size=3)
    assert float(loss(moved, T)) == pytest.approx(float(loss(S, T)), rel=1e-9)
    assert float(loss(moved, S)) == pytest.approx(0, abs=1e-12)
    assert float(loss(S * [1, 1, 5], T)) != pytest.approx(float(loss(S, T)), rel=1e-3)
    order = RNG.permutation(6)
    assert float(loss(S[order], T[order])) == pytest.approx(float(loss(S, T)), rel=1e-9)


@pytest.mark.parametrize("loss", [method.distance_loss, method.angle_loss])
def test_only_the_student_receives_a_gradient_even_where_samples_coincide(loss):
    student_features, teacher_features = tf.Variable(np.vstack([S, S[:2]])), tf.Variable(np.vstack([T, T[:2]]))
    with tf.GradientTape() as tape:
        value = loss(student_features, teacher_features)
    slopes = tape.gradient(value, [student_features, teacher_features])
    assert np.isfinite(slopes[0]).all()
    assert np.abs(slopes[0]).max() > 0
    assert slopes[1] is None


@pytest.mark.parametrize("loss", [method.distance_loss, method.angle_loss])
def test_too_few_samples_and_dead_features_have_no_relations(loss):
    """The last batch of an epoch may hold one sample; a student may be dead."""
    for z in (S[:1], np.zeros((4, 3))):
        variable = tf.Variable(z)
        with tf.GradientTape() as tape:
            value = loss(variable, T[: len(z)])
        assert np.isfinite(float(value))
        assert not np.asarray(tape.gradient(value, variable)).any()


def test_the_student_comes_back_alone_and_the_teacher_as_it_was():
    lesson = toys.lesson(LOGITS)
    before = [w.copy() for w in lesson.teacher.get_weights()]
    result = run(lesson)
    assert [w.shape for w in result.model.get_weights()] == [w.shape for w in alone().get_weights()]
    assert result.model.output.shape == (None, 3)
    assert all(np.array_equal(a, b) for a, b in zip(before, lesson.teacher.get_weights(), strict=True))


def test_weight_zero_is_the_student_alone_bit_for_bit():
    assert toys.same(run(distance=0.0, angle=0.0).model, alone())
    assert not toys.same(usual(), alone())


@pytest.mark.parametrize("change", [{"distance": 0.5}, {"angle": 1.0}])
def test_every_setting_changes_the_result(change: dict[str, object]):
    assert not toys.same(usual(), run(**change).model)
