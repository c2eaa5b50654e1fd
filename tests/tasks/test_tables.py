"""Generated tables: what was planted is there, and the knob changes nothing else."""

from typing import Any

import numpy as np
import pytest

from tasks.datasets import tables

KNOBS = (0.0, 0.25, 0.5, 0.75, 1.0)
MANY = 20_000


def made(relatedness: float = 1.0, seed: int = 3, **changed: int) -> dict[str, Any]:
    sizes = {"source_rows": 1000, "target_rows": 400, "test_rows": 2000} | changed
    return tables.generate(seed, relatedness, **sizes)


def planted(count: int = MANY) -> tables.Rows:
    return tables.rows(3, tables.TEST, count, 20)


def test_the_arrays_are_those_of_the_contract() -> None:
    data = made(target_rows=300)
    assert {name: (array.shape, array.dtype.str) for name, array in data.items()} == {
        "train_x": ((1300, 20), "<f4"),
        "train_y": ((1300,), "<i8"),
        "train_auxiliary": ((1300, 1), "<f4"),
        "test_x": ((2000, 20), "<f4"),
        "test_y": ((2000,), "<i8"),
        "test_auxiliary": ((2000, 1), "<f4"),
        "classes": ((5,), "<U8"),
        "auxiliary_names": ((1,), "<U8"),
    }
    assert list(data["classes"]) == ["source-0", "source-1", "target-0", "target-1", "target-2"]
    assert set(data["train_y"][:1000]) == {0, 1}, "the source's rows come first"
    assert set(data["train_y"][1000:]) == set(data["test_y"]) == {2, 3, 4}


def test_one_seed_gives_the_same_bytes_and_another_gives_others() -> None:
    one, same, other = made(), made(), made(seed=4)
    assert all(one[name].tobytes() == same[name].tobytes() for name in one)
    for name in ("train_x", "train_y", "train_auxiliary", "test_x", "test_y", "test_auxiliary"):
        assert one[name].tobytes() != other[name].tobytes()


@pytest.mark.parametrize("knob", KNOBS[:-1])
def test_the_knob_leaves_features_and_source_labels_alone(knob: float) -> None:
    full, part = made(1.0), made(knob)
    for name in ("train_x", "test_x"):
        np.testing.assert_array_equal(full[name], part[name])
    np.testing.assert_array_equal(full["train_y"][:1000], part["train_y"][:1000])
    assert (full["test_y"] != part["test_y"]).mean() > 0.6 * (1 - knob)


def test_more_rows_of_one_part_change_no_other_part() -> None:
    small, large = made(), made(target_rows=900)
    np.testing.assert_array_equal(small["train_x"][:1000], large["train_x"][:1000])
    np.testing.assert_array_equal(small["train_y"][:1000], large["train_y"][:1000])
    np.testing.assert_array_equal(small["test_x"], large["test_x"])
    np.testing.assert_array_equal(small["test_y"], large["test_y"])


def test_the_more_is_shared_the_more_the_sources_factors_tell_of_the_target() -> None:
    """Share of target labels that the target's own rule gets right when it is fed the source's factors."""
    rows = planted()
    rule = tables.target_class(rows.first)
    right = [(tables.labelled(planted(), knob)[1] == rule).mean() for knob in KNOBS]
    # Unrelated: two independent draws agree with probability .3² + .4² + .3² = .34. Between, a mixture.
    unrelated, shared = 0.34, 1 - tables.LABEL_NOISE
    np.testing.assert_allclose(right, [unrelated + knob * (shared - unrelated) for knob in KNOBS], atol=0.015)


@pytest.mark.parametrize("knob", KNOBS)
def test_the_knob_is_the_share_of_rows_that_ask_about_the_sources_factors(knob: float) -> None:
    rows = planted()
    factors = tables.asked(rows, knob)
    of_source, of_other = ((factors == pair).all(1) for pair in (rows.first, rows.second))
    assert of_source.mean() == pytest.approx(knob, abs=0.01)
    assert (of_source ^ of_other).all()


def test_which_rows_those_are_can_be_read_off_the_features() -> None:
    rows = planted()
    design = np.column_stack([rows.x, np.ones(MANY)])
    gate = design @ np.linalg.lstsq(design, rows.gate, rcond=None)[0]
    np.testing.assert_allclose(gate, rows.gate, atol=1e-8)


@pytest.mark.parametrize("knob", [0.0, 1.0])
def test_the_noise_is_the_share_that_is_stated(knob: float) -> None:
    rows = planted()
    source, target, response = tables.labelled(rows, knob)
    factors = tables.asked(rows, knob)
    noise = pytest.approx(tables.LABEL_NOISE, abs=0.006)
    assert (source != tables.source_class(rows.first)).mean() == noise
    assert (target != tables.target_class(factors)).mean() == noise
    assert (response - tables.response(factors)).std() == pytest.approx(tables.RESPONSE_NOISE, rel=0.03)


def test_classes_are_balanced_within_reason() -> None:
    for knob in KNOBS:
        source, target, _ = tables.labelled(planted(), knob)
        assert np.bincount(source).max() / MANY < 0.62
        assert np.bincount(target).min() / MANY > 0.25


def test_the_response_follows_the_targets_factors_and_tells_its_classes_apart() -> None:
    rows = planted()
    for knob in (0.0, 1.0):
        _, target, response = tables.labelled(rows, knob)
        factors = tables.asked(rows, knob)
        assert np.corrcoef(response, factors[:, 0])[0, 1] > 0.7
        means = [response[target == label].mean() for label in range(3)]
        assert min(abs(a - b) for i, a in enumerate(means) for b in means[:i]) > 0.3
    assert abs(np.corrcoef(tables.response(tables.asked(rows, 0.0)), rows.first[:, 0])[0, 1]) < 0.03


def test_no_single_direction_tells_the_source_label() -> None:
    """The exclusive-or: mean and best linear fit see nothing, products of features see it."""
    rows = planted()
    label = tables.labelled(rows, 1.0)[0] - 0.5
    x = rows.x - rows.x.mean(0)
    weights = np.linalg.lstsq(x, label, rcond=None)[0]
    assert np.corrcoef(x @ weights, label)[0, 1] ** 2 < 0.005
    pairs = (x[:, :, None] * x[:, None, :])[:, *np.triu_indices(20)]
    pairs = np.column_stack([pairs, np.ones(MANY)])
    weights = np.linalg.lstsq(pairs, label, rcond=None)[0]
    assert np.corrcoef(pairs @ weights, label)[0, 1] ** 2 > 0.5


def test_the_planes_are_hidden_among_all_features() -> None:
    rows = planted()
    loads = np.linalg.lstsq(rows.x, np.hstack([rows.first, rows.second]), rcond=None)[0]
    assert (np.linalg.norm(loads, axis=1) > 0.05).all(), "every feature carries some of each row's factors"
    np.testing.assert_allclose(loads.T @ loads, np.eye(4), atol=1e-8)


@pytest.mark.parametrize(("knob", "features"), [(-0.1, 20), (1.1, 20), (1.0, 4), (float("nan"), 20)])
def test_settings_outside_their_range_are_refused(knob: float, features: int) -> None:
    with pytest.raises(ValueError, match=r"relatedness is|features is"):
        tables.generate(0, knob, 10, 10, 10, features)


def test_five_features_are_enough() -> None:
    assert tables.generate(0, 0.5, 10, 10, 10, 5)["train_x"].shape == (20, 5)
