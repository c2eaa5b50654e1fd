"""Projected gradients, against Yu et al. (2020)."""

import numpy as np
import pytest
import tensorflow as tf

from tasks.mtl import pcgrad, shared
from tests.tasks import toys
from tests.tasks.multitask_toys import arrays, trained

SEED = tf.constant([1, 2], tf.int32)
PAIR = np.array([[1.0, 0.5, 0.0], [-2.0, 0.3, 1.0]])
THREE = np.array([[1.0, 0.2], [-0.9, 0.5], [-0.3, -1.0]])  # every pair conflicts


def project(gradients: np.ndarray, seed: int = 1) -> np.ndarray:
    return np.asarray(pcgrad.project(tf.constant(gradients), tf.constant([seed, 2], tf.int32)))


def by_hand(gradients: np.ndarray, orders: list[list[int]]) -> np.ndarray:
    """Algorithm 1 with the order of the others given for each task."""
    found = gradients.copy()
    for task, order in enumerate(orders):
        for other in order:
            overlap = found[task] @ gradients[other]
            if overlap < 0:
                found[task] -= overlap / (gradients[other] @ gradients[other]) * gradients[other]
    return found


def test_two_gradients_lose_what_contradicts_the_other():
    np.testing.assert_allclose(project(PAIR), by_hand(PAIR, [[1], [0]]), rtol=1e-12)


def test_projected_gradients_of_two_tasks_are_orthogonal_to_the_other_original_one():
    found = project(PAIR)
    assert found[0] @ PAIR[1] == pytest.approx(0, abs=1e-12)
    assert found[1] @ PAIR[0] == pytest.approx(0, abs=1e-12)


def test_what_does_not_conflict_is_left_alone_bit_for_bit():
    gradients = np.abs(THREE)
    assert np.array_equal(project(gradients), gradients)
    orthogonal = np.array([[1.0, 0.0], [0.0, -3.0]])
    assert np.array_equal(project(orthogonal), orthogonal)


def test_a_tasks_length_does_not_change_what_the_other_loses():
    """The direction of a projection hangs on the direction of the other gradient alone."""
    np.testing.assert_allclose(project(PAIR * [[1], [1000]])[0], project(PAIR)[0], rtol=1e-9)
    np.testing.assert_allclose(project(-PAIR), -project(PAIR), rtol=1e-12)


def test_three_tasks_are_projected_one_after_another_in_an_order_that_the_seed_decides():
    expected = {}
    for first in ([1, 2], [2, 1]):
        for second in ([0, 2], [2, 0]):
            for third in ([0, 1], [1, 0]):
                found = by_hand(THREE, [first, second, third])
                expected[tuple(found.round(9).ravel())] = (first, second, third)
    met = set()
    for seed in range(40):
        key = tuple(project(THREE, seed).round(9).ravel())
        assert key in expected  # also: one after another, and the original gradients of the others
        met.add(key)
    assert len(met) == len(expected) == 8  # each task has an order of its own
    assert np.array_equal(project(THREE, 5), project(THREE, 5))


def rules(model, batch):
    """Loss and gradients by the method and by the plain sum, with the names of the variables."""
    variables = model.trainable_variables
    loss, slopes = pcgrad.Objective().gradients(model, variables, batch | {"seed": SEED})
    with tf.GradientTape(persistent=True) as tape:
        tasks = shared.losses(model(batch["x"], training=True), batch)
        total = tasks[0] + tasks[1]
    plain = tape.gradient(total, variables)
    own = [tape.gradient(task, variables) for task in tasks]
    return [v.path for v in variables], float(loss) - float(total), slopes, plain, own


def conflicting(sign: float):
    """A network and a batch whose quantity grows with the error of the class (sign 1), or falls with it."""
    data = toys.sample().train
    model = shared.build(toys.sample(), toys.NETWORK, 3)
    label, quantity = model.get_layer("head"), model.get_layer("auxiliary")
    label.set_weights([np.eye(6, 3, dtype=np.float32), np.zeros(3, np.float32)])
    quantity.set_weights([sign * np.eye(6, 2, dtype=np.float32), np.zeros(2, np.float32)])
    features = np.asarray(model(data.x)["auxiliary"])
    batch = arrays(data) | {"y": np.zeros(30, np.int32), "auxiliary": features + np.float32([1, -1])}
    return model, batch


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_trunk_gets_the_sum_of_projected_gradients_as_one_vector_and_the_heads_their_plain_ones(sign: float):
    model, batch = conflicting(sign)
    paths, difference, slopes, plain, own = rules(model, batch)
    assert difference == 0
    trunk = [place for place, path in enumerate(paths) if path.startswith("hidden")]
    assert len(trunk) == 4
    flat = np.stack([np.concatenate([np.ravel(task[place]) for place in trunk]) for task in own]).astype(np.float64)
    assert (flat[0] @ flat[1] < 0) == (sign < 0)
    expected = by_hand(flat, [[1], [0]]).sum(axis=0)
    found = np.concatenate([np.ravel(slopes[place]) for place in trunk])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    for place in set(range(len(paths))) - set(trunk):
        assert np.array_equal(slopes[place], plain[place]), paths[place]


def test_without_conflict_it_is_equal_weights_bit_for_bit():
    _, _, slopes, plain, _ = rules(*conflicting(1.0))
    assert all(np.array_equal(one, other) for one, other in zip(slopes, plain, strict=True))


def test_with_conflict_it_is_not():
    _, _, slopes, plain, _ = rules(*conflicting(-1.0))
    assert not np.array_equal(slopes[0], plain[0])
    assert not toys.same(trained("pcgrad").model, trained("equal-weights").model)


@pytest.mark.parametrize("change", [{"epochs": 5}, {"rates": [0.05]}, {"batch": 10}, {"optimizer": "adam"}])
def test_every_setting_changes_the_result(change: dict[str, object]):
    assert not toys.same(trained("pcgrad").model, trained("pcgrad", **change).model)
