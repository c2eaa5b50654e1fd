"""What evaluate derives from logits."""

import base64
from pathlib import Path

import keras
import numpy as np
import pytest

from tasks.common import outcomes
from tasks.common.metrics import calibration_error
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Course
from tasks.evaluate.calibration import reliability
from tasks.evaluate.cost import cost
from tasks.evaluate.entries import FIGURES, means
from tasks.evaluate.hardest import hardest
from tasks.evaluate.plots import confusion, curve
from tasks.evaluate.predictor import Predictor
from tasks.evaluate.provenance import hashes
from tasks.evaluate.variance import test_variance as variance

Y = np.array([0, 1, 0, 1])
RIGHT, WRONG_ON_FIRST = np.eye(2)[[0, 1, 0, 1]], np.eye(2)[[1, 1, 0, 1]]


def test_the_variance_of_the_test_part_by_hand():
    """Mean hits differ by (1 + 0) / 2 on one sample of four: var([.5, 0, 0, 0]) / 4."""
    ours, other = np.stack([RIGHT, RIGHT]), np.stack([WRONG_ON_FIRST, RIGHT])
    assert variance(ours, other, Y) == pytest.approx(np.var([0.5, 0, 0, 0], ddof=1) / 4)
    assert variance(ours, ours, Y) == 0


def test_it_is_the_variance_of_the_mean_difference_over_test_parts_drawn_anew():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 4000)
    noisy = [np.eye(2)[np.where(rng.random(4000) < error, 1 - y, y)] for error in (0.1, 0.2)]
    hits = [logits.argmax(axis=1) == y for logits in noisy]
    drawn = [rng.integers(0, 4000, 500) for _ in range(2000)]
    spread = np.var([hits[0][rows].mean() - hits[1][rows].mean() for rows in drawn])
    one = variance(noisy[0][None, :500], noisy[1][None, :500], y[:500])
    assert one == pytest.approx(spread, rel=0.2)


def test_failed_repeats_are_left_out_in_pairs():
    failed = np.full((4, 2), np.nan)
    ours, other = np.stack([RIGHT, failed]), np.stack([WRONG_ON_FIRST, RIGHT])
    assert variance(ours, other, Y) == variance(ours[:1], other[:1], Y)
    assert variance(np.stack([failed]), np.stack([RIGHT]), Y) is None


def test_curves_are_means_over_repeats_and_confusions_pool_them():
    rows = [
        {"epoch": e, "loss": 1.0 * r, "validation_loss": 2.0 * r, "validation_accuracy": 0.5}
        for r in (1, 3)
        for e in (1, 2)
    ]
    assert curve({"curves": rows}).splitlines()[1] == "1,2.0,4.0,0.5"
    table = confusion(np.stack([RIGHT, np.full((4, 2), np.nan)]), Y, ["no", "yes"])
    assert table.splitlines() == ["actual,predicted,samples", "no,no,2", "yes,yes,2"]


def test_reliability_by_hand():
    """Three of four samples at confidence 0.9, two of them right; one at 0.6, right. A failed repeat adds nothing."""
    sure, unsure = np.log([0.9, 0.1]), np.log([0.4, 0.6])
    logits = np.stack([sure, sure, sure, unsure])
    found = reliability(np.stack([logits, np.full((4, 2), np.nan)]), Y)
    assert [list(one.values()) for one in found] == [
        pytest.approx([0.25, 0.6, 1.0]),
        pytest.approx([0.75, 0.9, 2 / 3]),
    ]
    assert reliability(np.full((1, 4, 2), np.nan), Y) == []


def test_the_gaps_of_reliability_are_the_calibration_error_where_bins_agree():
    rng = np.random.default_rng(3)
    logits, y = rng.normal(size=(1, 500, 2)) * 2, rng.integers(0, 2, 500)
    exponentials = np.exp(logits[0])
    error = calibration_error(exponentials / exponentials.sum(axis=1, keepdims=True), y, bins=10)
    gaps = [one["share"] * abs(one["confidence"] - one["accuracy"]) for one in reliability(logits, y)]
    assert sum(gaps) == pytest.approx(error)


