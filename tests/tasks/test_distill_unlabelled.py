"""Distillation on samples without labels."""

import functools

import keras
import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from tasks import models
from tasks.common.errors import UserError
from tasks.common.objectives import predict
from tasks.common.outcomes import Trained
from tasks.common.schema.distill import Unlabelled
from tasks.distill import student
from tasks.distill import unlabelled as method
from tasks.distill.teaching import Lesson
from tests.tasks import toys

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(30, 3)).astype(np.float32) * 3
SETTINGS = toys.TRAINING | {"temperature": 4.0, "weight": 0.7}


def run(lesson: Lesson | None = None, **changes: object) -> Trained:
    settings = Unlabelled.model_validate(SETTINGS | changes)
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


def test_labels_and_soft_targets_share_the_loss():
    data, lesson = toys.sample().train, toys.lesson(LOGITS)
    model = models.build(toys.NETWORK, (5,), 3, 3)
    batch = {"x": data.x, "y": data.y, "further_x": lesson.x, "further_teacher": lesson.x_logits}
    hard = -log_softmax(predict(model, data.x), axis=1)[np.arange(30), data.y].mean()
    p, log_q = softmax(lesson.x_logits / 2, axis=1), log_softmax(predict(model, lesson.x) / 2, axis=1)
    soft = 4 * (p * (np.log(p) - log_q)).sum(axis=1).mean()
    value = float(method.Objective(temperature=2.0, weight=0.7)(model, batch))
    assert value == pytest.approx(0.3 * hard + 0.7 * soft, rel=1e-5)


def test_with_the_full_weight_neither_labels_nor_their_samples_matter():
    data, other = toys.sample(), toys.sample(seed=5)
    object.__setattr__(other, "validation", data.validation)
    students = [
        method.run(
            sample, toys.lesson(LOGITS), toys.NETWORK, Unlabelled.model_validate(SETTINGS | {"weight": 1.0}), 3
        ).model
        for sample in (data, other)
    ]
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(*(s.get_weights() for s in students), strict=True))


def test_what_the_teacher_says_of_the_labelled_samples_does_not_matter_and_of_the_others_it_does():
    lesson = toys.lesson(LOGITS)
    usual = run(lesson).model
    assert toys.same(usual, run(toys.lesson(LOGITS + 1)).model)
    turned = Lesson(lesson.teacher, lesson.logits, lesson.x, lesson.x_logits[:, ::-1].copy())
    assert not toys.same(usual, run(turned).model)


def test_without_unlabelled_samples_it_is_refused():
    with pytest.raises(UserError, match=r"set data.target.unlabelled"):
        run(toys.lesson(LOGITS, unlabelled=0))


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


@pytest.mark.parametrize("change", [{"temperature": 2.0}, {"weight": 0.5}])
def test_every_setting_changes_the_result(change: dict[str, object]):
    assert not toys.same(usual(), run(**change).model)
