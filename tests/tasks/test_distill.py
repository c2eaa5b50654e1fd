"""Distillation by softened predictions, against Hinton et al. (2015)."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_softmax, softmax

from tasks.common.schema.distill import Logits
from tasks.distill import logits as method
from tasks.distill import student
from tests.tasks import toys

RNG = np.random.default_rng(0)
STUDENT, TEACHER = RNG.normal(size=(2, 5, 10)).astype(np.float64)
TEACHER_LOGITS = RNG.normal(size=(30, 3)).astype(np.float32) * 3


def loss(temperature: float = 4.0, s: np.ndarray = STUDENT, t: np.ndarray = TEACHER) -> float:
    return float(method.soft_loss(s, t, temperature=temperature))


def trained(**changes: object):
    settings = Logits.model_validate(toys.TRAINING | {"temperature": 4.0, "weight": 0.7} | changes)
    return method.run(toys.sample(), toys.lesson(TEACHER_LOGITS), toys.NETWORK, settings, 3).model


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_it_is_the_mean_divergence_of_softened_predictions_times_temperature_squared(temperature: float):
    """Section 2: T² · mean over the batch, sum over classes, of p_T (log p_T - log q_T), p the teacher's."""
    p, log_q = softmax(TEACHER / temperature, axis=1), log_softmax(STUDENT / temperature, axis=1)
    divergence = (p * (np.log(p) - log_q)).sum(axis=1)
    assert loss(temperature) == pytest.approx(temperature**2 * divergence.mean(), rel=1e-9)


def test_at_high_temperature_the_gradient_tends_to_logit_matching():
    """Eq. 4: for zero-mean logits, dL/ds → (s - t) / classes, for each sample of the batch."""
    s, t = (x - x.mean(axis=1, keepdims=True) for x in (STUDENT, TEACHER))
    variable = tf.Variable(s)
    with tf.GradientTape() as tape:
        value = method.soft_loss(variable, t, temperature=200.0)
    np.testing.assert_allclose(tape.gradient(value, variable) * len(s), (s - t) / 10, atol=2e-3)


def test_a_shift_of_all_logits_of_a_sample_changes_nothing():
    shift = RNG.normal(size=(5, 1)) * 50
    assert loss(s=STUDENT + shift) == pytest.approx(loss(), rel=1e-9)
    assert loss(t=TEACHER + shift) == pytest.approx(loss(), rel=1e-9)


def test_it_is_zero_for_equal_predictions_and_not_symmetric():
    assert loss(s=TEACHER) == pytest.approx(0, abs=1e-12)
    assert loss(s=TEACHER, t=STUDENT) != pytest.approx(loss(), rel=1e-3)


def test_the_teacher_receives_no_gradient():
    teacher = tf.Variable(TEACHER)
    with tf.GradientTape() as tape:
        value = method.soft_loss(tf.Variable(STUDENT), teacher, temperature=2.0)
    assert tape.gradient(value, teacher) is None


def test_weight_zero_is_the_student_alone_bit_for_bit():
    alone = student.run(toys.sample(), None, toys.NETWORK, toys.training(), 3).model
    assert toys.same(trained(weight=0.0), alone)
    assert not toys.same(trained(), alone)


def test_with_the_full_weight_the_labels_do_not_matter():
    settings = Logits.model_validate(toys.TRAINING | {"temperature": 4.0, "weight": 1.0})
    data = toys.sample()
    relabelled = toys.sample()
    object.__setattr__(relabelled.train, "y", np.roll(data.train.y, 1))
    models = [
        method.run(sample, toys.lesson(TEACHER_LOGITS), toys.NETWORK, settings, 3).model
        for sample in (data, relabelled)
    ]
    assert toys.same(*models)


@pytest.mark.parametrize("change", [{"temperature": 2.0}, {"weight": 0.5}, {"epochs": 5}, {"rates": [0.05]}])
def test_every_setting_changes_the_result(change: dict[str, object]):
    assert not toys.same(trained(), trained(**change))


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="temperature is 0"):
        loss(0)
    with pytest.raises(ValueError, match=r"shape \(5, 10\), teacher \(5, 9\)"):
        loss(t=TEACHER[:, :9])
