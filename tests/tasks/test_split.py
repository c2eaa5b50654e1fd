"""The split: stratified, disjoint, stable, and no label or statistic where it must not be."""

from pathlib import Path

import numpy as np
import pytest

from tasks import split
from tasks.common import samples
from tasks.common.artifacts import Arrays, read_npz
from tasks.common.errors import UserError
from tasks.common.samples import Scaling
from tasks.common.schema.run import Size
from tasks.common.schema.study import Data, Source, Target

CLASSES = np.array(["cat", "dog", "fox", "owl"])


def raw(rows: int = 400, seed: int = 0) -> Arrays:
    """Images whose first pixel is their row's number and whose second is their class."""
    rng = np.random.default_rng(seed)
    arrays: Arrays = {"classes": CLASSES}
    for part in ("train", "test"):
        x = rng.integers(0, 256, size=(rows, 2, 3)).astype(np.uint8)
        y = rng.integers(0, 4, size=rows)
        x[:, 0, 1] = y
        arrays |= {f"{part}_x": x, f"{part}_y": y.astype(np.int64)}
    return arrays


PARTS = ("source", "target", "unlabelled", "oracle", "scaling", "test")


def data(**source: object) -> Data:
    target = Target(classes=["owl", "dog"], labelled=20, validation=10, unlabelled=15)
    return Data(
        source=Source.model_validate({"classes": ["fox", "cat"]} | source),
        target=target,
        scaling="standardise",
        auxiliary=["ink"],
    )


def written(folder: Path, seed: int = 1, size: Size | None = None, **source: object) -> dict[str, Arrays]:
    split.write(folder, raw(), raw(), data(**source), seed, size or Size(repeats=3))
    return {name: read_npz(folder / f"{name}.npz") for name in PARTS}


@pytest.mark.parametrize("total", [1, 7, 50, 99])
def test_every_class_keeps_its_share_to_within_one_sample(total: int):
    y = np.random.default_rng(0).choice(5, size=100, p=[0.5, 0.2, 0.2, 0.07, 0.03])
    parts = split.stratified(y, {"one": total}, np.random.default_rng(1))
    assert len(parts["one"]) == total
    shares = np.bincount(y) * total / 100
    assert (np.abs(np.bincount(y[parts["one"]], minlength=5) - shares) < 1).all()


def test_parts_are_disjoint_ascending_and_random():
    y = np.repeat([0, 1], 50)
    parts = split.stratified(y, {"a": 30, "b": 20}, np.random.default_rng(1))
    assert not set(parts["a"]) & set(parts["b"])
    assert all((np.diff(rows) > 0).all() for rows in parts.values())
    assert not np.array_equal(parts["a"], split.stratified(y, {"a": 30}, np.random.default_rng(2))["a"])


def test_parts_may_take_all_samples_and_leave_none_for_an_empty_one():
    y = np.repeat([0, 1], 5)
    parts = split.stratified(y, {"train": 6, "validation": 4, "unlabelled": 0}, np.random.default_rng(0))
    assert sorted([*parts["train"], *parts["validation"]]) == [*range(10)]
    assert parts["unlabelled"].shape == (0,)
    assert parts["unlabelled"].dtype == np.int64


def test_more_samples_than_there_are_is_refused_with_both_numbers():
    with pytest.raises(UserError, match="80 for train and 21 for validation, of 100 samples"):
        split.stratified(np.zeros(100, np.int64), {"train": 80, "validation": 21}, np.random.default_rng(0))


def test_labels_are_renumbered_in_the_order_of_the_study(tmp_path: Path):
    parts = written(tmp_path)
    for name, part, numbers in (
        ("source", "train", [2, 0]),
        ("target", "train", [3, 1]),
        ("target", "validation", [3, 1]),
    ):
        x, y = parts[name][f"{part}_x"], parts[name][f"{part}_y"]
        assert np.array_equal(x[..., 0, 1], np.array(numbers)[y])
    assert np.array_equal(parts["test"]["x"][:, 0, 1], np.array([3, 1])[parts["test"]["y"]])


def test_the_test_part_is_all_of_the_official_one(tmp_path: Path):
    parts, original = written(tmp_path), raw()
    assert len(parts["test"]["y"]) == np.isin(original["test_y"], [3, 1]).sum()


def test_a_repeat_is_the_same_however_many_there_are_and_each_has_its_own_sample(tmp_path: Path):
    three, five = written(tmp_path / "a"), written(tmp_path / "b", size=Size(repeats=5))
    for name in ("train_x", "train_y", "validation_x"):
        assert np.array_equal(three["target"][name], five["target"][name][:3])
    assert not np.array_equal(five["target"]["train_x"][0], five["target"]["train_x"][1])


def test_training_and_validation_samples_of_a_repeat_are_disjoint(tmp_path: Path):
    target = written(tmp_path)["target"]
    for train, validation in zip(target["train_x"], target["validation_x"], strict=True):
        rows = {tuple(x.ravel()) for x in train} & {tuple(x.ravel()) for x in validation}
        assert not rows


