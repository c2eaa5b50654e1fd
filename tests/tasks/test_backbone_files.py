"""Weights of backbones out of files: found wherever Keras puts them, refused where they are another network's."""

import hashlib
import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from tasks.common.artifacts import Arrays
from tasks.common.errors import UserError
from tasks.common.fetch import CorruptError, UnavailableError
from tasks.common.schema.datasets import Weights
from tasks.common.schema.own import OwnWeights
from tasks.models.backbone_files import from_file
from tasks.weights import applications, lite, torch_file
from tasks.weights import named as given
from tasks.weights import own_file as own

NAME = "mobilenet"


@pytest.fixture(scope="module")
def original() -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.applications.MobileNet(weights=None, include_top=False, input_shape=(32, 32, 3))


def equal(arrays: Arrays, model: keras.Model) -> bool:
    """Whether the arrays are the model's, in the order of its layers."""
    values = model.get_weights()
    return len(arrays) == len(values) and all(map(np.array_equal, arrays.values(), values))


# What is found


@pytest.mark.parametrize("name", ["own.weights.h5", "own.keras", "own.h5"])
def test_a_backbone_alone(original: keras.Model, tmp_path: Path, name: str):
    (original.save_weights if name.endswith("weights.h5") else original.save)(tmp_path / name)
    arrays = from_file(tmp_path / name, NAME)
    assert equal(arrays, original)
    assert next(iter(arrays)) == "block-1-conv1/kernel"


@pytest.mark.parametrize("name", ["own.weights.h5", "own.keras", "own.h5"])
def test_a_backbone_with_layers_for_classes(original: keras.Model, tmp_path: Path, name: str):
    pooled = keras.layers.GlobalAveragePooling2D()(original.output)
    hidden = keras.layers.Dropout(0.5)(keras.layers.Dense(6)(pooled))
    model = keras.Model(original.input, keras.layers.Dense(3)(hidden))
    (model.save_weights if name.endswith("weights.h5") else model.save)(tmp_path / name)
    assert equal(from_file(tmp_path / name, NAME), original)


@pytest.mark.parametrize("name", ["own.weights.h5", "own.keras"])
def test_a_backbone_as_a_layer_of_a_larger_network(original: keras.Model, tmp_path: Path, name: str):
    inputs = keras.Input((32, 32, 3))
    seen = original(keras.layers.Rescaling(1 / 127.5, -1)(inputs), training=False)
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(seen)))
    (model.save_weights if name.endswith("weights.h5") else model.save)(tmp_path / name)
    assert equal(from_file(tmp_path / name, NAME), original)


def test_the_same_backbone_with_all_its_classes(tmp_path: Path):
    whole = keras.applications.MobileNet(weights=None, classes=7)
    whole.save_weights(tmp_path / "whole.weights.h5")
    body = keras.Model(whole.input, whole.get_layer("conv_pw_13_relu").output)
    assert equal(own.load(OwnWeights(kind="own-weights", of=NAME), tmp_path / "whole.weights.h5"), body)


def test_deviations_in_place_of_efficientnets_variances_are_put_right(tmp_path: Path):
    """Keras divides by the roots of both, x / √σ / √σ, where it loads these weights itself."""
    model = keras.applications.EfficientNetB0(weights=None, include_top=False, input_shape=(32, 32, 3))
    deviations = np.array([0.229, 0.224, 0.225], np.float32)
    layer = next(layer for layer in model.layers if isinstance(layer, keras.layers.Normalization))
    for stored, expected in ((deviations, deviations**2), (np.full(3, 0.5, np.float32), np.full(3, 0.5))):
        layer.set_weights([np.zeros(3), stored, np.array(0)])
        model.save_weights(tmp_path / "own.weights.h5")
        found = from_file(tmp_path / "own.weights.h5", "efficientnet-b0")
        np.testing.assert_allclose(found["block-1-normalization/variance"], expected, rtol=1e-6)


# What is refused


def refused(path: Path, name: str, match: str) -> None:
    with pytest.raises(UserError, match=match):
        own.load(OwnWeights(kind="own-weights", of=name), path)


def test_a_name_that_is_no_backbone():
    with pytest.raises(ValueError, match=r"'vgg61' is no backbone; .*Did you mean"):
        OwnWeights(kind="own-weights", of="vgg61")


