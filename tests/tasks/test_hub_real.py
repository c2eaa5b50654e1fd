"""Modules of real weights: ImageNet's and GloVe's, made here, and one that others made, each against a twin."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from tasks.common import hub_module, outcomes, published, saved_model, training, wheel
from tasks.common.artifacts import Arrays, write_npz
from tasks.common.backend import keras, tf
from tasks.common.objectives import predict
from tasks.common.outcomes import Trained
from tasks.common.phases import Phase
from tasks.common.samples import GIVEN
from tasks.common.schema.own import OwnHub
from tasks.common.schema.study import Hub as Spec
from tasks.models import cost, given, hub, surgery
from tasks.weights import KINDS
from tests.tasks import hub_toys

pytestmark = pytest.mark.long

PALACE, DAISY = 698, 985
BASIC_PITCH = ("basic-pitch==0.4.0", "738adb503aae7fdfc7d1e1511aa0ce35052315f260a19531ef4c356708425db0")
PITCH_FOLDER = "basic_pitch/saved_models/icassp_2022/nmp/"


@pytest.fixture(scope="module", autouse=True)
def packages(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One cache for all tests here, so that each package is fetched once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADWATER_CACHE", str(tmp_path_factory.getbasetemp() / "packages"))
        yield


def photos(side: int) -> np.ndarray[Any, Any]:
    """scikit-learn's two photos, a temple and a flower, (2, side, side, 3) float32 in 0..1."""
    cut = []
    for photo in load_sample_images().images:
        height, width = photo.shape[:2]
        edge = min(height, width)
        top, left = (height - edge) // 2, (width - edge) // 2
        square = Image.fromarray(photo[top : top + edge, left : left + edge])
        cut.append(np.asarray(square.resize((side, side), Image.Resampling.BICUBIC), np.float32) / 255)
    return np.stack(cut)


class Features(tf.Module):  # type: ignore[misc]
    """A network's features as an image feature vector of values 0..1; the network wants them scaled as ``centred``."""

    def __init__(self, network: keras.Model) -> None:
        super().__init__()
        self._network = network
        self.kept = [variable.value for variable in network.variables]
        for learning in (True, False):
            self.__call__.get_concrete_function(tf.TensorSpec([None, *network.input.shape[1:]], tf.float32), learning)

    @tf.function
    def __call__(self, images: Any, training: bool = False) -> Any:
        shift, scale = GIVEN["centred"]
        return self._network((images * 255 - shift) / scale, training=training)


@pytest.fixture(scope="module")
def twin() -> keras.Model:
    """EfficientNet-Lite0 with its thousand classes, in Keras."""
    lite = pytest.importorskip("tasks.weights.lite")
    return lite.classifier(224)


