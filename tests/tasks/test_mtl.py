"""Hard parameter sharing, equal weights and the joint source-and-target task, against their control."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_softmax

from tasks.common import outcomes, scratch
from tasks.common.objectives import predict
from tasks.common.phases import Phase
from tasks.common.training import fit
from tasks.models import dense
from tasks.mtl import equal_weights, hard_sharing, joint, shared
from tests.tasks import toys
from tests.tasks.multitask_toys import ONE_STEP, arrays, losses, moved, trained

X = toys.sample().validation.x


def auxiliary(model: object, x: np.ndarray = X) -> np.ndarray:
    return predict(model, x, of=lambda outputs: outputs["auxiliary"])  # type: ignore[index]


@pytest.mark.parametrize("weight", [0.3, 1.0])
def test_the_loss_is_cross_entropy_plus_the_weighted_mean_squared_error(weight: float):
    data = toys.sample().train
    model = shared.build(toys.sample(), toys.NETWORK, 3)
    label, error = losses(model, data)
    objectives = [hard_sharing.Objective(weight)] + [equal_weights.objective] * (weight == 1)
    for objective in objectives:
        assert float(objective(model, arrays(data))) == pytest.approx(label + weight * error, rel=1e-5)


def test_the_joint_loss_is_the_targets_cross_entropy_plus_the_weighted_one_of_the_source():
    data, other = toys.sample(), toys.sample(("x", "y"), seed=5)
    model = joint.build(data, other, toys.NETWORK, 3)
    batch = arrays(data.train) | {f"source_{name}": values for name, values in arrays(other.train).items()}
    target = log_softmax(np.asarray(model(data.train.x)["head"], np.float64), axis=1)[np.arange(30), data.train.y]
    source = log_softmax(np.asarray(model(other.train.x)["source"], np.float64), axis=1)[np.arange(30), other.train.y]
    assert float(joint.Objective(0.4)(model, batch)) == pytest.approx(-target.mean() - 0.4 * source.mean(), rel=1e-5)


def test_equal_weights_is_hard_sharing_at_weight_1_bit_for_bit():
    assert toys.same(trained("equal-weights").model, trained("hard-sharing", auxiliary_weight=1.0).model)


@pytest.mark.parametrize(("method", "knob"), [("hard-sharing", "auxiliary_weight"), ("joint", "source_weight")])
def test_weight_zero_gives_the_single_tasks_predictions_bit_for_bit(method: str, knob: str):
    alone = predict(trained("single-task").model, X)
    assert np.array_equal(predict(trained(method, **{knob: 0.0}).model, X), alone)
    assert not np.array_equal(predict(trained(method).model, X), alone)


@pytest.mark.parametrize("method", ["hard-sharing", "equal-weights", "uncertainty", "gradnorm", "pcgrad", "dwa"])
def test_all_start_from_the_single_tasks_weights_and_hand_back_trunk_and_two_heads(method: str):
    start, single = (trained(name, rates=[1e-30]).model for name in (method, "single-task"))
    np.testing.assert_array_equal(predict(start, X), predict(single, X))
    np.testing.assert_array_equal(auxiliary(start), auxiliary(single))
    assert [layer.name for layer in start.layers if layer.weights] == ["hidden-1", "hidden-2", "auxiliary", "head"]


def test_the_trunk_feels_both_tasks_and_each_head_its_own():
    light, heavy = (trained("hard-sharing", auxiliary_weight=weight, **ONE_STEP).model for weight in (0.1, 0.2))
    assert moved(light, heavy) == {"hidden-1": True, "hidden-2": True, "auxiliary": True, "head": False}


@pytest.mark.parametrize("change", [{"auxiliary_weight": 0.6}, {"epochs": 5}, {"rates": [0.05]}])
def test_every_setting_of_hard_sharing_changes_the_result(change: dict[str, object]):
    assert not toys.same(trained("hard-sharing").model, trained("hard-sharing", **change).model)


def test_the_class_network_of_single_task_is_the_one_from_scratch_bit_for_bit():
    plain = scratch.train(toys.sample(), toys.NETWORK, toys.training(epochs=3), 3)
    found = trained("single-task")
    assert np.array_equal(predict(found.model, X), predict(plain.model, X))  # type: ignore[union-attr]
    assert found.course.rows == plain.course.rows  # type: ignore[union-attr]
    assert found.moved == plain.moved + dense.build(toys.NETWORK, (5,), 2, 3).count_params()  # type: ignore[union-attr]


def test_the_auxiliary_network_of_single_task_is_a_regression_alone():
    """Trained by itself, on mean squared error, from the class network's initial trunk."""
    network = dense.build(toys.NETWORK, (5,), 2, 3, "auxiliary")
    data = toys.sample()
    fit(
        network,
        [Phase("all", 0.1, 3)],
        train={"x": data.train.x, "auxiliary": data.train.auxiliary},
        validation={"x": data.validation.x, "auxiliary": data.validation.auxiliary},
        objective=lambda model, batch: tf.reduce_mean((model(batch["x"]) - batch["auxiliary"]) ** 2),
        criterion=lambda model, held_out: (tf.constant(1.0), tf.constant(0.0)),
        optimizer="sgd",
        batch=8,
        keep="last",
        seed=3,
    )
    np.testing.assert_allclose(auxiliary(trained("single-task").model), np.asarray(network(X)), rtol=1e-4, atol=1e-6)