def test_pickles(tmp_path: Path):
    path = tmp_path / "own.h5"
    path.write_bytes(pickle.dumps({"kernel": [1.0]}))
    refused(path, NAME, "is a Python pickle")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02.")
    refused(path, NAME, "is a PyTorch file, a pickle")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "is empty"),
        (b"weights\n", "is no HDF5 file that Keras wrote, or is damaged"),
        (applications.HDF5 + bytes(50), "is no HDF5 file that Keras wrote, or is damaged"),
        (b"PK\x03\x04", "is damaged"),
    ],
)
def test_what_is_no_such_file(tmp_path: Path, content: bytes, match: str):
    (tmp_path / "own.h5").write_bytes(content)
    refused(tmp_path / "own.h5", NAME, match)


def test_a_folder_and_a_zip_file_of_something_else(tmp_path: Path):
    refused(tmp_path, NAME, "is a folder")
    with zipfile.ZipFile(tmp_path / "own.keras", "w") as archive:
        archive.writestr("model.pb", b"")
    refused(tmp_path / "own.keras", NAME, r"zip file without model\.weights\.h5")


@pytest.mark.parametrize("name", ["own.weights.h5", "own.h5"])
def test_the_weights_of_another_network(original: keras.Model, tmp_path: Path, name: str):
    (original.save_weights if name.endswith("weights.h5") else original.save)(tmp_path / name)
    refused(tmp_path / name, "vgg16", "has the weights of another network: .*expected.* Save the backbone alone")


def test_a_larger_network_that_starts_like_the_backbone(original: keras.Model, tmp_path: Path):
    model = keras.Model(original.input, keras.layers.Conv2D(4, 3, padding="same")(original.output))
    model.save_weights(tmp_path / "own.weights.h5")
    refused(
        tmp_path / "own.weights.h5", NAME, r"another network: it has layers/conv2d_\d+/vars/0, \(3, 3, 1024, 4\), too"
    )
    model.save(tmp_path / "own.h5")
    refused(tmp_path / "own.h5", NAME, "another network: 13. arrays, expected 13")


def test_numbers_that_are_none(original: keras.Model, tmp_path: Path):
    path = tmp_path / "own.weights.h5"
    original.save_weights(path)
    with h5py.File(path, "r+") as file:
        file["layers/conv2d/vars/0"][0] = np.nan
    refused(path, NAME, "has NaN or infinity in /layers/conv2d/vars/0")


def test_numbers_that_lie_in_another_file(original: keras.Model, tmp_path: Path):
    path = tmp_path / "own.weights.h5"
    original.save_weights(path)
    (tmp_path / "secret").write_bytes(bytes(3 * 3 * 3 * 32 * 4))
    with h5py.File(path, "r+") as file:
        del file["layers/conv2d/vars/0"]
        outside = [(str(tmp_path / "secret"), 0, h5py.h5f.UNLIMITED)]
        file.create_dataset("layers/conv2d/vars/0", (3, 3, 3, 32), "f4", external=outside)
    refused(path, NAME, "in another file, which is not followed")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["kernel"] = np.zeros((3, 3, 3, 32), np.float32)
    with h5py.File(path, "r+") as file:
        del file["layers/conv2d/vars/0"]
        file["layers/conv2d/vars/0"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "kernel")
    refused(path, NAME, "in another file, which is not followed|no HDF5 file|another network")


# Where Keras's weights come from


