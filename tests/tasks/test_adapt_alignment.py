"""Alignment of moments: `mmd` (Long et al., 2015) and `coral` (Sun & Saenko, 2016)."""

import numpy as np
import pytest
import tensorflow as tf

from tasks.adapt import coral, joint, mmd
from tasks.models import dense, surgery
from tests.tasks import adapt_toys, toys
from tests.tasks.adapt_toys import moved, trained

RNG = np.random.default_rng(0)
S, T = RNG.normal(size=(6, 4)), RNG.normal(size=(5, 4)) * 1.5 + 0.7
ROTATION = np.linalg.qr(RNG.normal(size=(4, 4)))[0]
LOSSES = {"mmd": lambda s, t: float(mmd.discrepancy(tf.constant(s), tf.constant(t), 5)),
          "coral": lambda s, t: float(coral.distance(tf.constant(s), tf.constant(t)))}  # fmt: skip


def mean_squared_distance(s: np.ndarray, t: np.ndarray) -> float:
    rows = np.concatenate([s, t])
    return float(np.mean([((a - b) ** 2).sum() for i, a in enumerate(rows) for j, b in enumerate(rows) if i != j]))


def discrepancy(s: np.ndarray, t: np.ndarray, width: float, powers: tuple[int, ...] = (-2, -1, 0, 1, 2)) -> float:
    """Eq. 3 of Gretton et al. (2012), pair by pair."""

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.mean([np.exp(-((a - b) ** 2).sum() / (width * 2.0**power)) for power in powers]))

    within = [np.mean([k(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j]) for x in (s, t)]
    return float(sum(within) - 2 * np.mean([k(a, b) for a in s for b in t]))


def test_mmd_is_the_unbiased_estimate_with_several_kernels():
    width = mean_squared_distance(S, T)
    assert LOSSES["mmd"](S, T) == pytest.approx(discrepancy(S, T, width), rel=1e-9)
    for kernels, powers in ((1, (0,)), (2, (-1, 0)), (3, (-1, 0, 1))):
        found = float(mmd.discrepancy(tf.constant(S), tf.constant(T), kernels))
        assert found == pytest.approx(discrepancy(S, T, width, powers), rel=1e-9)


def test_mmd_is_zero_on_average_for_equal_distributions():
    """The biased estimate of so small samples would be 0.13 on average."""
    found = [LOSSES["mmd"](*RNG.normal(size=(2, 6, 4))) for _ in range(300)]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(300) < 0.02
    assert LOSSES["mmd"](S, S + 9) > 0.5


def test_no_gradient_of_mmd_goes_through_the_width_of_its_kernels():
    """By differences of the definition with the width held fast."""
    variable, width = tf.Variable(S), mean_squared_distance(S, T)
    with tf.GradientTape() as tape:
        value = mmd.discrepancy(variable, tf.constant(T), 5)
    found = np.asarray(tape.gradient(value, variable))
    for place in ((0, 0), (3, 2)):
        step = np.zeros_like(S)
        step[place] = 1e-5
        slope = (discrepancy(S + step, T, width) - discrepancy(S - step, T, width)) / 2e-5
        assert found[place] == pytest.approx(slope, rel=1e-5)


def test_mmd_of_features_all_alike_is_zero_and_so_is_its_gradient():
    variable = tf.Variable(np.ones((4, 3)))
    with tf.GradientTape() as tape:
        value = mmd.discrepancy(variable, tf.ones((4, 3), tf.float64), 5)
    assert float(value) == pytest.approx(0, abs=1e-12)
    assert np.isfinite(tape.gradient(value, variable)).all()


def test_mmd_does_not_hang_on_the_features_unit():
    assert LOSSES["mmd"](7 * S, 7 * T) == pytest.approx(LOSSES["mmd"](S, T), rel=1e-9)


def test_coral_is_the_squared_distance_of_covariances_over_four_d_squared():
    difference = np.cov(S, rowvar=False) - np.cov(T, rowvar=False)
    assert LOSSES["coral"](S, T) == pytest.approx((difference**2).sum() / (4 * 4**2), rel=1e-9)


def test_coral_is_zero_on_equal_covariances_whatever_the_means():
    assert LOSSES["coral"](S, S[::-1] + 3.0) == pytest.approx(0, abs=1e-20)
    assert LOSSES["coral"](S, 2 * S) > 0.01


def test_coral_of_scaled_features_grows_with_the_fourth_power():
    assert LOSSES["coral"](3 * S, 3 * T) == pytest.approx(81 * LOSSES["coral"](S, T), rel=1e-9)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=list(LOSSES))
