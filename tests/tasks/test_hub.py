"""Modules of TensorFlow Hub as networks: the same numbers all the way, who may move, and what a saved one needs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks import models
from tasks.common import outcomes, phases, saved_model, texts, training
from tasks.common.artifacts import Arrays, write_npz
from tasks.common.backend import keras, tf
from tasks.common.errors import UserError
from tasks.common.outcomes import Trained
from tasks.common.phases import Course, Phase
from tasks.common.samples import Part, Sample, Scaling
from tasks.common.schema.study import Hub as Spec
from tasks.common.schema.transfer import TransferTraining
from tasks.common.stages import Source
from tasks.export import convert, network, running
from tasks.models import cost, given, hub, surgery
from tasks.transfer import scratch
from tests.tasks import hub_toys, toys
from tests.tasks.hub_toys import IMAGES, WIDTH, WORDS

FROZEN = Spec(kind="hub", model="toy")
TRAINABLE = Spec(kind="hub", model="toy", trainable=True)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Arrays:
    return saved_model.packed(hub_toys.images(tmp_path_factory.mktemp("hub") / "images"))


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> Arrays:
    return saved_model.packed(hub_toys.sentences(tmp_path_factory.mktemp("hub") / "sentences"))


@pytest.fixture
def project(tmp_path: Path, images: Arrays, sentences: Arrays, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose data/raw has the two modules, as the stages leave them there."""
    monkeypatch.chdir(tmp_path)
    write_npz(Path("data/raw/toy.npz"), **images)
    write_npz(Path("data/raw/words.npz"), **sentences)
    return tmp_path


def pixels(count: int, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).random((count, *IMAGES)).astype(np.float32)


def sample() -> Sample:
    """Images whose class is the brighter of their first two colours."""

    def part(count: int, seed: int) -> Part:
        x = pixels(count, seed)
        return Part(x, x.mean(axis=(1, 2))[:, :2].argmax(axis=1).astype(np.int32), np.zeros((count, 0), np.float32))

    return Sample(part(24, 1), part(12, 2), ("red", "green"))


def trained(spec: Spec, files: Arrays, classes: int = 2) -> keras.Model:
    """The study's network with the module's own weights and a fresh head."""
    body = surgery.features(models.build(spec, IMAGES, classes, 1))
    surgery.assign(body, hub.weights(files))
    return surgery.with_new_head(body, classes, 1)


def fitted(model: keras.Model, moving: frozenset[str] | None, **changes: Any) -> Course:
    data = sample()
    return training.fit(
        model,
        [Phase("all", 0.5, 3, moving)],
        train=training.arrays(data.train),
        validation=training.arrays(data.validation),
        optimizer="sgd",
        batch=8,
        keep="last",
        seed=1,
        **changes,
    )


def by_hand(x: np.ndarray[Any, Any], kernel: Any, bias: Any, mean: Any) -> np.ndarray[Any, Any]:
    """What `hub_toys.Images` computes, in NumPy."""
    result: np.ndarray[Any, Any] = np.tanh(x @ kernel).mean(axis=(1, 2)) + bias - mean
    return result


def bits(model: keras.Model, layer: str = "hub") -> list[bytes]:
    return [np.asarray(array).tobytes() for array in model.get_layer(layer).get_weights()]


@pytest.mark.parametrize("spec", [FROZEN, TRAINABLE])
def test_features_are_the_modules_own(project: Path, images: Arrays, spec: Spec):
    model = surgery.features(trained(spec, images))
    rng = np.random.default_rng(3)
    kernel, bias = rng.normal(size=(3, WIDTH)), rng.normal(size=(WIDTH,))
    expected = by_hand(pixels(6), kernel, bias, 0)
    np.testing.assert_allclose(np.asarray(model(pixels(6))), expected, atol=1e-6)
    np.testing.assert_allclose(hub.features_of_images(images, pixels(6)), expected, atol=1e-6)
    assert [variable.name for variable in model.get_layer("hub").weights] == ["stem-kernel", "stem-kernel-2", "mean"]


def test_the_network_has_the_layers_that_its_block_promises(project: Path):
    model = models.build(FROZEN, IMAGES, 3, 1)
    assert [layer.name for layer in model.layers] == ["inputs", *FROZEN.hidden, "head"]
    assert model.output.shape == (None, 3)


