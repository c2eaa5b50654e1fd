"""Hard parameter sharing, against its control."""

import numpy as np
import pytest

from tasks.common.objectives import predict
from tasks.common.schema.mtl import HardSharing
from tasks.mtl import hard_sharing, single_task
from tests.tasks import toys


def trained(**changes: object):
    settings = HardSharing.model_validate(toys.TRAINING | {"auxiliary_weight": 0.3} | changes)
    return hard_sharing.run(toys.sample(), toys.sample(), toys.NETWORK, settings, 3).model


def test_the_loss_is_cross_entropy_plus_the_weighted_mean_squared_error():
    data = toys.sample().train
    model = hard_sharing.build(toys.sample(), toys.NETWORK, 3)
    outputs = {name: np.asarray(value, np.float64) for name, value in model(data.x).items()}
    scores = outputs["head"] - np.logaddexp.reduce(outputs["head"], axis=1, keepdims=True)
    expected = -scores[np.arange(30), data.y].mean() + 0.3 * ((outputs["auxiliary"] - data.auxiliary) ** 2).mean()
    batch = {"x": data.x, "y": data.y, "auxiliary": data.auxiliary}
    assert float(hard_sharing.Objective(0.3)(model, batch)) == pytest.approx(expected, rel=1e-5)


def test_weight_zero_gives_the_single_tasks_predictions_bit_for_bit():
    x = toys.sample().validation.x
    alone = single_task.run(toys.sample(), toys.sample(), toys.NETWORK, toys.training(), 3).model
    assert np.array_equal(predict(trained(auxiliary_weight=0.0), x), predict(alone, x))
    assert not np.array_equal(predict(trained(), x), predict(alone, x))


def test_it_starts_from_the_single_tasks_weights():
    shared = hard_sharing.build(toys.sample(), toys.NETWORK, 3)
    single = single_task.run(toys.sample(), toys.sample(), toys.NETWORK, toys.training(rates=[1e-30]), 3).model
    x = toys.sample().train.x
    np.testing.assert_array_equal(predict(shared, x), predict(single, x))


def test_the_trunk_feels_both_tasks_and_each_head_its_own():
    one_step = {"batch": 30, "epochs": 1}
    light, heavy = trained(auxiliary_weight=0.1, **one_step), trained(auxiliary_weight=0.2, **one_step)
    moved = {
        layer.name: any(not np.array_equal(a, b) for a, b in zip(layer.get_weights(), other, strict=True))
        for layer, other in ((layer, heavy.get_layer(layer.name).get_weights()) for layer in light.layers)
        if layer.weights
    }
    assert moved == {"hidden-1": True, "hidden-2": True, "auxiliary": True, "head": False}


@pytest.mark.parametrize("change", [{"auxiliary_weight": 0.6}, {"epochs": 5}, {"rates": [0.05]}])
def test_every_setting_changes_the_result(change: dict[str, object]):
    assert not toys.same(trained(), trained(**change))
