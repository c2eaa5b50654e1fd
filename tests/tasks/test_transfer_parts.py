"""Methods that move few parameters: biases, adapters, low-rank updates."""

from typing import Any

import keras
import numpy as np
import pytest

from tasks.common import training
from tasks.common.objectives import predict
from tasks.common.phases import Phase
from tasks.common.schema.study import Network
from tasks.common.stages import Source
from tasks.common.training import fit
from tasks.models import surgery
from tasks.transfer import adapters, lora
from tests.tasks import toys
from tests.tasks.transferring import NORMALISED, SEED, WHOLE, changed, data_of, source_of, start_of, transfer

RNG = np.random.default_rng(0)


def weights(model: Any, name: str) -> list[np.ndarray]:
    return [np.asarray(w, np.float64) for w in model.get_layer(name).get_weights()]


# bitfit


@pytest.mark.parametrize("network", [toys.NETWORK, toys.CONVOLUTIONAL])
def test_bitfit_moves_every_bias_and_the_head_alone(network: Network):
    source = source_of(network)
    result = transfer("bitfit", network=network, source=source)
    biases = {f"{name}/bias" for name in network.hidden}
    assert changed(start_of(source), result.model) == {"head/kernel", "head/bias", *biases}
    widths = sum(result.model.get_layer(name).bias.shape[0] for name in network.hidden)
    assert result.moved == 21 + widths


def test_a_bias_moves_as_in_full_fine_tuning():
    """One step: the gradient of a bias does not hang on who else moves."""
    source = source_of()
    full, some = (transfer(method, source=source, **WHOLE).model for method in ("full-fine-tuning", "bitfit"))
    for name in ("hidden-1", "hidden-2", "head"):
        np.testing.assert_allclose(weights(full, name)[1], weights(some, name)[1], atol=1e-7)


def test_bitfit_of_a_source_without_live_units_is_feature_extraction_bit_for_bit():
    """Limit: where no unit of the last layer is above zero, no bias has a gradient."""
    source = source_of()
    kernel, bias = source.model.get_layer("hidden-2").get_weights()
    source.model.get_layer("hidden-2").set_weights([kernel, bias - 100])
    models = [transfer(method, source=source).model for method in ("bitfit", "feature-extraction")]
    assert toys.same(*models)


@pytest.mark.parametrize("change", [{"epochs": 5}, {"rates": [0.05]}, {"batch": 4}])
def test_every_setting_of_bitfit_changes_the_result(change: dict[str, object]):
    assert not toys.same(transfer("bitfit").model, transfer("bitfit", **change).model)


# adapters


@pytest.mark.parametrize("network", [toys.NETWORK, NORMALISED, toys.CONVOLUTIONAL])
def test_a_model_with_adapters_starts_with_the_predictions_of_the_one_without(network: Network):
    start, x = start_of(source_of(network)), data_of(network).train.x
    adapted = adapters.with_adapters(start, network, 2, SEED)
    assert adapted.count_params() > start.count_params()
    np.testing.assert_array_equal(predict(adapted, x), predict(start, x))


@pytest.mark.parametrize("network", [toys.NETWORK, toys.CONVOLUTIONAL])
def test_an_adapter_adds_a_bottleneck_of_the_layers_output_to_it(network: Network):
    """Section 2.1: h + W_up f(W_down h + b_down) + b_up; of a convolution at each place by itself."""
    adapted = adapters.with_adapters(start_of(source_of(network)), network, 2, SEED)
    adapted.set_weights([w + RNG.normal(size=w.shape).astype(np.float32) for w in adapted.get_weights()])
    first = network.hidden[0]
    inner = surgery.keras.Model(
        adapted.input, [adapted.get_layer(first).output, adapted.get_layer(f"{first}-adapter").output]
    )
    h, found = (np.asarray(part) for part in inner(data_of(network).train.x))
    (down, low), (up, high) = (weights(adapted, f"{first}-adapter-{side}") for side in ("down", "up"))
    np.testing.assert_allclose(found, h + np.maximum(h @ down + low, 0) @ up + high, rtol=1e-4, atol=1e-4)
    assert down.shape[1] == up.shape[0] == 2


@pytest.mark.parametrize("network", [toys.NETWORK, NORMALISED])
def test_adapters_normalisation_and_the_head_move_and_the_sources_layers_stay(network: Network):
    source = source_of(network)
    result = transfer("adapters", network=network, source=source)
    moved = {name.split("/")[0] for name in changed(start_of(source), result.model)}
    assert moved == {"head"} | ({"hidden-1-norm", "hidden-2-norm"} if network.batch_norm else set())
    for side in ("hidden-1-adapter-up", "hidden-2-adapter-up", "hidden-2-adapter-down"):
        start = adapters.with_adapters(start_of(source), network, 2, SEED)
        assert not np.array_equal(weights(start, side)[0], weights(result.model, side)[0])
    bottlenecks = sum(units * 2 + 2 + 2 * units + units for units in (8, 6))
    assert result.moved == 21 + bottlenecks + (4 * 14 if network.batch_norm else 0)