def test_frozen_is_the_same_bits_after_training_and_its_head_moves(project: Path, images: Arrays):
    model = trained(FROZEN, images)
    before, head = bits(model), bits(model, "head")
    fitted(model, None)
    assert bits(model) == before
    assert bits(model, "head") != head
    assert not model.get_layer("hub").trainable_variables
    for moving in (None, frozenset({"hub", "head"})):
        assert phases.parameters(model, [Phase("all", 0.5, 3, moving)]) == WIDTH * 2 + 2
        assert phases.parameters(trained(TRAINABLE, images), [Phase("all", 0.5, 3, moving)]) == WIDTH * 7 + 2


def test_trainable_moves_and_so_do_its_statistics(project: Path, images: Arrays):
    model = trained(TRAINABLE, images)
    before = model.get_layer("hub").get_weights()
    course = fitted(model, None)
    kernel, bias, mean = (
        np.abs(a - b).max() for a, b in zip(before, model.get_layer("hub").get_weights(), strict=True)
    )
    assert min(kernel, bias, mean) > 1e-3
    assert course.rows[-1]["loss"] < course.rows[0]["loss"]


def test_the_first_step_is_the_gradients(project: Path, images: Arrays):
    """One step of all samples: the module's bias moves by the rate times the gradient of the mean cross-entropy."""
    model, data = trained(TRAINABLE, images), sample().train
    features = np.asarray(surgery.features(model)(data.x, training=False), np.float64)
    features = features - 0.1 * features.mean(axis=0)  # training behaviour moves the mean first
    weights, bias = (np.asarray(array, np.float64) for array in model.get_layer("head").get_weights())
    odds = np.exp(features @ weights + bias)
    slope = (odds / odds.sum(axis=1, keepdims=True) - np.eye(2)[data.y]) @ weights.T  # (n, WIDTH)
    before = model.get_layer("hub").get_weights()[1]
    arrays = training.arrays(data)
    training.fit(
        model,
        [Phase("all", 0.5, 1)],
        train=arrays,
        validation=arrays,
        optimizer="sgd",
        batch=len(data),
        keep="last",
        seed=1,
    )
    # The mean follows the bias by a tenth, through training behaviour, but no gradient passes a variable that is set.
    np.testing.assert_allclose(model.get_layer("hub").get_weights()[1] - before, -0.5 * slope.mean(axis=0), atol=1e-5)


def test_while_only_the_head_may_move_a_trainable_module_keeps_its_bits(project: Path, images: Arrays):
    model = trained(TRAINABLE, images)
    before = bits(model)
    fitted(model, frozenset({"head"}))
    assert bits(model) == before
    assert [v.name for v in phases.freeze(model, frozenset({"hub", "head"}))] == [
        "stem-kernel",
        "stem-kernel-2",
        "kernel",
        "bias",
    ]


def test_equal_training_gives_equal_bits(project: Path, images: Arrays):
    one, other = trained(TRAINABLE, images), trained(TRAINABLE, images)
    fitted(one, None)
    fitted(other, None)
    assert bits(one) == bits(other)


@pytest.mark.parametrize("spec", [FROZEN, TRAINABLE])
def test_a_saved_network_is_whole_without_the_modules_file(
    project: Path, images: Arrays, spec: Spec, monkeypatch: pytest.MonkeyPatch
):
    model = trained(spec, images)
    course = fitted(model, None)
    outcomes.save(project / "saved", [Trained(model, course, 0.5, 1, 7)], {})
    expected = np.asarray(model(pixels(5)))
    Path("data/raw/toy.npz").unlink()
    again = outcomes.load(project / "saved", 0)
    np.testing.assert_array_equal(np.asarray(again(pixels(5))), expected)
    assert [v.trainable for v in again.get_layer("hub").weights] == [
        v.trainable for v in model.get_layer("hub").weights
    ]
    first = {path.name: path.read_bytes() for path in (project / "saved").iterdir()}
    outcomes.save(project / "saved", [Trained(again, course, 0.5, 1, 7)], {})
    assert {path.name: path.read_bytes() for path in (project / "saved").iterdir()} == first