def test_a_mirror_is_asked_first_and_a_file_without_checksum_must_be_hdf5(
    original: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = applications.FILES[NAME][1]
    (tmp_path / "mirror" / NAME).mkdir(parents=True)
    original.save(tmp_path / "old.h5")
    (tmp_path / "old.h5").rename(tmp_path / "mirror" / NAME / file)
    monkeypatch.setenv("HEADWATER_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("HEADWATER_CACHE", str(tmp_path / "cache"))
    assert equal(given.load(Weights(kind="weights", of=NAME)), original)
    (tmp_path / "page").write_text("<html>")
    with pytest.raises(CorruptError, match="is no HDF5 file"):
        applications.check(tmp_path / "page", "")


def test_a_checksum_is_held_against_the_file(tmp_path: Path):
    path = tmp_path / "some.h5"
    path.write_bytes(applications.HDF5)
    for kind in (hashlib.md5, hashlib.sha256):
        applications.check(path, kind(applications.HDF5).hexdigest())
    for digest in ("0" * 32, "0" * 64):
        with pytest.raises(CorruptError, match="expected 000000000000"):
            applications.check(path, digest)


def test_weights_that_are_unknown_are_said_so():
    with pytest.raises(UserError, match=r"has 'minilmm'.*Did you mean 'minilm'"):
        given.load(Weights(kind="weights", of="minilmm"))


# PyTorch's old files


def written(arrays: dict[str, np.ndarray], *, call: str = "_rebuild_tensor_v2") -> bytes:
    """A file as PyTorch wrote it before 1.6, by hand: protocol 2 pickles, then each storage."""
    file = io.BytesIO()
    for part in (torch_file.MAGIC, torch_file.PROTOCOL, {"little_endian": True}):
        pickle.dump(part, file, protocol=2)
    file.write(b"\x80\x02ccollections\nOrderedDict\n)R(")
    for key, values in enumerate(arrays.values()):
        name = list(arrays)[key].encode()
        file.write(b"X" + len(name).to_bytes(4, "little") + name)
        file.write(b"ctorch._utils\n" + call.encode() + b"\n((X\x07\x00\x00\x00storage")
        file.write(b"ctorch\nFloatStorage\n" + _text(str(key)) + _text("cpu") + _number(values.size) + b"NtQ")
        steps = [step // values.itemsize for step in values.strides]
        file.write(_number(0) + _tuple(values.shape) + _tuple(steps) + b"\x89ccollections\nOrderedDict\n)RtR")
    file.write(b"u.")
    pickle.dump([str(key) for key in range(len(arrays))], file, protocol=2)
    for values in arrays.values():
        file.write(values.size.to_bytes(8, "little") + values.tobytes(order="A"))
    return file.getvalue()


def _text(text: str) -> bytes:
    return b"X" + len(text).to_bytes(4, "little") + text.encode()


def _number(number: int) -> bytes:
    return b"J" + int(number).to_bytes(4, "little")


def _tuple(numbers: "tuple[int, ...] | list[int]") -> bytes:
    return b"(" + b"".join(map(_number, numbers)) + b"t"


def test_arrays_come_out_as_they_went_in_whatever_their_steps():
    rng = np.random.default_rng(0)
    arrays = OrderedDict(
        plain=rng.normal(size=(2, 3)).astype(np.float32), turned=np.asfortranarray(rng.normal(size=(4, 2)), np.float32)
    )
    found = torch_file.arrays(written(arrays))
    assert list(found) == ["plain", "turned"]
    for name, values in arrays.items():
        np.testing.assert_array_equal(found[name], values)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (written({"a": np.zeros(3, np.float32)}, call="_rebuild_qtensor"), "which no array needs"),
        (pickle.dumps(print, protocol=2), "which no array needs"),
        (written({"a": np.zeros(3, np.float32)})[:-4], "could not be read"),
        (pickle.dumps(3, protocol=2) * 4, "does not start as"),
        (b"", "could not be read"),
    ],
)
def test_whatever_else_a_file_holds_is_refused(content: bytes, match: str):
    with pytest.raises(UnavailableError, match=match):
        torch_file.arrays(content)


def test_an_array_beyond_its_storage_is_refused():
    content = written({"a": np.zeros((2, 3), np.float32)}).replace(_tuple((2, 3)), _tuple((9, 3)))
    with pytest.raises(UnavailableError, match="does not lie in its storage"):
        torch_file.arrays(content)


# Lite0 itself


@pytest.mark.long
def test_lite0_sees_a_palace_and_a_daisy():
    """ImageNet's classes 698 and 985; 4,694,024 parameters, published as 4.7 million."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    model = lite.classifier()
    assert model.count_params() == 4_694_024
    photos = []
    for photo in load_sample_images().images:
        height, width, _ = photo.shape
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        square = Image.fromarray(photo[top : top + side, left : left + side])
        photos.append(np.asarray(square.resize((224, 224), Image.Resampling.BILINEAR), np.float32))
    x = (np.stack(photos) - 127) / 128
    assert np.asarray(model(x)).argmax(axis=1).tolist() == [698, 985]


@pytest.mark.long
def test_lite0s_features_are_those_below_its_classes():
    from tasks import models
    from tasks.common.schema.study import Backbone
    from tasks.models import surgery

    arrays = given.load(Weights(kind="weights", of="efficientnet-lite0"))
    body = surgery.features(models.build(Backbone(kind="backbone", name="efficientnet-lite0"), (64, 64, 3), 5, 0))
    surgery.assign(body, arrays)
    whole = lite.classifier(64)
    pooled = keras.Model(whole.input, whole.get_layer("avg_pool").output)
    x = np.random.default_rng(0).normal(size=(2, 64, 64, 3)).astype(np.float32)
    np.testing.assert_array_equal(body(x), pooled(x))
