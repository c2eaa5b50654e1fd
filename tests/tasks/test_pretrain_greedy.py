"""Greedy layer-wise autoencoders: what each layer sees, who moves, and what one layer alone is."""

import numpy as np
import pytest

from tasks.common.outcomes import Failed, Trained
from tasks.models import dense
from tasks.pretrain import METHODS, greedy, pretext
from tests.tasks import toys
from tests.tasks.test_pretrain import settings_of

SEED = 3
SHALLOW = toys.NETWORK.model_copy(update={"units": [8]})


def trained(network=toys.NETWORK, method: str = "greedy", **changes: object) -> Trained:
    data = toys.images() if network.kind == "convolutional" else toys.sample()
    found = METHODS[method](data, network, settings_of(method, **({"rates": [0.05]} | changes)), SEED)
    assert isinstance(found, Trained)
    return found


def test_one_hidden_layer_makes_it_the_autoencoder_bit_for_bit():
    layered, whole = trained(SHALLOW), trained(SHALLOW, "autoencoder")
    assert toys.same(layered.model, whole.model)
    assert layered.course.validation_loss == whole.course.validation_loss
    assert not toys.same(trained().model, trained(method="autoencoder").model)


def test_one_hidden_layer_with_masking_makes_it_denoising_bit_for_bit():
    layered = trained(SHALLOW, masking=0.4)
    assert toys.same(layered.model, trained(SHALLOW, "denoising", noise="masking", amount=0.4).model)


def test_a_layer_is_frozen_before_the_next_begins():
    """So what lies above it cannot have moved it: it has the bits of a network that ends there."""
    deep, shallow = trained().model, trained(SHALLOW).model
    for a, b in zip(deep.get_layer("hidden-1").get_weights(), shallow.get_layer("hidden-1").get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_the_second_layer_gives_back_what_the_first_says():
    """One step of size 0.05 on mean((relu(hW)V - h)²), for h the trained first layer's output of all 30 rows."""
    model = trained(epochs=1, batch=30).model
    first, bias = (w.astype(np.float64) for w in model.get_layer("hidden-1").get_weights())
    start = dense.build(toys.NETWORK, (5,), 3, SEED).get_layer("hidden-2")
    W = start.get_weights()[0].astype(np.float64)
    layer = dense.linear(8, pretext.PREDICTED, SEED)
    layer.build((None, 6))
    V = layer.get_weights()[0].astype(np.float64)
    h = np.maximum(toys.sample().train.x @ first + bias, 0)
    code = np.maximum(h @ W, 0)
    slope = 2 * (code @ V - h) / h.size
    expected = W - 0.05 * h.T @ ((slope @ V.T) * (code > 0))
    np.testing.assert_allclose(model.get_layer("hidden-2").get_weights()[0], expected, rtol=1e-4, atol=1e-6)


def test_each_layer_chooses_its_own_rate_and_epoch():
    found = trained(rates=[0.05, 1e-6], epochs=3)
    assert list(found.notes["layers"]) == ["hidden-1", "hidden-2"]
    assert {layer["rate"] for layer in found.notes["layers"].values()} == {0.05}
    assert found.trainings == 4
    assert [row["epoch"] for row in found.course.rows] == [1, 2, 3, 4, 5, 6]
    assert [row["phase"] for row in found.course.rows] == ["hidden-1"] * 3 + ["hidden-2"] * 3
    assert found.course.validation_loss == found.notes["layers"]["hidden-2"]["validation_loss"]


def test_every_layer_of_a_convolutional_network_is_trained_with_what_belongs_to_it():
    network = toys.CONVOLUTIONAL.model_copy(update={"batch_norm": True})
    blocks = dict(greedy.blocks(pretext.body(toys.images(), network, SEED), network.hidden))
    assert [layer.name for layer in blocks["conv-2"]] == ["conv-2", "conv-2-norm", "conv-2-activation", "pool-2"]
    assert [layer.name for layer in blocks["hidden-1"]] == [
        "flatten",
        "hidden-1",
        "hidden-1-norm",
        "hidden-1-activation",
    ]
    assert list(trained(network).notes["layers"]) == network.hidden


def test_images_of_odd_sides_are_given_back_whole():
    """Pooling 7 x 7 leaves 3 x 3, which doubled would be 6 x 6."""
    found = METHODS["greedy"](toys.images(side=7), toys.CONVOLUTIONAL, settings_of("greedy"), SEED)
    assert isinstance(found, Trained)


def test_a_layer_that_diverges_is_named():
    found = METHODS["greedy"](toys.sample(), toys.NETWORK, settings_of("greedy", rates=[1e30]), SEED)
    assert isinstance(found, Failed)
    assert found.reason.startswith("hidden-1: ")


@pytest.mark.parametrize("change", [{"masking": 0.3}, {"epochs": 5}, {"rates": [0.02]}, {"batch": 4}])
def test_every_setting_changes_the_result(change: dict[str, object]):
    assert not toys.same(trained().model, trained(**change).model)
