"""Methods that choose task weights, against their papers: uncertainty, GradNorm, dynamic weight average."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from tasks.mtl import dwa, gradnorm, shared, uncertainty
from tests.tasks import toys
from tests.tasks.multitask_toys import ONE_STEP, arrays, losses, trained

WEIGHTS, NORMS, RATIOS = (np.array(pair, np.float32) for pair in ((1.4, 0.6), (0.5, 2.0), (0.9, 0.3)))


def initial(**changes: object):
    """The model before training, with both heads."""
    return trained("equal-weights", rates=[1e-30], **changes).model


def test_the_first_weight_of_the_memory_is_the_classs_and_none_of_them_is_learnt():
    """What GradNorm and dynamic weights minimise."""
    data = toys.sample().train
    model = shared.with_memory(shared.build(toys.sample(), toys.NETWORK, 3), [1.5, 0.5, 7.0], learnt=False)
    label, error = losses(model, data)
    with tf.GradientTape() as tape:
        total, tasks, weights = shared.weighted(model, arrays(data))
    assert float(total) == pytest.approx(1.5 * label + 0.5 * error, rel=1e-5)
    np.testing.assert_allclose(tasks, [label, error], rtol=1e-5)
    assert weights.numpy().tolist() == [1.5, 0.5]
    assert tape.gradient(total, model.get_layer("memory").figures) is None
    assert "memory" not in {v.path.split("/")[0] for v in model.trainable_variables}


# Uncertainty


def test_the_regression_form_is_the_negative_log_likelihood_of_gaussian_noise():
    """Kendall et al., eq. 5: but for the constant ½ log 2π."""
    error, sigma = np.random.default_rng(0).normal(size=50), 0.7
    expected = -stats.norm.logpdf(error, scale=sigma).mean() - 0.5 * np.log(2 * np.pi)
    value = uncertainty.weighted(0.0, np.mean(error**2), tf.constant([0.0, 2 * np.log(sigma)], tf.float64))
    assert float(value) == pytest.approx(expected)


def test_the_classification_form_has_twice_the_weight():
    """Eq. 10: 1/σ² L + log σ of the class, 1/(2σ²) L + log σ of the quantity."""
    first, second = 0.5, 3.0
    expected = 0.8 / first**2 + np.log(first) + 0.9 / (2 * second**2) + np.log(second)
    value = uncertainty.weighted(0.8, 0.9, tf.constant([2 * np.log(first), 2 * np.log(second)], tf.float64))
    assert float(value) == pytest.approx(expected)


def test_the_best_variances_are_twice_the_cross_entropy_and_the_squared_error():
    label, error = 0.8, 0.3
    best = np.log([2 * label, error])
    variable = tf.Variable(best)
    with tf.GradientTape() as tape:
        least = uncertainty.weighted(label, error, variable)
    np.testing.assert_allclose(tape.gradient(least, variable), 0, atol=1e-12)
    for step in ([0.1, 0], [-0.1, 0], [0, 0.1], [0, -0.1]):
        assert float(uncertainty.weighted(label, error, tf.constant(best + step))) > float(least)


def test_log_variances_that_stay_at_zero_make_hard_sharing_at_half_weight_bit_for_bit():
    half = trained("hard-sharing", auxiliary_weight=0.5)
    fixed = trained("uncertainty", variance_share=0.0)
    assert toys.same(fixed.model, half.model)
    assert fixed.notes["uncertainties"] == [1, 1]
    assert not toys.same(trained("uncertainty").model, half.model)


@pytest.mark.parametrize("share", [1.0, 0.25])
def test_log_variances_descend_at_their_share_of_the_rate(share: float):
    """From log σ² = 0: d/ds (e^-s CE + s/2) = ½ - CE, d/ds (e^-s MSE/2 + s/2) = ½ - MSE/2."""
    label, error = losses(initial(), toys.sample().train)
    after = trained("uncertainty", variance_share=share, **ONE_STEP).notes["uncertainties"]
    steps = 0.1 * share * (np.array([label, error / 2]) - 0.5)
    np.testing.assert_allclose(after, np.exp(steps / 2), rtol=1e-5)


# GradNorm


def test_the_weights_take_one_step_down_the_papers_loss_and_keep_their_sum():
    """Chen et al., eq. 2, differentiated by TensorFlow instead of by hand."""
    weights, alpha = tf.Variable(WEIGHTS), 1.5
    with tf.GradientTape() as tape:
        scaled = weights * NORMS
        target = tf.stop_gradient(tf.reduce_mean(scaled) * (RATIOS / RATIOS.mean()) ** alpha)
        loss = tf.reduce_sum(tf.abs(scaled - target))
    moved = WEIGHTS - 0.1 * tape.gradient(loss, weights).numpy()
    found = gradnorm.rebalanced(weights, NORMS, RATIOS, asymmetry=alpha, rate=0.1)
    np.testing.assert_allclose(found, moved * 2 / moved.sum(), rtol=1e-6)


@pytest.mark.parametrize(("alpha", "expected"), [(0.0, 1.0), (1.0, 3.0)])
def test_norms_settle_where_they_are_equal_or_where_the_lagging_task_leads_by_its_ratio(alpha: float, expected: float):
    weights = tf.constant([1.0, 1.0])
    for step in range(250):
        weights = gradnorm.rebalanced(weights, NORMS, RATIOS, asymmetry=alpha, rate=0.1 * 0.98**step)
    first, second = weights.numpy() * NORMS
    assert first / second == pytest.approx(expected, rel=0.02)


def test_weights_stay_positive_and_sum_to_the_number_of_tasks():
    weights = tf.constant([1.0, 1.0])
    for ratio in (0.1, 5.0, 0.2, 9.0):
        weights = gradnorm.rebalanced(weights, [3.0, 0.2], tf.constant([ratio, 1.0]), asymmetry=2.0, rate=5.0)
        assert float(tf.reduce_min(weights)) > 0
        assert float(tf.reduce_sum(weights)) == pytest.approx(2)


def test_norms_are_those_of_the_unweighted_losses_at_the_last_shared_layer_against_losses_before_training():
    """One step on all samples, written down: at the start every ratio is 1, so all lies in the norms."""
    data, model = toys.sample().train, initial()
    kernel = model.get_layer("hidden-2").kernel
    norms = []
    for task in range(2):
        with tf.GradientTape() as tape:
            loss = shared.losses(model(data.x), {"y": data.y, "auxiliary": data.auxiliary})[task]
        norms.append(np.linalg.norm(tape.gradient(loss, kernel)))
    moved = 1 - 0.025 * np.sign(norms - np.mean(norms)) * norms
    notes = trained("gradnorm", **ONE_STEP).notes
    np.testing.assert_allclose(notes["task_weights"], 2 * moved / moved.sum(), rtol=1e-5)
    found = gradnorm.initial_losses(toys.sample(), toys.NETWORK, 3)
    np.testing.assert_allclose(found, losses(model, data), rtol=1e-5)


def test_the_model_moves_by_the_weights_before_the_step():
    """The first step is that of equal weights."""
    assert toys.same(trained("gradnorm", **ONE_STEP).model, trained("equal-weights", **ONE_STEP).model)


def test_weight_rate_zero_is_equal_weights_bit_for_bit():
    still = trained("gradnorm", weight_rate=0.0)
    assert toys.same(still.model, trained("equal-weights").model)
    assert still.notes["task_weights"] == [1, 1]


# Dynamic weight average


def test_weights_are_a_softmax_of_loss_ratios_times_the_number_of_tasks():
    """Liu et al. (2019), λ_k = K·softmax_k(w / T)."""
    last, before, temperature = np.array([0.9, 0.4, 2.0]), np.array([1.0, 0.8, 1.0]), 2.0
    powers = np.exp(np.array([0.9, 0.5, 2.0]) / temperature)
    np.testing.assert_allclose(dwa.weights_of(last, before, temperature), 3 * powers / powers.sum())


def test_a_common_unit_changes_nothing_and_the_task_that_falls_slower_leads():
    last, before = np.array([0.9, 0.4]), np.array([1.0, 0.8])
    found = dwa.weights_of(last, before, 2.0)
    np.testing.assert_allclose(dwa.weights_of(last * [1, 1000], before * [1, 1000], 2.0), found)
    assert found[0] > 1 > found[1]


def test_two_epochs_have_equal_weights_and_the_third_weighs_by_their_losses():
    """With one step an epoch, an epoch's loss is that of the model it starts with."""
    one, two, three = ({"batch": 30, "epochs": epochs} for epochs in (1, 2, 3))
    assert toys.same(trained("dwa", **two).model, trained("equal-weights", **two).model)
    assert trained("dwa", **one).notes["task_weights"] == [1, 1]
    data = toys.sample().train
    first, second, third = (losses(model, data) for model in (
        initial(), trained("equal-weights", **one).model, trained("equal-weights", **two).model
    ))  # fmt: skip
    after = [trained("dwa", **epochs).notes["task_weights"] for epochs in (two, three)]
    np.testing.assert_allclose(after[0], dwa.weights_of(np.array(second), np.array(first), 2.0), rtol=1e-5)
    np.testing.assert_allclose(after[1], dwa.weights_of(np.array(third), np.array(second), 2.0), rtol=1e-5)