@pytest.fixture(scope="module")
def vectors(twin: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Arrays:
    """Its features as a module, 29 MB, read as one's own folder."""
    body = keras.Model(twin.input, twin.get_layer("avg_pool").output)
    folder = hub_toys.saved(Features(body), tmp_path_factory.mktemp("hub") / "lite0")
    return KINDS["own-hub"](OwnHub(kind="own-hub"), folder)


def test_lite0s_features_are_those_of_its_twin_in_keras(twin: keras.Model, vectors: Arrays):
    x = photos(224)
    features = hub.features_of_images(vectors, x)
    body = keras.Model(twin.input, twin.get_layer("avg_pool").output)
    shift, scale = GIVEN["centred"]
    expected = predict(body, ((x * np.float32(255) - shift) / scale).astype(np.float32))
    assert features.shape == (2, 1280)
    np.testing.assert_allclose(features, expected, atol=1e-4)
    kernel, bias = twin.get_layer("predictions").get_weights()
    assert (features @ kernel + bias).argmax(axis=1).tolist() == [PALACE, DAISY]


def test_lite0_as_a_network_is_trained_and_saved_like_any_other(
    twin: keras.Model, vectors: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    write_npz(Path("data/raw/lite0.npz"), **vectors)
    spec, x = Spec(kind="hub", model="lite0", trainable=True), photos(224)
    model = surgery.with_new_head(given.build(spec, (224, 224, 3), vectors, 1), 2, 1)
    before = hub.weights(vectors)
    features = np.asarray(surgery.features(model)(x))
    np.testing.assert_allclose(features, hub.features_of_images(vectors, x), atol=1e-5)
    body = keras.Model(twin.input, twin.get_layer("avg_pool").output)
    assert cost.multiply_adds(surgery.features(model)) == cost.multiply_adds(body)
    data = {"x": x, "y": np.array([0, 1], np.int32)}
    course = training.fit(
        model,
        [Phase("all", 1e-3, 2)],
        train=data,
        validation=data,
        optimizer="adam",
        batch=2,
        keep="last",
        seed=1,
    )
    assert course.rows[-1]["loss"] < course.rows[0]["loss"]
    after = {f"hub/{variable.name}": np.asarray(variable.value) for variable in model.get_layer("hub").weights}
    moved = [name for name in before if not np.array_equal(before[name], after[name])]
    assert len(moved) == len(before) == 245  # of 49 convolutions and normalisations, all
    outcomes.save(tmp_path / "saved", [Trained(model, course, 1e-3, 1, 0)], {})
    np.testing.assert_array_equal(np.asarray(outcomes.load(tmp_path / "saved", 0)(x)), np.asarray(model(x)))


class Encoder(tf.Module):  # type: ignore[misc]
    """Word vectors as a string encoder: small letters, split at spaces, the sum over the root of the words' number."""

    def __init__(self, words: list[str], vectors: np.ndarray[Any, Any]) -> None:
        super().__init__()
        unknown = vectors.mean(axis=0, keepdims=True)
        self.embeddings = tf.Variable(np.concatenate([vectors, unknown]), name="embeddings")
        pairs = tf.lookup.KeyValueTensorInitializer(words, tf.range(len(words), dtype=tf.int64))
        self.rows = tf.lookup.StaticHashTable(pairs, len(words))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, said: Any) -> Any:
        found = tf.ragged.map_flat_values(self.rows.lookup, tf.strings.split(tf.strings.lower(said)))
        total = tf.reduce_sum(tf.gather(self.embeddings, found), axis=1)
        return total / tf.sqrt(tf.cast(found.row_lengths(), tf.float32))[:, None]


def test_glove_as_a_sentence_encoder_is_its_twin_in_numpy(tmp_path: Path):
    words = published.words(20_000)
    vectors = np.load(published.GLOVE.files()["glove_6B_50d_emb.npy"], allow_pickle=False)[: len(words)]
    folder = hub_toys.saved(Encoder(words, vectors), tmp_path / "glove")
    arrays = KINDS["own-hub"](OwnHub(kind="own-hub"), folder)
    said = ["the movie was great", "A terrible film", "xqzzy the"]
    known, unknown = {word: place for place, word in enumerate(words)}, vectors.mean(axis=0)
    expected = []
    for text in said:
        rows = np.stack([vectors[known[w]] if w in known else unknown for w in text.lower().split()])
        expected.append(rows.sum(axis=0) / np.sqrt(len(rows)))
    found = hub.features(arrays, said)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    one, other = found[:2] / np.linalg.norm(found[:2], axis=1, keepdims=True)
    assert one @ other == pytest.approx(0.92, abs=0.01)  # averages of words know the topic, not the praise


def test_a_module_that_others_made_hears_a_440_hz_sine_as_a4(tmp_path: Path):
    """Basic Pitch (arXiv:2203.09893) hears the 88 keys of a piano, A4 the 49th, in 22,050 samples a second."""
    package = wheel.download(*BASIC_PITCH, tmp_path)
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path, [name for name in archive.namelist() if name.startswith(PITCH_FOLDER)])
    arrays = KINDS["own-hub"](OwnHub(kind="own-hub"), tmp_path / PITCH_FOLDER)
    module = hub_module.opened(arrays)
    sine = np.sin(2 * np.pi * 440 * np.arange(43_844) / 22_050).astype(np.float32)[None, :, None]
    notes = np.asarray(module.run(tf.constant(sine), False)["note"])
    assert notes.shape[2] == 88
    assert notes.mean(axis=(0, 1)).argmax() == 48
    assert saved_model.GRAPH in arrays