def test_order_common_shift_rotation_and_swapping_the_domains_change_nothing(loss):
    for s, t in ((S[::-1], T), (S + 2, T + 2), (S @ ROTATION, T @ ROTATION), (T, S)):
        assert loss(s, t) == pytest.approx(loss(S, T), rel=1e-9)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=list(LOSSES))
def test_a_sample_of_one_row_has_no_distribution_to_align(loss):
    assert loss(S[:1], T[:1]) == 0


@pytest.mark.parametrize(("objective", "name"), [(mmd.Objective(5), "mmd"), (coral.Objective(), "coral")])
def test_the_loss_is_the_tasks_plus_the_weighted_distance_of_penultimate_features(objective, name: str):
    data, x = toys.sample().train, adapt_toys.unlabelled(30)
    model = dense.build(toys.NETWORK, (5,), 3, 1)
    source, target = (np.asarray(surgery.features(model)(part), np.float64) for part in (data.x, x))
    scores = np.asarray(model(data.x), np.float64)
    task = (np.logaddexp.reduce(scores, axis=1) - scores[np.arange(30), data.y]).mean()
    batch = {"x": data.x, "y": data.y, "target_x": x, "weight": tf.constant(0.7)}
    assert float(objective(model, batch)) == pytest.approx(task + 0.7 * LOSSES[name](source, target), rel=1e-4)


def test_both_domains_share_the_statistics_of_batch_normalisation():
    """As if the two halves were one batch: each alone would have other features."""
    data, x = toys.sample().train.x, adapt_toys.unlabelled(30)
    model, twin = (dense.build(adapt_toys.NORMALISED, (5,), 3, 1) for _ in range(2))
    source, target = joint.features(model, {"x": data, "target_x": x})
    together = surgery.features(twin)(np.concatenate([data, x]), training=True)
    np.testing.assert_allclose(np.concatenate([source, target]), together, rtol=1e-5, atol=1e-6)
    assert toys.same(model, twin)  # moving averages too


@pytest.mark.parametrize("method", ["mmd", "coral"])
def test_the_encoder_feels_both_terms_and_the_head_the_task_alone(method: str):
    """One step from the same weights, with two weights of the alignment."""
    step = {"batch": 32, "epochs": 1}
    light, heavy = (trained(method, network=toys.NETWORK, weights=[w], **step).model for w in (1.0, 2.0))
    assert moved(light, heavy) == {"hidden-1": True, "hidden-2": True, "head": False}
    relabelled = toys.sample(rows=32)
    object.__setattr__(relabelled.train, "y", np.roll(relabelled.train.y, 1))
    other = trained(method, relabelled, network=toys.NETWORK, weights=[1.0], **step).model
    assert all(moved(light, other).values())


@pytest.mark.parametrize("method", ["mmd", "coral"])
def test_training_brings_the_domains_together(method: str):
    """By the method's own measure, which training on the source alone leaves larger."""
    data, x = toys.sample(rows=60), adapt_toys.unlabelled(60)
    weight = {"mmd": 3.0, "coral": 30.0}[method]
    changes = {"epochs": 20, "batch": 60, "rates": [0.03]}
    models = [trained(method, data, x, network=toys.NETWORK, weights=[w], **changes).model for w in (0.0, weight)]
    apart, near = (
        LOSSES[method](*(np.asarray(surgery.features(m)(part)) for part in (data.train.x, x))) for m in models
    )
    assert near < 0.8 * apart
