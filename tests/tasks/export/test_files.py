"""Each exported file, read with its own runtime, says what the trained model says; its bytes hang on no clock."""

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tasks.common.artifacts import read_json
from tasks.common.errors import UserError
from tasks.common.objectives import predict
from tasks.export import FILES
from tasks.export import __main__ as export
from tasks.export.running import Lite, load
from tests.tasks.export.conftest import ACCURACIES, CLASSES, REPEAT, World

STUDIES = ("tables", "pictures")


def expected(world: World, study: str) -> np.ndarray:
    """Probabilities (n, classes) of the trained model, on inputs scaled as in training."""
    logits = predict(world.models[study], world.scalings[study](world.tests[study][0])).astype(np.float64)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize(("kind", "distance"), [("keras", 1e-5), ("float32", 1e-5), ("float16", 5e-3)])
def test_raw_inputs_give_the_probabilities_of_the_trained_model(world: World, study: str, kind: str, distance: float):
    runner, card = load(world.folder(study) / FILES[kind])
    np.testing.assert_allclose(runner(world.tests[study][0]), expected(world, study), atol=distance)
    assert card["classes"] == CLASSES


@pytest.mark.parametrize("study", STUDIES)
def test_int8_names_the_same_class_almost_always(world: World, study: str):
    x, y = world.tests[study]
    whole = expected(world, study).argmax(axis=1)
    assert (whole == y).mean() > 0.9, "the network has not learnt, so agreement would mean nothing"
    named = load(world.folder(study) / FILES["int8"])[0](x).argmax(axis=1)
    assert (named == whole).mean() > 0.95


def test_int8_holds_no_number_of_more_than_8_bits_but_sums_and_shapes(world: World):
    for study, kind in (("tables", np.int8), ("pictures", np.uint8)):
        interpreter = tf.lite.Interpreter(model_path=str(world.folder(study) / FILES["int8"]))
        assert {one["dtype"] for one in interpreter.get_tensor_details()} <= {np.int8, np.uint8, np.int32}
        ends = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        assert [one["dtype"] for one in ends] == [kind, kind]
        assert ends[0]["shape"][0] == 1


def test_without_its_scaling_the_int8_file_of_a_table_would_be_lost(world: World):
    """So the card's shift and scale are what `load` uses, and they are right."""
    card = read_json(world.folder("tables") / "card.json")
    np.testing.assert_array_equal(np.array(card["scaling"]["shift"], np.float32), world.scalings["tables"].shift)
    np.testing.assert_array_equal(np.array(card["scaling"]["scale"], np.float32), world.scalings["tables"].scale)
    assert "int8" not in card["scaling"]["inside"]
    assert "int8" in read_json(world.folder("pictures") / "card.json")["scaling"]["inside"]
    x = world.tests["tables"][0]
    raw = Lite((world.folder("tables") / FILES["int8"]).read_bytes(), None)(x).argmax(axis=1)
    assert (raw == expected(world, "tables").argmax(axis=1)).mean() < 0.8


@pytest.mark.parametrize("study", STUDIES)
def test_exported_again_every_file_has_the_same_bytes(world: World, study: str, monkeypatch: pytest.MonkeyPatch):
    """Models made in between do not show in layers' names, and no time in the archive."""
    before = {path: path.read_bytes() for path in world.folder(study).parent.rglob("*") if path.is_file()}
    assert len(before) == 6
    monkeypatch.chdir(world.root)
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    export.main(study)
    for path, content in before.items():
        assert path.read_bytes() == content, path.name


def test_the_keras_file_needs_nothing_of_this_project(world: World):
    """Keras's own loader in its safe mode, and its own layers alone."""
    model = keras.models.load_model(world.folder("pictures") / FILES["keras"], compile=False, safe_mode=True)
    inside = [layer for one in model.layers for layer in getattr(one, "layers", [one])]
    assert {type(layer).__module__.split(".")[0] for layer in inside} == {"keras"}
    assert sum(layer.name == "scaling" for layer in inside) == 1