def test_the_two_networks_of_single_task_have_nothing_in_common():
    """Other labels leave the auxiliary network as it is, other quantities the class network."""
    data = toys.sample()
    labels = dataclasses.replace(data, train=dataclasses.replace(data.train, y=np.roll(data.train.y, 1)))
    quantities = dataclasses.replace(data, train=dataclasses.replace(data.train, auxiliary=-data.train.auxiliary))
    plain, other, negative = (trained("single-task", sample).model for sample in (data, labels, quantities))
    assert {name for name, has in moved(plain, other).items() if has} == {"hidden-1", "hidden-2", "head"}
    assert {name for name, has in moved(plain, negative).items() if has} == {
        "auxiliary-hidden-1", "auxiliary-hidden-2", "auxiliary"
    }  # fmt: skip


def test_each_network_of_single_task_keeps_the_epoch_and_rate_that_are_best_for_its_own_task():
    data = toys.sample()
    found = trained("single-task", rates=[0.001, 0.2], epochs=40, keep="best")
    label, error = losses(found.model, data.validation)
    assert found.course.validation_loss == pytest.approx(label, rel=1e-5)
    for rate in (0.001, 0.2):
        for epochs in (5, 20, 40):
            one_label, one_error = losses(trained("single-task", rates=[rate], epochs=epochs).model, data.validation)
            assert label <= one_label * (1 + 1e-6)
            assert error <= one_error * (1 + 1e-6)
    assert found.notes["auxiliary_rate"] == 0.2
    assert found.notes["auxiliary_epoch"] != found.course.epoch


def test_single_task_without_auxiliary_quantities_is_the_class_network():
    data = toys.sample()
    none = {
        part: dataclasses.replace(getattr(data, part), auxiliary=np.empty((rows, 0), np.float32))
        for part, rows in (("train", 30), ("validation", 20))
    }
    found = trained("single-task", dataclasses.replace(data, **none))
    plain = scratch.train(toys.sample(), toys.NETWORK, toys.training(epochs=3), 3)
    assert toys.same(found.model, plain.model)  # type: ignore[union-attr]


@pytest.mark.parametrize("method", ["single-task", "equal-weights", "uncertainty"])
def test_both_outputs_are_the_same_bits_after_saving_and_the_classifiers_size_is_told(method: str, tmp_path: Path):
    found = trained(method)
    outcomes.save(tmp_path / method, [found], {})
    model = outcomes.load(tmp_path / method, 0)
    assert np.array_equal(predict(model, X), predict(found.model, X))
    assert np.array_equal(auxiliary(model), auxiliary(found.model))
    single = dense.build(toys.NETWORK, (5,), 3, 3).count_params()
    assert outcomes.read(tmp_path / method)["parameters"] == {"trained": found.moved, "total": single}


def test_the_source_moves_the_trunk_and_not_the_targets_head_nor_does_its_head_stay_in_the_model():
    light, heavy = (trained("joint", source_weight=weight, **ONE_STEP).model for weight in (0.5, 1.0))
    assert moved(light, heavy) == {"hidden-1": True, "hidden-2": True, "head": False}
    alone = trained("single-task", **ONE_STEP).model
    assert np.array_equal(light.get_layer("head").get_weights()[0], alone.get_layer("head").get_weights()[0])


def test_every_label_of_the_source_counts_and_its_auxiliary_quantities_do_not():
    other = toys.sample(("x", "y"), rows=17, seed=5)
    labels = dataclasses.replace(other, train=dataclasses.replace(other.train, y=1 - other.train.y))
    quantities = dataclasses.replace(other, train=dataclasses.replace(other.train, auxiliary=-other.train.auxiliary))
    plain = trained("joint").model
    assert not toys.same(plain, trained("joint", source=labels).model)
    assert toys.same(plain, trained("joint", source=quantities).model)


@pytest.mark.parametrize("change", [{"source_weight": 0.5}, {"epochs": 5}, {"rates": [0.05]}])
def test_every_setting_of_joint_changes_the_result(change: dict[str, object]):
    assert not toys.same(trained("joint").model, trained("joint", **change).model)
