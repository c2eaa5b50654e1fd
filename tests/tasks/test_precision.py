"""Training in bfloat16: which layers compute in it, what stays float32, and that float32 is what it was."""

import copy
import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from ruamel.yaml import YAML

from tasks import models
from tasks.adapt import coral, joint
from tasks.common import outcomes, params, runtime, training
from tasks.common.objectives import plain, predict
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.study import Backbone, Network
from tasks.models import surgery
from tasks.models.precision import FLOAT32, twin
from tests.contracts.imports import reached
from tests.tasks import toys
from tests.tasks.test_params import CONTENT, ROOT, complaint
from tests.tasks.transferring import NORMALISED, NORMALISED_IMAGES, data_of, source_of, start_of, transfer

MIXED = "mixed_bfloat16"
BACKBONE = Backbone(kind="backbone", name="efficientnet-lite0")
NETWORKS = {
    "dense": toys.NETWORK,
    "dense, normalised": NORMALISED,
    "convolutional": toys.CONVOLUTIONAL,
    "convolutional, normalised": NORMALISED_IMAGES,
    "backbone": BACKBONE,
    "transformer": toys.TRANSFORMER,
    "embedding": toys.EMBEDDING,
}


@pytest.fixture
def mixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting, and no loop that was traced without it."""
    monkeypatch.setenv("HEADWATER_PRECISION", MIXED)
    monkeypatch.setattr(training, "_loops", {})


def sample_of(network: Network) -> Sample:
    return toys.images(rows=8, side=32) if network.kind == "backbone" else data_of(network)


def built(network: Network) -> keras.Model:
    return models.build(network, sample_of(network).train.x.shape[1:], 3, 1)


def trained(network: Network) -> tuple[keras.Model, list[dict[str, Any]]]:
    """A network after one step, and the course of its training."""
    model, sample = built(network), sample_of(network)
    parts = {"train": training.arrays(sample.train), "validation": training.arrays(sample.validation)}
    step = [Phase("all", 0.01, 1)]
    course = training.fit(model, step, **parts, optimizer="momentum", batch=30, keep="last", seed=1)
    return model, course.rows


@pytest.mark.parametrize("kind", [pytest.param(k, marks=pytest.mark.long) if k == "backbone" else k for k in NETWORKS])
@pytest.mark.usefixtures("mixed")
def test_a_network_learns_in_bfloat16_and_keeps_its_weights_in_float32(kind: str, monkeypatch: pytest.MonkeyPatch):
    """A step is near that in float32 and is another: so it was taken in bfloat16."""
    model, rows = trained(NETWORKS[kind])
    monkeypatch.setenv("HEADWATER_PRECISION", FLOAT32)
    monkeypatch.setattr(training, "_loops", {})
    exact, expected = trained(NETWORKS[kind])
    assert np.isfinite([rows[0]["loss"], rows[0]["validation_loss"]]).all()
    far = 0.25 if kind == "backbone" else 0.05  # 49 normalisations by the statistics of 8 images
    assert rows[0]["loss"] == pytest.approx(expected[0]["loss"], rel=far)
    assert {str(w.dtype) for w in model.get_weights()} == {"float32"}
    assert not toys.same(model, exact)
    assert not toys.same(model, built(NETWORKS[kind]))
    assert model.to_json() == exact.to_json()
    assert "bfloat16" not in model.to_json()


@pytest.mark.parametrize("kind", NETWORKS)
def test_all_but_what_losses_see_computes_in_bfloat16(kind: str):
    network, whole = NETWORKS[kind], {"inputs", "head"}
    model = twin(built(network), MIXED)
    whole.add(model.get_layer("head").input._keras_history.operation.name)
    if kind == "embedding":
        whole.add("pool")  # counts words
    assert {layer.name for layer in model.layers if layer.compute_dtype == "float32"} == whole
    assert {layer.variable_dtype for layer in model.layers} == {"float32"}
    assert model.output.dtype == surgery.features(model).output.dtype == "float32"


@pytest.mark.parametrize("kind", NETWORKS)
def test_in_float32_a_twin_is_kerass_clone_of_the_model(kind: str):
    model = built(NETWORKS[kind])
    clone = twin(model, FLOAT32)
    assert clone.to_json() == model.to_json() == keras.models.clone_model(model).to_json()
    clone.set_weights(model.get_weights())
    x = sample_of(NETWORKS[kind]).validation.x
    assert np.array_equal(predict(clone, x), predict(model, x))


def test_float32_holds_where_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("HEADWATER_PRECISION", "OMP_NUM_THREADS", "TF_ENABLE_ONEDNN_OPTS", "TF_DETERMINISTIC_OPS"):
        monkeypatch.setenv(name, "0")  # so that it is put back
    file = tmp_path / "params.yaml"
    for text, expected in (("{threads: 1}", FLOAT32), (f"{{precision: {MIXED}}}", MIXED)):
        file.write_text(f"runtime: {text}\n")
        runtime.configure(file)
        assert runtime.precision() == expected
    assert params.parse(CONTENT).runtime.precision == FLOAT32


def test_every_stage_that_trains_depends_on_it():
    """As on all of ``runtime``: another precision is another result."""
    stages = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"]
    trains = Path("tasks/common/loop.py")
    without = []
    for name, stage in stages.items():
        block = stage.get("do", stage)
        module = re.search(r"python -m (\S+)", str(block["cmd"]))
        if module and trains in reached(module[1]) and "runtime" not in block.get("params", []):
            without.append(name)
    assert without == ["fewshot-split"]  # that draws tasks and trains nothing


def test_the_setting_is_one_of_two():
    content = copy.deepcopy(CONTENT)
    content["runtime"]["precision"] = MIXED
    assert params.parse(content).runtime.precision == MIXED
    said = complaint(lambda c: c["runtime"].update(precision="mixed_float16"))
    assert "runtime.precision is 'mixed_float16'" in said
    assert MIXED in said


@pytest.mark.parametrize("network", [toys.TRANSFORMER, toys.EMBEDDING])
def test_token_numbers_that_bfloat16_cannot_tell_apart_stay_apart(network: Network):
    """30,001 and 30,002 are one number there; a network that saw it would not know the words any more."""
    assert tf.cast(30_001.0, tf.bfloat16) == tf.cast(30_002.0, tf.bfloat16)
    model = twin(models.build(network.model_copy(update={"vocabulary": 30_522}), (2,), 3, 1), MIXED)
    layer = next(layer for layer in model.layers if isinstance(layer, keras.layers.Embedding))
    layer.embeddings.assign(np.random.default_rng(0).normal(size=layer.embeddings.shape))
    found = keras.Model(model.input, layer.output)(np.array([[30_001, 30_002]], np.float32))
    assert found.dtype == tf.bfloat16
    expected = np.asarray(layer.embeddings)[None, 30_001:30_003]
    np.testing.assert_allclose(tf.cast(found, tf.float32), expected, rtol=2**-8)


@pytest.mark.usefixtures("mixed")
@pytest.mark.parametrize("method", ["lora", "adapters", "l2-sp"])
def test_what_a_method_hands_over_is_a_float32_network_that_can_be_read(method: str, tmp_path: Path):
    source = source_of(toys.CONVOLUTIONAL)
    result = transfer(method, network=toys.CONVOLUTIONAL, source=source)
    x = data_of(toys.CONVOLUTIONAL).validation.x
    outcomes.save(tmp_path / method, [result], {})
    assert "bfloat16" not in (tmp_path / method / "model.json").read_text()
    assert np.array_equal(predict(outcomes.load(tmp_path / method, 0), x), predict(result.model, x))
    if method == "lora":  # merged in float32: an update of less than one part in 256 of a kernel is not lost
        assert result.model.to_json() == start_of(source).to_json()
        (before,), (after,) = ([np.asarray(m.get_layer("conv-1").kernel)] for m in (start_of(source), result.model))
        assert (after != before).mean() > 0.9


def test_a_loss_of_features_gets_them_in_float32():
    """CORAL's covariances of penultimate features, whose differences bfloat16 would round away."""
    model = twin(built(NORMALISED), MIXED)
    x = data_of(NORMALISED).train.x
    features = joint.features(model, {"x": x, "target_x": x + 1})
    assert {part.dtype for part in features} == {tf.float32}
    assert np.isfinite(float(coral.distance(*features)))


def test_plain_gradients_are_float32():
    model, data = twin(built(toys.TRANSFORMER), MIXED), data_of(toys.TRANSFORMER).train
    with tf.GradientTape() as tape:
        loss = plain(model, {"x": data.x, "y": data.y})
    slopes = tape.gradient(loss, model.trainable_variables)
    assert {slope.dtype for slope in slopes} == {tf.float32}
    assert loss.dtype == tf.float32
