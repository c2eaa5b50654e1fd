"""Heads on frozen layers: what these make of a sample is computed once, and nothing else is different."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tasks.common import objectives, training
from tasks.common.mixing import Mixed
from tasks.common.objectives import plain, predict
from tasks.common.outcomes import Trained
from tasks.common.phases import Phase
from tasks.common.schema.study import Network
from tasks.models import surgery
from tasks.models.dense import HEAD
from tests.tasks import toys
from tests.tasks.transferring import NORMALISED_IMAGES, data_of, source_of, transfer


@dataclass(frozen=True)
class Unknown:
    """The plain objective, of which nobody knows that it leaves inputs alone."""

    def __call__(self, model: Any, batch: Any) -> Any:
        return plain(model, batch)


def head_alone(objective: Any, network: Network, moving: frozenset[str] = frozenset({HEAD})) -> Trained:
    sample, source = data_of(network), source_of(network)
    result = training.search(
        toys.training(rates=[0.05, 0.1], keep="best"),
        sample,
        build=lambda: surgery.with_new_head(source.model, len(sample.classes), 3),
        phases=lambda rate: [Phase("head", rate, 4, moving)],
        seed=3,
        objective=objective,
    )
    assert isinstance(result, Trained)
    return result


@pytest.mark.parametrize("network", [toys.NETWORK, NORMALISED_IMAGES])
def test_a_head_on_features_computed_once_is_the_head_on_the_whole_network(network: Network):
    """To rounding: a batch's features do not have the bits of all features at once."""
    once, whole = head_alone(plain, network), head_alone(Unknown(), network)
    assert (once.rate, once.course.epoch, once.moved) == (whole.rate, whole.course.epoch, whole.moved)
    assert [row["epoch"] for row in once.course.rows] == [row["epoch"] for row in whole.course.rows]
    for one, other in zip(once.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    x = data_of(network).validation.x
    np.testing.assert_allclose(predict(once.model, x), predict(whole.model, x), rtol=1e-4, atol=1e-5)


def test_frozen_layers_see_each_sample_once(monkeypatch: pytest.MonkeyPatch):
    seen: list[int] = []
    usual = training.predict
    monkeypatch.setattr(training, "predict", lambda body, x: seen.append(len(x)) or usual(body, x))
    head_alone(plain, toys.NETWORK)
    assert seen == [30, 20]
    head_alone(Mixed(), toys.NETWORK)  # weights of classes change no input
    assert seen == [30, 20] * 2


@pytest.mark.parametrize("objective", [Mixed(noise=0.1), Mixed(mixup=0.2), Mixed(flip=True), Mixed(shift=1), Unknown()])
def test_changed_inputs_go_through_the_whole_network(objective: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(training, "predict", lambda *_: pytest.fail("the features were taken for the same"))
    head_alone(objective, toys.CONVOLUTIONAL)


def test_so_does_a_training_in_which_anything_else_moves(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(training, "predict", lambda *_: pytest.fail("the features were taken for the same"))
    head_alone(plain, toys.NETWORK, frozenset({HEAD, "hidden-2"}))
    assert transfer("fine-tuning").course.rows


@pytest.mark.parametrize("network", [toys.NETWORK, NORMALISED_IMAGES])
def test_predictions_of_many_samples_are_those_of_few(network: Network):
    """1,024 small samples go in at a time; from the fifth such batch on the model is traced."""
    model, x = source_of(network).model, data_of(network).validation.x
    many = np.tile(x, (1 + 5 * 1024 // len(x), *[1] * (x.ndim - 1)))
    found = predict(model, many)
    np.testing.assert_allclose(found, np.tile(predict(model, x), (len(many) // len(x), 1)), rtol=1e-5, atol=1e-6)


def test_only_the_prediction_of_many_batches_is_traced(monkeypatch: pytest.MonkeyPatch):
    model, traced = source_of(toys.NETWORK).model, []
    graph = objectives.as_graph
    monkeypatch.setattr(objectives, "as_graph", lambda model: traced.append(model) or graph(model))
    predict(model, np.zeros((4 * 1024, 5), np.float32))
    assert traced == []
    predict(model, np.zeros((4 * 1024 + 1, 5), np.float32))
    assert traced == [model]
