"""Image backbones: the table against Keras, and each network against Keras's own with the same random weights."""

import inspect
from functools import cache
from itertools import chain
from typing import Any

import keras
import numpy as np
import pytest

from tasks import models
from tasks.common.backbones import BACKBONES
from tasks.common.catalogue import BY_CHANNEL, GREY
from tasks.common.errors import UserError
from tasks.common.objectives import plain
from tasks.common.phases import Phase
from tasks.common.samples import GIVEN, Scaling
from tasks.common.schema.study import Backbone
from tasks.common.training import fit
from tasks.models import backbone, cost, surgery
from tasks.models.backbone_files import from_file
from tasks.weights.applications import FILES

FEW = ("efficientnet-lite0", "mobilenet", "mobilenet-v3-small", "efficientnet-b0", "vgg16")
"""Light ones, that among them have every trait: our own, operators, statistics as weights, channels turned."""
ALL = [name if name in FEW else pytest.param(name, marks=pytest.mark.long) for name in BACKBONES]
RNG = np.random.default_rng(0)


def spec(name: str) -> Backbone:
    return Backbone(kind="backbone", name=name)


def fresh(name: str, *, seed: int = 0, shape: tuple[int, ...] | None = None) -> keras.Model:
    side = BACKBONES[name].smallest
    return models.build(spec(name), shape or (side, side, 3), 5, seed)


built = cache(fresh)
"""For tests that no weights matter to: building takes a second or more."""


def function(name: str) -> Any:
    return getattr(keras.applications, BACKBONES[name].builder.removeprefix("keras:"))


def disturbed(model: keras.Model) -> keras.Model:
    """Every weight at random, so that one at the wrong place shows; variances stay positive."""
    for variable in model.weights:
        if variable.dtype == "float32":
            noise = RNG.normal(0, 0.05, variable.shape)
            variable.assign(np.abs(variable + noise) if "variance" in variable.name else variable + noise)
    return model


def body_layers(model: keras.Model) -> list[str]:
    return [layer.name for layer in model.layers if layer.name not in ("inputs", "pool", "head")]


# The table


def test_every_image_model_of_keras_stands_in_it():
    offered = {
        name
        for name, make in vars(keras.applications).items()
        if callable(make) and "include_top" in inspect.signature(make).parameters
    }
    assert offered == {facts.builder.removeprefix("keras:") for facts in BACKBONES.values()} - {"ours:lite"}


def test_every_one_has_a_scaling_a_source_and_sizes():
    for name, facts in BACKBONES.items():
        assert facts.scaling in GIVEN, name
        assert facts.published.startswith("https://"), name
        assert 0.6 < facts.top1 < 0.9, name
        assert 32 <= facts.smallest <= facts.side, name
        assert min(facts.parameters, facts.layers, facts.multiply_adds) > 0, name


def test_its_weights_are_those_that_keras_names_in_its_source():
    assert set(FILES) == set(BACKBONES) - {"efficientnet-lite0"}
    for name, (folder, file, digest) in FILES.items():
        module = inspect.getmodule(function(name))
        sources = "".join(inspect.getsource(part) for part in (module, keras.src.applications.resnet))
        assert digest in sources, name
        assert bool(digest) == (name not in ("mobilenet", "mobilenet-v2")), name
        assert folder.rpartition("/")[2] in sources, name
        assert file.endswith(".h5"), name


# The networks


@pytest.mark.parametrize("name", ALL)
def test_it_computes_what_keras_does_after_its_own_preprocessing(name: str, tmp_path: Any):
    facts = BACKBONES[name]
    side = facts.smallest
    original = disturbed(backbone.original(facts, (side, side, 3)))
    original.save_weights(tmp_path / "own.weights.h5")
    model = surgery.features(fresh(name))
    surgery.assign(model, from_file(tmp_path / "own.weights.h5", name))

    pixels = RNG.integers(0, 256, (2, side, side, 3)).astype(np.float32)
    theirs = prepared(name, pixels.copy())
    expected = np.asarray(original(theirs, training=False)).mean(axis=(1, 2))
    found = np.asarray(model(Scaling.fit(pixels, facts.scaling)(pixels), training=False))
    assert expected.std() > 1e-3  # or nothing would be compared
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * float(np.abs(expected).max()))


