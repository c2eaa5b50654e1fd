"""Autoencoders, denoising, masking and auxiliary quantities: the loss, the corruption, and what they reduce to."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tasks.common import seeds, views
from tasks.common.errors import UserError
from tasks.common.loop import order
from tasks.common.samples import Part, Sample
from tasks.models import dense
from tasks.pretrain import METHODS, auxiliary
from tasks.pretrain.reconstruction import Reconstruct, decoder, squared_error
from tests.tasks import toys
from tests.tasks.test_pretrain import settings_of

SEED = 3
SHALLOW = toys.NETWORK.model_copy(update={"units": [8]})
RNG = np.random.default_rng(5)
X = RNG.normal(size=(6, 5)).astype(np.float32)
NUMBERS = tf.constant([1, 2])


def trained(method: str, network=toys.NETWORK, sample: Sample | None = None, **changes: object):
    return METHODS[method](sample or toys.sample(), network, settings_of(method, **({"rates": [0.1]} | changes)), SEED)


def loss(task: Reconstruct, model) -> float:
    return float(task(model, {"x": tf.constant(X), "seed": NUMBERS}))


def same(given, training):
    """A model that gives back what it gets."""
    return given


def step_in_numpy(x: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The kernel of a hidden layer of 8 ReLU units after one step of size 0.1 on mean((relu(xW)V - target)²)."""
    W = dense.build(SHALLOW, (5,), 3, SEED).get_layer("hidden-1").get_weights()[0].astype(np.float64)
    layer = dense.linear(target.shape[1], "predicted", SEED)
    layer.build((None, 8))
    V = layer.get_weights()[0].astype(np.float64)
    hidden = np.maximum(x @ W, 0)
    slope = 2 * (hidden @ V - target) / target.size
    return W - 0.1 * x.T @ ((slope @ V.T) * (hidden > 0))


def test_an_autoencoders_step_is_the_gradient_of_the_mean_squared_error():
    x = toys.sample().train.x.astype(np.float64)
    model = trained("autoencoder", SHALLOW, epochs=1, batch=30).model
    np.testing.assert_allclose(model.get_weights()[0], step_in_numpy(x, x), rtol=1e-5, atol=1e-6)


def test_a_denoising_step_repairs_the_noisy_sample_to_the_clean_one():
    """All 30 rows in one batch: the noise is that of the first step's seed, drawn in the batch's order."""
    x = toys.sample().train.x[order(SEED, 1, 30)]
    noise = tf.random.stateless_normal(x.shape, [seeds.derive(SEED, "epoch", 1), 0])
    given = x.astype(np.float64) + 0.5 * noise.numpy()
    model = trained("denoising", SHALLOW, epochs=1, batch=30).model
    np.testing.assert_allclose(model.get_weights()[0], step_in_numpy(given, x), rtol=1e-4, atol=1e-5)


def test_an_auxiliary_step_is_the_gradient_of_the_quantities_mean_squared_error():
    part = toys.sample().train
    model = trained("auxiliary", SHALLOW, epochs=1, batch=30).model
    expected = step_in_numpy(part.x.astype(np.float64), part.auxiliary.astype(np.float64))
    np.testing.assert_allclose(model.get_weights()[0], expected, rtol=1e-5, atol=1e-6)


def test_the_error_is_weighted_and_compared_with_that_of_the_mean():
    predicted, weight = RNG.normal(size=(2, 6, 5))
    weight = np.abs(weight)
    value, explained = squared_error(predicted, X.astype(np.float64), weight)
    expected = (weight * (predicted - X) ** 2).sum() / weight.sum()
    spread = (weight * (X.mean(axis=0, dtype=np.float64) - X) ** 2).sum() / weight.sum()
    assert float(value) == pytest.approx(expected)
    assert float(explained) == pytest.approx(1 - expected / spread, rel=1e-5)
    plain, _ = squared_error(predicted, X.astype(np.float64))
    assert float(plain) == pytest.approx(((predicted - X) ** 2).mean())


def test_the_decoder_mirrors_the_encoder():
    network = toys.NETWORK.model_copy(update={"units": [8, 7, 3]})
    inputs = keras.Input((3,))
    model = keras.Model(inputs, decoder(network, 5, SEED)(inputs))
    assert [layer.output.shape[-1] for layer in model.layers[1:]] == [7, 8, 5]
    assert model.layers[-1].activation.__name__ == "linear"


@pytest.mark.parametrize("noise", ["gaussian", "masking"])
@pytest.mark.parametrize("network", [toys.NETWORK, toys.CONVOLUTIONAL])
def test_denoising_without_noise_is_the_autoencoder_bit_for_bit(noise: str, network):
    data = toys.images() if network is toys.CONVOLUTIONAL else toys.sample()
    plain = trained("autoencoder", network, data)
    repaired = trained("denoising", network, data, noise=noise, amount=0.0)
    assert toys.same(plain.model, repaired.model)
    assert plain.course == repaired.course
    assert not toys.same(plain.model, trained("denoising", network, data, noise=noise).model)