@pytest.mark.parametrize("study", STUDIES)
def test_the_card_tells_what_the_files_are(world: World, study: str):
    card = read_json(world.folder(study) / "card.json")
    assert (card["study"], card["method"], card["repeat"]) == (study, "fine-tuning", REPEAT)
    assert card["exported_as"] == ["winner", "simplest", "front"]
    assert card["input"]["shape"] == list(world.tests[study][0].shape[1:])
    assert card["input"]["values"] == str(world.tests[study][0].dtype)
    values = [one for one in ACCURACIES["fine-tuning"] if one is not None]
    assert card["accuracy"]["mean"] == pytest.approx(np.mean(values))
    low, high = card["accuracy"]["interval"]
    assert low < min(values) <= max(values) < high
    weights = hashlib.sha256(b"".join(array.tobytes() for array in world.models[study].get_weights()))
    assert card["weights_sha256"] == weights.hexdigest()
    for one in card["files"].values():
        data = (world.folder(study) / one["name"]).read_bytes()
        assert (one["bytes"], one["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("study", STUDIES)
def test_each_file_is_measured_on_the_test_part(world: World, study: str):
    table = read_json(world.root / "data" / "shipped" / f"{study}.json")
    assert list(table) == ["fine-tuning"]
    figures, (x, y) = table["fine-tuning"], world.tests[study]
    whole = expected(world, study).argmax(axis=1)
    assert figures["keras"]["accuracy"] == pytest.approx((whole == y).mean())
    assert figures["keras"]["agreement"] == 1
    named = load(world.folder(study) / FILES["int8"])[0](x).argmax(axis=1)
    assert figures["int8"]["accuracy"] == pytest.approx((named == y).mean())
    assert figures["int8"]["agreement"] == pytest.approx((named == whole).mean())
    assert figures["int8"]["bytes"] == (world.folder(study) / FILES["int8"]).stat().st_size


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("kind", ["float16", "int8"])
def test_the_loader_in_the_docs_says_what_this_one_says(world: World, study: str, kind: str, monkeypatch):
    """It imports the runtime's own package; TensorFlow's copy of it stands in."""
    page = (Path(__file__).parents[3] / "docs" / "export.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.setitem(sys.modules, "ai_edge_litert", ModuleType("ai_edge_litert"))
    runtime = ModuleType("ai_edge_litert.interpreter")
    runtime.Interpreter = tf.lite.Interpreter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", runtime)
    room: dict[str, Any] = {}
    exec(code, room)
    x = world.tests[study][0][:50]
    told, whole = room["load"](world.folder(study), kind), load(world.folder(study) / FILES[kind])[0](x)
    for sample, row in zip(x, whole, strict=True):
        name, share = told(sample)
        assert (name, share) == (CLASSES[row.argmax()], pytest.approx(row.max(), abs=1e-6))


def test_a_file_without_its_own_card_is_refused(world: World, tmp_path):
    source, name = world.folder("tables"), FILES["float32"]
    with pytest.raises(UserError, match="was not found, or is a folder"):
        load(source)
    shutil.copy(source / name, tmp_path / name)
    with pytest.raises(UserError, match=r"card\.json was not found"):
        load(tmp_path / name)
    (tmp_path / "card.json").write_text("[]")
    with pytest.raises(UserError, match="is not the card of an exported model"):
        load(tmp_path / name)
    shutil.copy(source / "card.json", tmp_path / "card.json")
    load(tmp_path / name)
    shutil.copy(source / name, tmp_path / "mine.tflite")
    with pytest.raises(UserError, match=r"mine\.tflite is not in .*float16\.tflite"):
        load(tmp_path / "mine.tflite")
    shutil.copy(world.folder("pictures") / name, tmp_path / name)
    with pytest.raises(UserError, match="is not the file that"):
        load(tmp_path / name)


@pytest.mark.parametrize("kind", ["keras", "float32"])
def test_a_damaged_file_is_told_in_one_line(world: World, tmp_path, kind: str):
    card = read_json(world.folder("tables") / "card.json")
    (tmp_path / FILES[kind]).write_bytes(b"no model")
    card["files"][kind]["sha256"] = hashlib.sha256(b"no model").hexdigest()
    (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(UserError, match="cannot be read by its runtime") as raised:
        load(tmp_path / FILES[kind])
    assert "\n" not in str(raised.value)