def test_what_is_shipped_gives_the_networks_probabilities(project: Path, images: Arrays):
    model = trained(FROZEN, images)
    scaling = Scaling(np.zeros(IMAGES, np.float32), np.full(IMAGES, 255, np.float32))
    raw = np.random.default_rng(6).integers(0, 256, (3, *IMAGES)).astype(np.float32)
    expected = np.asarray(keras.ops.softmax(model(raw / 255)))
    network.write(project / "hub.keras", network.shipped(model, scaling))
    np.testing.assert_allclose(running.Keras(project / "hub.keras")(raw), expected, atol=1e-6)
    lite = convert.lite(network.shipped(model, None, 1), "float32", raw / 255)
    np.testing.assert_allclose(running.Lite(lite, scaling)(raw), expected, atol=1e-5)


def test_a_copy_shares_no_weight(project: Path, images: Arrays):
    model = trained(TRAINABLE, images)
    twin = surgery.copy(model)
    assert bits(twin) == bits(model)
    fitted(twin, None)
    assert bits(twin) != bits(model)
    assert bits(model) == bits(trained(TRAINABLE, images))


def test_a_fresh_network_has_the_modules_values_in_another_order(project: Path, images: Arrays):
    fresh, other, same = (models.build(TRAINABLE, IMAGES, 2, seed) for seed in (1, 2, 1))
    own = [hub.weights(images)[f"hub/{name}"] for name in ("stem-kernel", "stem-kernel-2", "mean")]
    for values, expected in zip(fresh.get_layer("hub").get_weights(), own, strict=True):
        np.testing.assert_array_equal(np.sort(values.ravel()), np.sort(expected.ravel()))
    assert not np.array_equal(fresh.get_layer("hub").get_weights()[0], own[0])
    assert bits(fresh) == bits(same) != bits(other)


def test_a_fresh_network_can_be_made_of_a_source_model_alone(project: Path, images: Arrays):
    given, built = surgery.features(trained(FROZEN, images)), models.build(FROZEN, IMAGES, 4, 5)
    Path("data/raw/toy.npz").unlink()
    made = hub.fresh(given, 4, 5)
    assert (bits(made), bits(made, "head")) == (bits(built), bits(built, "head"))


def test_given_is_the_module_without_a_head(project: Path, images: Arrays):
    model = given.build(FROZEN, IMAGES, images, 1)
    np.testing.assert_array_equal(np.asarray(model(pixels(4))), hub.features_of_images(images, pixels(4)))


def test_from_scratch_starts_from_the_source_models_graph_and_not_its_weights(project: Path, images: Arrays):
    source = Source(given.build(TRAINABLE, IMAGES, images, 1), ())
    built = models.build(TRAINABLE, IMAGES, 2, 1)
    Path("data/raw/toy.npz").unlink()
    settings = TransferTraining.model_validate(toys.TRAINING | {"rates": [1e-30], "epochs": 1})
    result = scratch.run(sample(), source, TRAINABLE, settings, 1)
    assert isinstance(result, Trained)
    assert bits(result.model)[:2] == bits(built)[:2]  # the mean moves at any rate
    assert bits(result.model)[0] != bits(source.model)[0]


def test_a_modules_operations_are_counted_in_its_graph(tmp_path: Path):
    net = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            keras.layers.Conv2D(4, 3, strides=2, padding="same"),
            keras.layers.DepthwiseConv2D(3),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(WIDTH),
        ]
    )
    module = tf.Module()
    module.kept = [variable.value for variable in net.variables]
    spec = tf.TensorSpec([None, None, None, 3], tf.float32)
    module.__call__ = tf.function(lambda x: net(x, training=False), input_signature=[spec])
    files = saved_model.packed(hub_toys.saved(module, tmp_path / "counted"))
    inputs = keras.Input((12, 12, 3))
    model = keras.Model(inputs, hub.Hub(hub.architecture(files))(inputs))
    assert cost.multiply_adds(model) == 27 * 4 * 36 + 9 * 4 * 16 + 4 * WIDTH == cost.multiply_adds(net)


def test_a_module_that_only_has_a_signature_is_called_by_it(tmp_path: Path):
    module = tf.Module()
    module.kernel = tf.Variable(np.eye(3, WIDTH), dtype=tf.float32)

    @tf.function(input_signature=[tf.TensorSpec([None, *IMAGES], tf.float32)])
    def serve(pictures: Any) -> Any:
        return {"embedding": tf.reduce_mean(pictures, [1, 2]) @ module.kernel}

    files = saved_model.packed(hub_toys.saved(module, tmp_path / "signed", signatures={"serving_default": serve}))
    expected = pixels(3).mean(axis=(1, 2)) @ np.eye(3, WIDTH)
    np.testing.assert_allclose(hub.features_of_images(files, pixels(3)), expected, atol=1e-6)