def prepared(name: str, pixels: np.ndarray) -> np.ndarray:
    if name == "efficientnet-lite0":
        return (pixels - 127) / 128  # its model card
    if name.endswith("v2") and name.startswith("resnet"):
        return keras.applications.resnet_v2.preprocess_input(pixels)  # its function lies in the module of the others
    module = inspect.getmodule(function(name))
    assert module is not None
    return np.asarray(module.preprocess_input(pixels))


@pytest.mark.parametrize("name", ALL)
def test_it_has_batch_normalisation_where_the_table_says(name: str):
    normalised = any(isinstance(layer, keras.layers.BatchNormalization) for layer in built(name).layers)
    assert normalised == BACKBONES[name].batch_norm == spec(name).batch_norm


@pytest.mark.parametrize("name", ALL)
def test_its_blocks_hold_every_layer_once_and_end_where_the_table_says(name: str):
    facts, model = BACKBONES[name], built(name)
    hidden = spec(name).hidden
    blocks = {block: [layer for layer in body_layers(model) if layer.startswith(f"{block}-")] for block in hidden}
    assert sorted(chain.from_iterable(blocks.values())) == sorted(body_layers(model))
    assert [layers[-1] for layers in blocks.values()] == [
        f"{block}-{end}" for block, end in zip(hidden, facts.ends, strict=True)
    ]
    for block, layers in blocks.items():
        assert surgery.names_of(model, [block]) == {layer for layer in layers if model.get_layer(layer).weights}
        assert surgery.names_of(model, [block])
    assert model.get_layer("pool").input is model.get_layer(blocks[hidden[-1]][-1]).output
    assert not [layer for layer in model.layers if isinstance(layer, keras.Model | keras.layers.Dropout)]


@pytest.mark.parametrize("name", ALL)
def test_its_counts_are_those_of_the_table(name: str):
    facts = BACKBONES[name]
    model = built(name, shape=(facts.side, facts.side, 3))
    body = surgery.features(model)
    counts = (body.count_params(), len(body_layers(model)), cost.multiply_adds(body))
    assert counts == (facts.parameters, facts.layers, facts.multiply_adds)


@pytest.mark.parametrize("name", ["mobilenet-v3-small", pytest.param("inception-v3", marks=pytest.mark.long)])
def test_names_and_weights_never_hang_on_what_was_built_before(name: str):
    """Keras counts layers without a name through the process; two of these networks have little else."""
    first, second = fresh(name), fresh(name)
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]
    assert all((one == other).all() for one, other in zip(first.get_weights(), second.get_weights(), strict=True))
    others = fresh(name, seed=1).get_weights()
    assert any((one != other).any() for one, other in zip(first.get_weights(), others, strict=True))


def test_a_layer_starts_from_a_seed_of_its_own_name():
    model = built("mobilenet")
    kernels = [model.get_layer(f"block-5-conv_pw_{number}").get_weights()[0] for number in (7, 8, 9, 10, 11)]
    assert len({kernel.shape for kernel in kernels}) == 1
    assert len({kernel.tobytes() for kernel in kernels}) == 5


def test_it_can_be_written_and_read_as_any_model_is():
    model = built("efficientnet-b0")
    twin = keras.models.model_from_json(model.to_json(), custom_objects=models.LAYERS)
    twin.set_weights(model.get_weights())
    x = RNG.integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    assert np.array_equal(model(x), twin(x))
    assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]


@pytest.mark.parametrize("name", ["mobilenet", "vgg16"])
def test_grey_images_are_colour_images_with_three_equal_channels(name: str):
    grey = RNG.normal(size=(2, 40, 32)).astype(np.float32)
    colour = surgery.features(built(name, shape=(40, 32, 3)))(np.repeat(grey[..., None], 3, axis=-1))
    for shape in ((40, 32), (40, 32, 1)):
        assert np.array_equal(surgery.features(built(name, shape=shape))(grey.reshape(2, *shape)), colour)


OF_GREY = (
    "efficientnet-lite0",
    "mobilenet",
    "mobilenet-v3-small",
    pytest.param("efficientnet-b0", marks=pytest.mark.long),
)
"""Light ones that were trained with each scaling that grey images can have: centred, signed, none."""