def test_masking_hides_a_share_of_zeros_from_the_model_and_compares_with_the_clean_sample():
    seen = []
    task = Reconstruct("masking", 0.4)
    value = loss(task, lambda given, training: seen.append(given.numpy()) or given)
    hidden = views.hidden(tf.constant(X), NUMBERS, 0.4).numpy()
    assert np.array_equal(hidden.sum(axis=1), [2] * 6)
    assert np.array_equal(seen[0], np.where(hidden, 0, X))
    assert value == pytest.approx((X[hidden] ** 2).sum() / X.size, rel=1e-5)


def test_emphasis_takes_weight_from_the_features_that_were_left_alone():
    """Vincent et al. (2010), section 4.4, with α = 1 and β = 1 - emphasis, over the sum of the weights."""
    hidden = views.hidden(tf.constant(X), NUMBERS, 0.4).numpy()
    error = (np.where(hidden, 0, X) + 1 - X) ** 2
    weight = np.where(hidden, 1, 0.25)
    value = loss(Reconstruct("masking", 0.4, emphasis=0.75), lambda given, training: given + 1)
    assert value == pytest.approx((weight * error).sum() / weight.sum(), rel=1e-5)


def test_masked_prediction_is_denoising_with_full_emphasis_bit_for_bit():
    masked = trained("masked", share=0.4)
    repaired = trained("denoising", noise="masking", amount=0.4, emphasis=1.0)
    assert toys.same(masked.model, repaired.model)
    assert masked.course == repaired.course
    assert not toys.same(masked.model, trained("denoising", noise="masking", amount=0.4).model)


def test_giving_back_what_was_seen_earns_nothing_when_masked():
    """Only hidden features count: with any answer for the others, the loss is the hidden ones' own."""
    task = Reconstruct("masking", 0.4, emphasis=1.0)
    hidden = views.hidden(tf.constant(X), NUMBERS, 0.4).numpy()
    assert loss(task, lambda given, training: tf.where(hidden, X, 99.0)) == 0
    assert loss(task, same) == pytest.approx((X[hidden] ** 2).mean(), rel=1e-5)


def test_with_everything_masked_the_sample_cannot_be_told():
    """The features then hang on nothing: the first kernel never moves."""
    network = toys.NETWORK
    model = trained("masked", share=1.0).model
    start = dense.build(network, (5,), 3, SEED).get_layer("hidden-1").get_weights()[0]
    assert np.array_equal(model.get_layer("hidden-1").get_weights()[0], start)


def test_the_order_of_samples_does_not_change_an_autoencoders_loss():
    model = dense.build(SHALLOW, (5,), 5, SEED)
    values = [float(Reconstruct()(model, {"x": tf.constant(x), "seed": NUMBERS})) for x in (X, X[::-1].copy())]
    assert values[0] == pytest.approx(values[1], rel=1e-6)


def test_with_the_inputs_as_quantities_the_auxiliary_task_is_the_autoencoder_bit_for_bit():
    data = toys.sample()
    parts = [Part(part.x, part.y, part.x) for part in (data.train, data.validation)]
    given_back = trained("auxiliary", SHALLOW, Sample(*parts, data.classes))
    assert toys.same(given_back.model, trained("autoencoder", SHALLOW).model)
    assert not toys.same(given_back.model, trained("auxiliary", SHALLOW).model)


def test_quantities_nobody_named_are_asked_for():
    part = Part(X, np.zeros(6, np.int32), np.empty((6, 0), np.float32))
    with pytest.raises(UserError, match=r"data.auxiliary names none"):
        auxiliary.run(Sample(part, part, ("a", "b")), toys.NETWORK, toys.training(), SEED)


CHANGES = [
    ("denoising", {"noise": "masking"}),
    ("denoising", {"amount": 0.6}),
    ("denoising", {"noise": "masking", "amount": 0.6}),
    ("denoising", {"noise": "masking", "emphasis": 0.5}),
    ("masked", {"share": 0.6}),
    ("masked", {"patch": 1}),
    *((method, change) for method in ("autoencoder", "auxiliary") for change in ({"epochs": 5}, {"rates": [0.05]})),
]


@pytest.mark.parametrize(("method", "change"), CHANGES)
def test_every_setting_changes_the_result(method: str, change: dict[str, object]):
    network, data = toys.CONVOLUTIONAL, toys.images()
    assert not toys.same(trained(method, network, data).model, trained(method, network, data, **change).model)
