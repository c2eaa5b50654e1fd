"""Distillation in two parts, against Zhao et al. (2022)."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_softmax, softmax

from tasks import models
from tasks.common.objectives import predict
from tasks.common.outcomes import Trained
from tasks.common.schema.distill import Decoupled
from tasks.distill import decoupled as method
from tasks.distill import logits, student
from tasks.distill.teaching import Lesson
from tests.tasks import toys

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(30, 3)).astype(np.float32) * 3
SETTINGS = toys.TRAINING | {"temperature": 4.0, "alpha": 1.0, "beta": 2.0}
STUDENT, TEACHER = RNG.normal(size=(2, 6, 10)) * 2
Y = RNG.integers(0, 10, size=6)


def run(lesson: Lesson | None = None, **changes: object) -> Trained:
    settings = Decoupled.model_validate(SETTINGS | changes)
    result = method.run(toys.sample(), lesson or toys.lesson(LOGITS), toys.NETWORK, settings, 3)
    assert isinstance(result, Trained)
    return result


@functools.cache
def usual() -> keras.Model:
    return run().model


@functools.cache
def alone() -> keras.Model:
    """The student on labels alone."""
    result = student.run(toys.sample(), None, toys.NETWORK, toys.training(), 3)
    assert isinstance(result, Trained)
    return result.model


def parts(s: np.ndarray = STUDENT, t: np.ndarray = TEACHER, temperature: float = 4.0) -> list[np.ndarray]:
    return [np.asarray(part) for part in method.parts(s, t, Y, temperature=temperature)]


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_the_two_parts_are_those_of_the_paper(temperature: float):
    """Section 3.1: label against the rest, and the other classes by their probabilities among themselves."""
    target, others, rest = parts(temperature=temperature)
    for row, label in enumerate(Y):
        p, q = softmax(TEACHER[row] / temperature), softmax(STUDENT[row] / temperature)
        b_p, b_q = np.array([p[label], 1 - p[label]]), np.array([q[label], 1 - q[label]])
        p_hat, q_hat = np.delete(p, label) / b_p[1], np.delete(q, label) / b_q[1]
        assert target[row] == pytest.approx((b_p * np.log(b_p / b_q)).sum(), rel=1e-8)
        assert others[row] == pytest.approx((p_hat * np.log(p_hat / q_hat)).sum(), rel=1e-8)
        assert rest[row] == pytest.approx(1 - p[label], rel=1e-9)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_with_the_weight_that_the_teacher_gives_it_is_the_soft_loss(temperature: float):
    """The paper's own reformulation: KD = TCKD + (1 - p_t) NCKD."""
    target, others, rest = parts(temperature=temperature)
    whole = temperature**2 * (target + rest * others).mean()
    assert whole == pytest.approx(float(logits.soft_loss(STUDENT, TEACHER, temperature=temperature)), rel=1e-9)


def test_the_objective_weighs_the_two_parts_and_adds_the_labels_loss():
    data, lesson = toys.sample().train, toys.lesson(LOGITS)
    model = models.build(toys.NETWORK, (5,), 3, 3)
    batch = {"x": data.x, "y": data.y, "teacher": lesson.logits}
    s = predict(model, data.x)
    hard = -log_softmax(s, axis=1)[np.arange(30), data.y].mean()
    target, others, _ = (np.asarray(p) for p in method.parts(s, lesson.logits, data.y, temperature=2.0))
    value = float(method.Objective(temperature=2.0, alpha=0.5, beta=3.0)(model, batch))
    assert value == pytest.approx(hard + 4 * (0.5 * target + 3 * others).mean(), rel=1e-5)


def test_with_two_classes_nothing_is_left_to_tell_of_the_others():
    s, t, y = STUDENT[:, :2], TEACHER[:, :2], Y % 2
    target, others, _ = method.parts(s, t, y, temperature=4.0)
    assert not np.asarray(others).any()
    whole = 16 * np.asarray(target).mean()
    assert whole == pytest.approx(float(logits.soft_loss(s, t, temperature=4.0)), rel=1e-9)


def test_a_shift_of_all_logits_changes_no_part_and_the_labels_logit_only_the_first():
    shift = RNG.normal(size=(6, 1)) * 20
    for changed in (parts(s=STUDENT + shift), parts(t=TEACHER + shift)):
        np.testing.assert_allclose(changed, parts(), rtol=1e-6)
    louder = STUDENT.copy()
    louder[np.arange(6), Y] += 3
    target, others, _ = parts(s=louder)
    np.testing.assert_allclose(others, parts()[1], rtol=1e-9)
    assert (np.abs(target - parts()[0]) > 1e-3).all()


def test_bad_arguments_and_gradients_of_the_teacher_are_refused():
    with pytest.raises(ValueError, match="temperature is 0"):
        parts(temperature=0)
    with pytest.raises(ValueError, match=r"shape \(6, 10\), teacher \(6, 9\)"):
        parts(t=TEACHER[:, :9])
    teacher = tf.Variable(TEACHER)
    with tf.GradientTape() as tape:
        value = tf.add_n([tf.reduce_sum(p) for p in method.parts(tf.Variable(STUDENT), teacher, Y, temperature=2.0)])
    assert tape.gradient(value, teacher) is None


def test_the_student_comes_back_alone_and_the_teacher_as_it_was():
    lesson = toys.lesson(LOGITS)
    before = [w.copy() for w in lesson.teacher.get_weights()]
    result = run(lesson)
    assert [w.shape for w in result.model.get_weights()] == [w.shape for w in alone().get_weights()]
    assert result.model.output.shape == (None, 3)
    assert all(np.array_equal(a, b) for a, b in zip(before, lesson.teacher.get_weights(), strict=True))


def test_weight_zero_is_the_student_alone_bit_for_bit():
    assert toys.same(run(alpha=0.0, beta=0.0).model, alone())
    assert not toys.same(usual(), alone())


@pytest.mark.parametrize("change", [{"temperature": 2.0}, {"alpha": 0.5}, {"beta": 1.0}])
def test_every_setting_changes_the_result(change: dict[str, object]):
    assert not toys.same(usual(), run(**change).model)