def test_a_string_encoder_gives_the_mean_of_its_word_vectors(sentences: Arrays):
    vectors = np.random.default_rng(4).normal(size=(len(WORDS) + 1, WIDTH))
    said = ["Good film", "bad", "kettle kettle bad", "unheard of"]
    expected = [vectors[[1, 0]].mean(0), vectors[2], vectors[[3, 3, 2]].mean(0), vectors[4]]
    found = hub.features(sentences, said)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)
    many = hub.features(sentences, said * 50)  # several batches
    np.testing.assert_array_equal(many, np.tile(found, (50, 1)))


def test_features_of_a_data_set_are_those_of_each_parts_own_texts(sentences: Arrays):
    said = ["good", "film", "bad", "kettle film"]
    numbered = {"train_x": np.zeros((3, 6), np.int32), "test_x": np.zeros((1, 6), np.int32)}
    for part, mine in (("train", said[:3]), ("test", said[3:])):
        found = hub.features_of(sentences, numbered | texts.packed(said), part)
        np.testing.assert_array_equal(found, hub.features(sentences, mine))


def test_features_of_own_texts_go_by_their_places(sentences: Arrays):
    rows = np.zeros(2, [("numbers", "f8", (0,)), ("texts", "i8", (1,))])
    rows["texts"][:, 0] = [2, 0]
    data = {"train_x": rows, "test_x": rows[:1]} | texts.packed(["good", "film", "bad"])
    np.testing.assert_array_equal(hub.features_of(sentences, data, "train"), hub.features(sentences, ["bad", "good"]))


def test_features_of_images_are_made_of_values_from_0_to_1(images: Arrays):
    raw = np.random.default_rng(5).integers(0, 256, (3, *IMAGES), np.uint8)
    found = hub.features_of(images, {"train_x": raw}, "train")
    np.testing.assert_array_equal(found, hub.features_of_images(images, raw / np.float32(255)))


@pytest.mark.parametrize(
    ("shape", "model", "said"),
    [
        ((4, 4), "toy", "takes (n, 4, 4, 3) float32, and the study's samples are (n, 4, 4) float32"),
        ((8, 8, 3), "toy", "takes (n, 4, 4, 3) float32, and the study's samples are (n, 8, 8, 3) float32"),
        (IMAGES, "words", "takes texts, and a network's samples are numbers"),
        (IMAGES, "none", "data/raw/none.npz is not there; run `dvc repro weights@none`"),
    ],
)
def test_what_a_module_cannot_take_is_said_in_one_error(project: Path, shape: tuple[int, ...], model: str, said: str):
    with pytest.raises(UserError) as caught:
        models.build(FROZEN.model_copy(update={"model": model}), shape, 2, 1)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_features_of_what_a_module_cannot_take_are_refused(images: Arrays, sentences: Arrays):
    grey = np.zeros((2, 4, 4), np.uint8)
    for call, said in (
        (lambda: hub.features(images, ["good"]), "is no string encoder: takes (n, 4, 4, 3) float32"),
        (
            lambda: hub.features_of_images(images, pixels(2) * 255),
            "takes images with values from 0 to 1; these go from",
        ),
        (lambda: hub.features_of_images(images, pixels(2)[:, :2]), "the study's samples are (n, 2, 4, 3) float32"),
        (lambda: hub.features_of(images, {"train_x": grey}, "train"), "takes colour images, and the data set has none"),
        (lambda: hub.features_of(sentences, {"train_x": grey}, "train"), "takes texts, and the data set has none"),
        (lambda: hub.features({"x": grey}, ["good"]), "holds no SavedModel"),
    ):
        with pytest.raises(UserError) as caught:
            call()
        assert said in str(caught.value)


def test_the_methods_search_trains_a_module_like_any_network(project: Path, images: Arrays):
    """Feature extraction computes the features once; the model that comes out holds module and head together."""
    body = surgery.features(trained(FROZEN, images))
    result = training.search(
        toys.training(rates=[0.5], batch=8),
        sample(),
        build=lambda: surgery.with_new_head(body, 2, 1),
        phases=lambda rate: [Phase("head", rate, 20, frozenset({"head"}))],
        seed=1,
    )
    assert isinstance(result, Trained)
    assert bits(result.model) == bits(trained(FROZEN, images))
    assert result.moved == WIDTH * 2 + 2
    assert result.course.validation_accuracy > 0.6