@pytest.mark.parametrize("name", OF_GREY)
@pytest.mark.parametrize("channels", [(), (1,)])
def test_of_a_grey_image_it_computes_what_keras_does_of_three_equal_channels(
    name: str, channels: tuple[int, ...], tmp_path: Any
):
    """Scaling the one channel and then taking it thrice is Keras's preprocessing of the picture taken thrice."""
    facts = BACKBONES[name]
    assert facts.scaling in GREY
    original = disturbed(backbone.original(facts, (32, 32, 3)))
    original.save_weights(tmp_path / "own.weights.h5")
    model = surgery.features(built(name, shape=(32, 32, *channels)))
    surgery.assign(model, from_file(tmp_path / "own.weights.h5", name))

    grey = RNG.integers(0, 256, (2, 32, 32, *channels)).astype(np.uint8)
    thrice = np.repeat(grey.reshape(2, 32, 32, 1), 3, axis=-1).astype(np.float32)
    expected = np.asarray(original(prepared(name, thrice), training=False)).mean(axis=(1, 2))
    found = np.asarray(model(Scaling.fit(grey, facts.scaling)(grey), training=False))
    assert expected.std() > 1e-3
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * float(np.abs(expected).max()))


def test_every_scaling_of_the_table_is_for_grey_images_or_is_refused_for_them():
    assert {facts.scaling for facts in BACKBONES.values()} <= {*GREY, *BY_CHANNEL}
    for kind in BY_CHANNEL:
        for shape in ((2, 32, 32), (2, 32, 3), (2, 32, 32, 1)):  # 3 pixels wide is no colour
            with pytest.raises(UserError, match=r"scales red, green and blue.*expected \(height, width, 3\)"):
                Scaling.fit(np.zeros(shape, np.uint8), kind)


def test_channels_are_turned_where_the_table_says():
    turned = {name for name, facts in BACKBONES.items() if facts.flipped}
    assert turned == {"vgg16", "vgg19", "resnet50", "resnet101", "resnet152"}
    x = RNG.normal(size=(1, 32, 32, 3)).astype(np.float32)
    model = surgery.features(built("vgg16"))
    inside = keras.Model(model.get_layer("block-1-block1_conv1").input, model.output)
    assert np.array_equal(model(x), inside(x[..., ::-1]))


@pytest.mark.parametrize("shape", [(31, 40, 3), (40, 31)])
def test_a_small_image_is_refused_with_what_to_do(shape: tuple[int, ...]):
    with pytest.raises(UserError, match=r"at least 32 × 32 pixels.*Set a larger side"):
        built("vgg16", shape=shape)


@pytest.mark.parametrize("shape", [(20,), (40, 40, 4), (40, 40, 3, 3)])
def test_what_is_no_image_is_refused(shape: tuple[int, ...]):
    with pytest.raises(UserError, match="takes images"):
        built("vgg16", shape=shape)


# Who moves


def test_a_frozen_block_keeps_its_bits_and_a_moving_one_does_not():
    model = disturbed(fresh("mobilenet"))  # as it starts, little is left of a signal after 27 layers that stand still
    hidden = spec("mobilenet").hidden
    before = {layer.name: [np.array(w) for w in layer.get_weights()] for layer in model.layers}
    moving = surgery.names_of(model, hidden[-1:]) | {"head"}
    x = RNG.normal(size=(8, 32, 32, 3)).astype(np.float32)
    part = {"x": x, "y": np.arange(8, dtype=np.int32) % 5}
    phases = [Phase("some", 0.1, 1, moving)]
    fit(model, phases, train=part, validation=part, objective=plain, optimizer="sgd", batch=4, keep="last", seed=0)
    changed = {
        layer.name
        for layer in model.layers
        if any((new != old).any() for new, old in zip(layer.get_weights(), before[layer.name], strict=True))
    }
    assert changed == moving


# Multiply-adds


def test_multiply_adds_of_separable_convolutions_by_hand():
    inputs = keras.Input((8, 6, 4))
    deep = keras.layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", name="deep")(inputs)
    parted = keras.layers.SeparableConv2D(5, 3, strides=2, padding="same", name="parted")(deep)
    expected = 8 * 6 * (3 * 3 * 4 * 2) + 4 * 3 * (3 * 3 * 8 + 8 * 5)
    assert cost.multiply_adds(keras.Model(inputs, parted)) == expected


def test_multiply_adds_of_a_dense_layer_count_at_every_place():
    inputs = keras.Input((8, 6, 4))
    assert cost.multiply_adds(keras.Model(inputs, keras.layers.Dense(5)(inputs))) == 8 * 6 * 4 * 5