def test_unlabelled_samples_have_no_label_field_and_are_nobody_elses(tmp_path: Path):
    parts = written(tmp_path)
    assert list(parts["unlabelled"]) == ["x"]
    assert parts["unlabelled"]["x"].shape[:2] == parts["oracle"]["y"].shape == (3, 15)
    for repeat, x in enumerate(parts["unlabelled"]["x"]):
        assert np.array_equal(x[:, 0, 1], np.array([3, 1])[parts["oracle"]["y"][repeat]])
        seen = np.concatenate([parts["target"]["train_x"][repeat], parts["target"]["validation_x"][repeat]])
        assert not {tuple(row.ravel()) for row in x} & {tuple(row.ravel()) for row in seen}


def test_asking_for_unlabelled_samples_leaves_the_labelled_ones_as_they_were():
    pool, few = raw(), Target(classes=["owl", "dog"], labelled=20, validation=10)
    more = few.model_copy(update={"unlabelled": 40})
    ours, other = (split.target_parts(pool, target, ["ink"], 1, 2) for target in (few, more))
    for name in ("train_x", "validation_x", "train_y"):
        assert np.array_equal(ours[name], other[name])


def test_source_and_target_of_different_shapes_are_refused_before_anything_is_written(tmp_path: Path):
    other = raw()
    other["train_x"] = other["train_x"][:, :1]
    with pytest.raises(UserError, match=r"source samples have shape \(2, 3\), target samples \(1, 3\)"):
        split.write(tmp_path / "pets", raw(), other, data(), 1, Size(repeats=1))
    assert not (tmp_path / "pets").exists()


def test_the_scaling_knows_the_sources_training_part_alone(tmp_path: Path):
    parts = written(tmp_path)
    x = parts["source"]["train_x"].astype(np.float64)
    np.testing.assert_allclose(parts["scaling"]["shift"], x.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(parts["scaling"]["scale"], x.std(axis=0), rtol=1e-6)
    scaled = Scaling(**parts["scaling"])(parts["source"]["train_x"])
    np.testing.assert_allclose(scaled.std(axis=0), 1, rtol=1e-4)


def test_shuffling_the_sources_labels_changes_nothing_else(tmp_path: Path):
    plain, shuffled = written(tmp_path / "a"), written(tmp_path / "b", shuffle_labels=True)
    for name in ("target", "test"):
        assert all(np.array_equal(values, shuffled[name][key]) for key, values in plain[name].items())
    y = shuffled["source"]["train_y"]
    truth = np.array([2, 0])[y] == shuffled["source"]["train_x"][:, 0, 1]
    ink = shuffled["source"]["train_x"].reshape(len(y), -1).mean(axis=1) / 255
    assert abs(np.corrcoef(ink, shuffled["source"]["train_auxiliary"][:, 0])[0, 1]) < 0.4
    assert 0.35 < truth.mean() < 0.65  # two classes: about half of the labels are right by chance
    counts = [
        np.bincount(np.concatenate([p["source"]["train_y"], p["source"]["validation_y"]])) for p in (plain, shuffled)
    ]
    assert np.array_equal(*counts)


def test_another_seed_gives_other_parts_and_the_same_seed_the_same_bytes(tmp_path: Path):
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        written(tmp_path / folder, seed)
    for name in ("source", "target", "scaling"):
        a, b, c = ((tmp_path / folder / f"{name}.npz").read_bytes() for folder in "abc")
        assert a == b != c


def test_a_small_size_caps_source_and_test(tmp_path: Path):
    parts = written(tmp_path, size=Size(repeats=1, source_rows=50, test_rows=30))
    assert len(parts["source"]["train_y"]) + len(parts["source"]["validation_y"]) == 50
    assert len(parts["test"]["y"]) == 30


def test_a_class_without_samples_is_named():
    arrays = raw()
    arrays["train_y"][arrays["train_y"] == 3] = 0
    with pytest.raises(UserError, match="the train part has no sample of owl"):
        split.of_classes(arrays, "train", ["dog", "owl"], [])


@pytest.mark.parametrize(("kind", "expected"), [("unit", [0.0, 1.0]), ("standardise", [-1.0, 1.0])])
def test_scaling_by_hand(kind: str, expected: list[float]):
    x = np.array([[0, 7], [255, 7]], np.uint8)
    scaled = Scaling.fit(x, kind)(x)
    np.testing.assert_allclose(scaled[:, 0], expected)


def test_a_pixel_that_is_black_in_the_source_does_not_explode_in_the_target():
    x = np.zeros((100, 2), np.uint8)
    x[:, 0] = np.linspace(0, 255, 100)
    scaled = Scaling.fit(x, "standardise")(np.array([[0, 255]], np.uint8))
    assert np.isfinite(scaled).all()
    assert scaled[0, 1] <= 255


def test_a_training_stage_gets_scaled_inputs_and_standardised_auxiliary_labels(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(samples, "SPLIT", tmp_path)
    parts = written(tmp_path / "pets")
    drawn = samples.target("pets")
    assert len(drawn) == 3
    assert drawn[1].classes == ("owl", "dog")
    scaled = Scaling(**parts["scaling"])(parts["target"]["train_x"][1])
    assert np.array_equal(drawn[1].train.x, scaled)
    np.testing.assert_allclose(drawn[1].train.auxiliary.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(drawn[1].train.auxiliary.std(axis=0), 1, rtol=1e-5)
    assert samples.source("pets").classes == ("fox", "cat")