def test_adapters_of_no_width_are_feature_extraction_bit_for_bit():
    assert toys.same(transfer("adapters", width=0).model, transfer("feature-extraction").model)


@pytest.mark.parametrize("change", [{"width": 3}, {"epochs": 5}, {"rates": [0.05]}])
def test_every_setting_of_adapters_changes_the_result(change: dict[str, object]):
    x = data_of(toys.NETWORK).validation.x
    models = [transfer("adapters").model, transfer("adapters", **change).model]
    assert not np.array_equal(*(predict(model, x) for model in models))


# lora


@pytest.mark.parametrize("network", [toys.NETWORK, toys.CONVOLUTIONAL])
def test_a_first_step_moves_a_kernel_by_its_gradient_projected_on_a_and_scaled(network: Network):
    """From B = 0: B₁ = -η · α/r · Aᵀ dL/dW, so that W₁ = W + (α/r)² A Aᵀ ΔW, ΔW the step of full fine-tuning.

    A convolution's kernel is a matrix of (height · width · inputs) rows.
    """
    source, rank, alpha = source_of(network), 2, 6.0
    start, full = start_of(source), transfer("full-fine-tuning", network=network, source=source, **WHOLE).model
    low = transfer("lora", network=network, source=source, rank=rank, alpha=alpha, **WHOLE).model
    factors = lora.with_updates(start, network.hidden, rank, alpha, SEED)
    for name in network.hidden:
        before, step = weights(start, name)[0], weights(full, name)[0] - weights(start, name)[0]
        a = np.asarray(factors.get_layer(name).lora_kernel_a, np.float64).reshape(-1, rank)
        expected = (alpha / rank) ** 2 * a @ a.T @ step.reshape(len(a), -1)
        np.testing.assert_allclose(weights(low, name)[0] - before, expected.reshape(before.shape), atol=2e-6)
        assert np.abs(expected).max() > 1e-3


@pytest.mark.parametrize("network", [toys.NETWORK, NORMALISED])
def test_kernels_differ_by_a_low_rank_and_nothing_else_but_the_head_moves(network: Network):
    source = source_of(network)
    start, result = start_of(source), transfer("lora", network=network, source=source, rates=[0.3])
    kernels = {"hidden-1/kernel", "hidden-2/kernel"}
    assert changed(start, result.model) == {"head/kernel", "head/bias", *kernels}
    for name in network.hidden:
        singular = np.linalg.svd(weights(result.model, name)[0] - weights(start, name)[0], compute_uv=False)
        assert singular[1] > 1e-4 > 20 * singular[2]
    assert result.moved == 21 + 2 * (5 + 8) + 2 * (8 + 6)


def test_the_merged_model_is_an_ordinary_one_with_the_predictions_of_the_one_trained():
    data, network = toys.sample(), toys.NETWORK
    start = start_of(source_of())
    model = lora.with_updates(start, network.hidden, 2, 4.0, SEED)
    np.testing.assert_array_equal(predict(model, data.train.x), predict(start, data.train.x))
    parts = {"train": training.arrays(data.train), "validation": training.arrays(data.validation)}
    moving = frozenset({"head", "hidden-1/lora_kernel_a", "hidden-1/lora_kernel_b"})
    fit(model, [Phase("x", 0.3, 4, moving)], **parts, optimizer="sgd", batch=8, keep="last", seed=SEED)
    merged = lora.merged(start, model, network.hidden)
    assert merged.to_json() == start.to_json()
    np.testing.assert_array_equal(predict(merged, data.train.x), predict(model, data.train.x))
    assert not np.array_equal(predict(merged, data.train.x), predict(start, data.train.x))


def test_rank_zero_is_feature_extraction_bit_for_bit():
    assert toys.same(transfer("lora", rank=0).model, transfer("feature-extraction").model)


@pytest.mark.parametrize("change", [{"rank": 3}, {"alpha": 2.0}, {"epochs": 5}, {"rates": [0.05]}])
def test_every_setting_of_lora_changes_the_result(change: dict[str, object]):
    assert not toys.same(transfer("lora").model, transfer("lora", **change).model)


# lora: kinds of convolutions

MIXING = ["conv-1", "conv-2", "conv-2-separable", "hidden-1"]
"""Layers of `every_kind` whose kernels mix channels."""


