"""Sources that others trained: the weights put in, trained further, and features of data sets."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks import embed, models, split
from tasks.common import params
from tasks.common.artifacts import read_json, read_npz, write_npz
from tasks.common.errors import UserError
from tasks.common.objectives import predict
from tasks.common.outcomes import Trained
from tasks.common.samples import GIVEN, Scaling
from tasks.common.schema.run import Size
from tasks.common.schema.study import Data, Source, Target
from tasks.models import given, surgery
from tasks.pretrain import intermediate
from tests.tasks import toys
from tests.tasks.test_params import CONTENT
from tests.tasks.transferring import headless, source_of


@pytest.mark.parametrize(
    ("kind", "ends"), [("signed", (-1, 1)), ("centred", (-127 / 128, 1)), ("unit", (0, 1)), ("none", (0, 255))]
)
def test_scalings_that_weights_expect_look_at_no_sample(kind: str, ends: tuple[float, float]):
    scaling = Scaling.fit(np.empty((0, 2, 2, 3), np.uint8), kind)
    pixels = np.stack([np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 255, np.uint8)])
    np.testing.assert_allclose(scaling(pixels)[:, 0, 0, 0], ends, rtol=1e-6)


@pytest.mark.parametrize(("kind", "mode"), [("signed", "tf"), ("imagenet", "torch"), ("imagenet-mean", "caffe")])
def test_they_are_kerass_own_but_for_the_order_of_channels(kind: str, mode: str):
    from keras.src.applications.imagenet_utils import preprocess_input

    pixels = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3)).astype(np.uint8)
    ours = Scaling.fit(pixels, kind)(pixels)
    theirs = preprocess_input(pixels.astype(np.float32), data_format="channels_last", mode=mode)
    np.testing.assert_allclose(ours[..., ::-1] if mode == "caffe" else ours, theirs, rtol=1e-4, atol=1e-4)
    assert kind in GIVEN


def test_without_source_classes_the_source_is_empty_and_the_target_as_ever(tmp_path: Path):
    rng = np.random.default_rng(0)
    raw = {"classes": np.array(["hat", "shoe"])}
    for part in ("train", "test"):
        raw |= {f"{part}_x": rng.integers(0, 256, (60, 4, 4, 3)).astype(np.uint8), f"{part}_y": np.arange(60) % 2}
    target = Target(classes="all", labelled=10, validation=6)
    for name, classes in (("model", "none"), ("samples", ["hat", "shoe"])):
        data = Data(source=Source(classes=classes), target=target, scaling="centred")  # type: ignore[arg-type]
        split.write(tmp_path / name, raw, raw, data, 1, Size(repeats=2))
    source = read_npz(tmp_path / "model" / "source.npz")
    assert source["train_x"].shape == source["validation_x"].shape == (0, 4, 4, 3)
    assert source["classes"].size == 0
    for name in ("target", "test", "scaling"):
        one, other = (read_npz(tmp_path / side / f"{name}.npz") for side in ("model", "samples"))
        assert all(np.array_equal(one[key], other[key]) for key in one)
    assert read_json(tmp_path / "model" / "notes.json")["inputs"] == [4, 4, 3]


def named(model: Any) -> dict[str, np.ndarray]:
    return {f"{layer.name}/{v.name}": np.array(v) for layer in model.layers for v in layer.weights}


def test_given_weights_make_the_network_that_they_are_of():
    source = headless(source_of(toys.TRANSFORMER))
    model = given.build(toys.TRANSFORMER, (10,), named(source.model), seed=9)
    x = toys.texts().train.x
    np.testing.assert_array_equal(predict(model, x), predict(source.model, x))
    assert surgery.width(model) == toys.TRANSFORMER.width


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: weights.pop("hidden-1/bias"), "they lack hidden-1/bias"),
        (lambda weights: weights.update({"hidden-9/bias": np.zeros(3)}), "they have hidden-9/bias too"),
        (
            lambda weights: weights.update({"hidden-1/bias": np.zeros(3)}),
            r"hidden-1/bias has shape \(3,\), expected \(8,\)",
        ),
    ],
)
def test_weights_of_another_network_are_refused_and_nothing_is_assigned(change: Any, message: str):
    weights = named(headless(source_of()).model)
    change(weights)
    model = surgery.features(models.build(toys.NETWORK, (5,), 2, 1))
    before = model.get_weights()
    with pytest.raises(UserError, match=f"the weights are of another network: .*{message}"):
        surgery.assign(model, weights)
    assert all(np.array_equal(one, other) for one, other in zip(before, model.get_weights(), strict=True))


def test_intermediate_training_starts_from_the_given_weights_and_leaves_them_alone():
    source, twin, sample = headless(source_of()), headless(source_of()), toys.sample()
    still = intermediate.run(sample, source, toys.training(rates=[1e-12]), seed=3)
    moved = intermediate.run(sample, source, toys.training(), seed=3)
    assert isinstance(still, Trained)
    assert isinstance(moved, Trained)
    assert toys.same(source.model, twin.model)
    body = surgery.features(still.model)
    np.testing.assert_allclose(predict(body, sample.train.x), predict(source.model, sample.train.x), atol=1e-5)
    assert not np.allclose(
        predict(surgery.features(moved.model), sample.train.x), predict(source.model, sample.train.x)
    )


def test_a_data_set_is_made_of_the_features_that_frozen_weights_have_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Samples of the first word's vector: their mean is that vector."""
    monkeypatch.chdir(tmp_path)
    vectors = np.random.default_rng(0).normal(size=(9, 50)).astype(np.float32)
    write_npz(Path("data/raw/vectors.npz"), **{"embeddings-words/embeddings": vectors})
    x = np.array([[2, 0, 0], [3, 4, 0], [8, 8, 8]], np.int32)
    labels = {"train_y": np.array([0, 1, 1]), "test_y": np.array([0, 1, 0]), "classes": np.array(["no", "yes"])}
    write_npz(Path("data/raw/texts.npz"), train_x=x, test_x=x[::-1].copy(), **labels)
    content = copy.deepcopy(CONTENT)
    content["datasets"] |= {
        "texts": {"kind": "reviews", "domain": "movie"},
        "vectors": {"kind": "weights", "of": "glove", "words": 7},
        "seen": {"kind": "embedded", "classes": ["no", "yes"]},
        "other": {"kind": "embedded", "classes": ["yes", "no"]},
    }
    monkeypatch.setattr(params, "load", lambda: params.parse(content))
    embed.main("seen", "texts", "vectors")
    made = read_npz(Path("data/raw/seen.npz"))
    np.testing.assert_allclose(made["train_x"], [vectors[2], vectors[3:5].mean(axis=0), vectors[8]], rtol=1e-5)
    np.testing.assert_array_equal(made["test_x"], made["train_x"][::-1])
    assert all(np.array_equal(made[name], labels[name]) for name in labels)
    with pytest.raises(UserError, match=r"'texts' has .'no', 'yes'.. Write the same"):
        embed.main("other", "texts", "vectors")