def test_an_epochs_loss_is_the_mean_over_samples_and_not_over_batches():
    """With weights that stay, every epoch's loss is the same, though its last batch of 6 holds other samples."""
    still = trained("dwa", rates=[1e-30]).notes["task_weights"]
    np.testing.assert_allclose(still, 1, atol=1e-6)


def test_a_huge_temperature_is_equal_weights_bit_for_bit():
    assert toys.same(trained("dwa", temperature=1e30).model, trained("equal-weights").model)


@pytest.mark.parametrize(
    ("method", "change"),
    [
        ("uncertainty", {"initial_log_variance": 1.0}),
        ("uncertainty", {"variance_share": 0.5}),
        ("uncertainty", {"epochs": 5}),
        ("gradnorm", {"asymmetry": 0.0}),
        ("gradnorm", {"weight_rate": 0.1}),
        ("gradnorm", {"rates": [0.05]}),
        ("dwa", {"temperature": 1.0}),
        ("dwa", {"epochs": 5}),
    ],
)
def test_every_setting_changes_the_result(method: str, change: dict[str, object]):
    assert not toys.same(trained(method).model, trained(method, **change).model)


@pytest.mark.parametrize("method", ["uncertainty", "gradnorm", "dwa"])
def test_the_epoch_kept_has_its_own_task_weights(method: str):
    kept = trained(method, rates=[0.4], epochs=30, keep="best")
    assert 0 < kept.course.epoch < 30
    last = trained(method, rates=[0.4], epochs=kept.course.epoch)
    assert toys.same(kept.model, last.model)
    assert kept.notes == last.notes
    assert kept.notes != trained(method, rates=[0.4], epochs=30).notes