def every_kind(seed: int = 7) -> Source:
    """A source model of grey images with a convolution of each kind, and with every weight at random."""
    layers = keras.layers
    signal = inputs = keras.Input((8, 8), name="inputs")
    for layer in (
        layers.Reshape((8, 8, 1), name="channels"),
        layers.Conv2D(4, 3, name="conv-1"),
        layers.DepthwiseConv2D(3, padding="same", name="conv-1-depthwise"),
        layers.Conv2D(6, 3, groups=2, activation="tanh", name="conv-2"),
        layers.Conv2D(6, 3, groups=6, padding="same", name="conv-2-channelwise"),  # as ConvNeXt has it
        layers.SeparableConv2D(5, 3, activation="tanh", name="conv-2-separable"),  # as Xception and NASNet have it
        layers.GlobalAveragePooling2D(name="pool"),
        layers.Dense(6, activation="tanh", name="hidden-1"),
        layers.Dense(2, name="head"),
    ):
        signal = layer(signal)
    model = keras.Model(inputs, signal, name="every-kind")
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.3, w.shape).astype(np.float32) for w in model.get_weights()])
    return Source(model, ("x", "y"))


def kernel(model: Any, name: str) -> np.ndarray:
    """What mixes channels in a layer, as a matrix of all that one unit sees times units."""
    layer = model.get_layer(name)
    found = np.asarray(layer.pointwise_kernel if "separable" in name else layer.kernel, np.float64)
    return found.reshape(-1, found.shape[-1])


def test_kernels_that_mix_channels_are_updated_and_the_start_is_the_source_to_the_bit():
    start, x = start_of(every_kind()), toys.images().train.x
    assert surgery.with_kernels(start, toys.CONVOLUTIONAL.hidden) == MIXING
    updated = lora.with_updates(start, MIXING, 2, 4.0, SEED)
    np.testing.assert_array_equal(predict(updated, x), predict(start, x))
    shapes = {"conv-1": (9, 4), "conv-2": (3 * 3 * 4 // 2, 6), "conv-2-separable": (6, 5), "hidden-1": (5, 6)}
    for name, (seen, units) in shapes.items():
        first, second = (np.asarray(getattr(updated.get_layer(name), factor)) for factor in lora.FACTORS)
        assert np.prod(first.shape[:-1]) == seen == len(kernel(start, name))
        assert first.shape[-1] == len(second) == 2
        assert second.shape[-1] == units
        assert not second.any()
        assert 0.5 < first.std() * seen**0.5 < 1.6  # variance 1 / inputs of a unit


def test_an_update_is_a_product_of_its_factors_in_every_kind_of_layer():
    """Each kernel is W + α/r · A B, checked through what the network gives."""
    start, x = start_of(every_kind()), toys.images().train.x
    updated = lora.with_updates(start, MIXING, 2, 6.0, SEED)
    expected = surgery.copy(start)
    for name in MIXING:
        layer, own = updated.get_layer(name), expected.get_layer(name)
        layer.lora_kernel_b.assign(RNG.normal(size=layer.lora_kernel_b.shape))
        variable = own.pointwise_kernel if "separable" in name else own.kernel
        variable.assign(variable + 3.0 * np.asarray(layer.lora_kernel_a) @ np.asarray(layer.lora_kernel_b))
    np.testing.assert_allclose(predict(updated, x), predict(expected, x), rtol=1e-4, atol=1e-4)
    assert not np.allclose(predict(updated, x), predict(start, x), atol=1e-2)
    merged = lora.merged(start, updated, MIXING)
    np.testing.assert_array_equal(predict(merged, x), predict(updated, x))
    assert merged.to_json() == start.to_json()


def test_training_moves_each_kind_by_its_projected_gradient_and_leaves_depthwise_kernels():
    """As with the plain kinds above: (α/r)² A Aᵀ ΔW after one step, ΔW that of full fine-tuning."""
    source, rank, alpha, network = every_kind(), 2, 6.0, toys.CONVOLUTIONAL
    start, full = start_of(source), transfer("full-fine-tuning", network=network, source=source, **WHOLE).model
    result = transfer("lora", network=network, source=source, rank=rank, alpha=alpha, **WHOLE)
    factors = lora.with_updates(start, MIXING, rank, alpha, SEED)
    for name in MIXING:
        step = kernel(full, name) - kernel(start, name)
        a = np.asarray(factors.get_layer(name).lora_kernel_a, np.float64).reshape(-1, rank)
        expected = (alpha / rank) ** 2 * a @ a.T @ step
        np.testing.assert_allclose(kernel(result.model, name) - kernel(start, name), expected, atol=2e-6)
        assert np.abs(expected).max() > 1e-4
    kernels = {f"{name}/{'pointwise_' * ('separable' in name)}kernel" for name in MIXING}
    assert changed(start, result.model) == {"head/kernel", "head/bias", *kernels}
    assert result.moved == 21 + sum(rank * sum(kernel(start, name).shape) for name in MIXING)