def test_the_hardest_samples_are_those_that_most_models_get_wrong():
    """Sample 0 is wrong in 2 of 3 models, sample 3 in one; the failed repeat is no model, 1 and 2 are never wrong."""
    three = np.eye(3)
    logits = {
        "a": np.stack([three[[2, 1, 0, 1]], three[[0, 1, 0, 2]]]),
        "b": np.stack([three[[2, 1, 0, 1]], np.full((4, 3), np.nan)]),
    }
    rows = np.arange(8.0).reshape(4, 2)
    first, second = hardest(logits, rows, rows / 4, Y, ["no", "yes", "other"])
    assert (first["sample"], first["label"], first["taken_for"]) == (0, "no", "other")
    assert first["wrong"] == pytest.approx(2 / 3)
    assert (first["values"], first["image"]) == ([0.0, 0.25], None)
    assert (second["sample"], second["label"], second["taken_for"]) == (3, "yes", "other")
    images = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
    image = hardest(logits, images, images / 255, Y, ["no", "yes", "other"])[1]["image"]
    assert image["shape"] == [2, 3]
    assert list(base64.b64decode(image["pixels"])) == [18, 19, 20, 21, 22, 23]
    assert hardest({"a": np.full((1, 4, 3), np.nan)}, rows, rows, Y, ["no", "yes", "other"]) == []


def test_a_cost_counts_the_classifier_alone_and_averages_the_samples_over_repeats(tmp_path):
    """One repeat failed; the auxiliary head of the other, 6 → 2, is no part of a prediction."""
    inputs = keras.Input((5,))
    features = keras.layers.Dense(6)(inputs)
    heads = {"head": keras.layers.Dense(3)(features), "auxiliary": keras.layers.Dense(2)(features)}
    done = Trained(keras.Model(inputs, heads), Course(validation_loss=0.0), 0.1, 1, 10)
    outcomes.save(tmp_path / "one", [Failed("diverged"), done], {"samples_seen": [100, 300]})
    found = cost(tmp_path / "one", outcomes.read(tmp_path / "one"))
    assert found == {"multiply_adds": 5 * 6 + 6 * 3, "samples_seen": 200.0}
    failed = {"repeats": [{"repeat": 0, "failed": "diverged"}]}
    assert cost(tmp_path, failed) == {"multiply_adds": None, "samples_seen": None}


def test_metrics_hold_the_cost_where_it_is_known():
    figures = dict.fromkeys(FIGURES, 0.5)
    known = {"multiply_adds": 48, "samples_seen": None, "parameters": {"trained": 3, "total": 4}}
    rows = [{"failed": None, **figures}, {"failed": None, **dict.fromkeys(FIGURES, 1.0)}, {"failed": "diverged"}]
    table = means({"a": known | {"repeats": rows}})
    assert table["a"] == dict.fromkeys(FIGURES, 0.75) | {
        "multiply_adds": 48,
        "parameters_trained": 3,
        "parameters_total": 4,
    }


def test_hashes_are_those_of_the_files(tmp_path):
    (tmp_path / "test.npz").write_bytes(b"")
    (tmp_path / "scaling.npz").write_bytes(b"x")
    assert hashes(tmp_path) == {
        "test.npz": "d41d8cd98f00b204e9800998ecf8427e",  # of nothing, as RFC 1321 has it
        "scaling.npz": "9dd4e461268c8034f5c8564e155c67a6",
    }


def network(hidden: int) -> keras.Model:
    inputs = keras.Input((3,), name="inputs")
    features = keras.layers.Dense(hidden, "tanh", name="hidden")(inputs)
    return keras.Model(inputs, keras.layers.Dense(2, name="head")(features), name="network")


def test_a_predictor_says_what_each_saved_model_says(tmp_path: Path):
    """Two folders share an architecture and one has another; each repeat and variant answers with its own weights."""
    x = np.random.default_rng(1).normal(size=(7, 3)).astype(np.float32)
    answers = {}
    for home, hidden in (("narrow", 4), ("as-narrow", 4), ("wide", 9)):
        models = [network(hidden) for _ in range(4)]
        repeats = [Trained(models[r], Course(), 0.1, 1, 0, {"other": models[2 + r]}) for r in range(2)]
        outcomes.save(tmp_path / home, repeats, {})
        answers |= {(home, k % 2, None if k < 2 else 0): np.asarray(model(x)) for k, model in enumerate(models)}
    predictor = Predictor(x, at_a_time=2)
    for (home, repeat, variant), logits in [*answers.items(), *answers.items()]:
        np.testing.assert_allclose(predictor(tmp_path / home, repeat, variant=variant), logits, rtol=1e-5, atol=1e-6)
    assert len({logits.tobytes() for logits in answers.values()}) == 12
