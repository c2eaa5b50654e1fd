"""Columns become inputs by rules of the source's training part alone, and samples that parts share are found."""

from pathlib import Path

import numpy as np
import pytest

from tasks import split
from tasks.common import texts
from tasks.common.artifacts import Arrays, read_json, read_npz
from tasks.common.errors import UserError
from tasks.common.samples import Scaling
from tasks.common.schema.own import Encoding
from tasks.common.schema.run import Size
from tasks.common.schema.study import Data, Source, Target
from tasks.own import columns
from tasks.split import overlap
from tasks.split.encoding import Encoder

WORDS = np.array(["red", "green", "blue"])


def raw(seed: int, rows: int = 120) -> Arrays:
    """A table with two numbers, a category and a text, and two classes."""
    rng = np.random.default_rng(seed)
    arrays: Arrays = {"classes": np.array(["no", "yes"])}
    notes: list[str] = []
    for part in ("train", "test"):
        numbers = [rng.normal(5, 2, rows), np.where(rng.random(rows) < 0.2, np.nan, rng.normal(1000, 300, rows))]
        x = columns.structured(numbers, [WORDS[rng.integers(0, 3, rows)].tolist()], rows, 1)
        x["texts"][:, 0] += len(notes)
        notes += [f"a {WORDS[k]} note number{rng.integers(40)}" for k in rng.integers(0, 3, rows)]
        arrays |= {f"{part}_x": x, f"{part}_y": np.arange(rows) % 2}
    names = {"number": ["age", "income"], "category": ["colour"], "text": ["note"]}
    arrays |= {f"{kind}_names": np.array(listed) for kind, listed in names.items()}
    return arrays | texts.packed(notes)


def data(**changes: object) -> Data:
    target = Target(classes="all", labelled=20, validation=20, unlabelled=10)
    fields = {"source": Source(classes="all"), "target": target, "scaling": "standardise"} | changes
    return Data.model_validate(fields)


def test_the_inputs_are_scikit_learns_of_the_sources_training_part(tmp_path: Path) -> None:
    source, target = raw(0), raw(1)
    split.write(tmp_path, source, target, data(), 1, Size(repeats=2))
    parts = split.source_parts(source, data().source, [], 1, None)
    encoder = Encoder(source, parts["train_x"], Encoding())
    expected = encoder(target, target["test_x"])
    assert np.array_equal(np.sort(read_npz(tmp_path / "test.npz")["x"], axis=0), np.sort(expected, axis=0))
    numbers = parts["train_x"]["numbers"]
    known = numbers[:, 0]
    np.testing.assert_allclose(
        expected[:, 0], (target["test_x"]["numbers"][:, 0] - known.mean()) / known.std(), rtol=1e-4
    )
    filled = np.where(np.isnan(numbers[:, 1]), np.nanmedian(numbers[:, 1]), numbers[:, 1])
    gaps = np.isnan(target["test_x"]["numbers"][:, 1])
    np.testing.assert_allclose(
        expected[gaps, 1], (np.nanmedian(numbers[:, 1]) - filled.mean()) / filled.std(), rtol=1e-4
    )
    assert len(np.unique(expected[gaps, 2])) == len(np.unique(expected[~gaps, 2])) == 1, "an input says what is missing"
    assert expected[gaps, 2][0] != expected[~gaps, 2][0]


def test_nothing_of_target_or_test_part_moves_the_encoder(tmp_path: Path) -> None:
    one, two = raw(1), raw(2)
    for folder, target in (("a", one), ("b", two)):
        split.write(tmp_path / folder, raw(0), target, data(), 1, Size(repeats=2))
    for name in ("source", "scaling"):
        assert (tmp_path / "a" / f"{name}.npz").read_bytes() == (tmp_path / "b" / f"{name}.npz").read_bytes()


def test_a_category_the_source_never_had_is_a_rare_one_and_no_error() -> None:
    source, target = raw(0), raw(1)
    source["train_x"]["categories"][:2, 0] = "pink"  # rare: two of 120
    target["test_x"]["categories"][:] = "gold"
    encoder = Encoder(source, source["train_x"], Encoding())
    new, rare = encoder(target, target["test_x"]), encoder(source, source["train_x"])[:2]
    assert np.array_equal(new[0, 3:7], rare[0, 3:7])
    assert new[0, 3:7].tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize(("kind", "width"), [("tf-idf", 30), ("hashed", 30)])
def test_words_become_so_many_inputs(kind: str, width: int) -> None:
    arrays = raw(0)
    encoder = Encoder(arrays, arrays["train_x"], Encoding.model_validate({"texts": kind, "features": width}))
    found = encoder(arrays, arrays["train_x"])[:, -width:]
    np.testing.assert_allclose((found**2).sum(axis=1), 1, rtol=1e-5)


def test_texts_without_a_word_are_refused() -> None:
    arrays = raw(0) | texts.packed(["! ?"] * 240)
    with pytest.raises(UserError, match="hold no words"):
        Encoder(arrays, arrays["train_x"], Encoding())


def test_other_columns_on_the_other_side_are_named(tmp_path: Path) -> None:
    other = raw(1)
    other["number_names"] = np.array(["age", "wage"])
    with pytest.raises(UserError, match=r"number or date columns: 'income' \(source only\), 'wage' \(target only\)"):
        split.write(tmp_path, raw(0), other, data(), 1, Size(repeats=1))
    rows: Arrays = {"classes": other["classes"]}
    for part in ("train", "test"):
        rows |= {f"{part}_x": np.zeros((9, 4), np.float32), f"{part}_y": np.arange(9) % 2}
    with pytest.raises(UserError, match="one is a table with columns and one is not"):
        split.write(tmp_path, raw(0), rows, data(), 1, Size(repeats=1))


def test_columns_in_another_order_are_the_same_columns(tmp_path: Path) -> None:
    target, turned = raw(1), raw(1)
    for part in ("train_x", "test_x"):
        turned[part]["numbers"] = turned[part]["numbers"][:, ::-1].copy()
    turned["number_names"] = turned["number_names"][::-1]
    for folder, side in (("a", target), ("b", turned)):
        split.write(tmp_path / folder, raw(0), side, data(), 1, Size(repeats=1))
    assert (tmp_path / "a/test.npz").read_bytes() == (tmp_path / "b/test.npz").read_bytes()


# ---- what parts share


def rows(seed: int, count: int = 200, features: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, features)).astype(np.float32)


def test_shared_rows_are_found_and_no_others() -> None:
    ours, theirs = rows(0), rows(1)
    ours[[3, 50]] = theirs[[7, 9]]
    ours[80] = theirs[20] + 0.01
    found = overlap.shared(overlap.seen(ours), overlap.seen(theirs))
    assert np.flatnonzero(found.exact).tolist() == [3, 50]
    assert np.flatnonzero(found.near).tolist() == [80]


def test_rows_that_have_nothing_to_do_with_each_other_share_nothing() -> None:
    for features in (4, 8, 50):
        found = overlap.shared(*(overlap.seen(rows(seed, 1000, features)) for seed in (0, 1)))
        assert not found.exact.any()
        assert found.near.mean() < 0.005, features


def test_minus_zero_is_zero() -> None:
    ours, theirs = np.zeros((1, 5), np.float32), np.full((1, 5), -0.0, np.float32)
    assert overlap.shared(overlap.seen(ours), overlap.seen(theirs)).exact.all()


def test_the_nearest_distance_by_its_definition() -> None:
    ours, theirs = rows(0, 30), rows(1, 40)
    expected = np.sqrt(((ours[:, None] - theirs) ** 2).sum(axis=-1)).min(axis=1)
    np.testing.assert_allclose(overlap.nearest(ours, theirs, block=7), expected, rtol=1e-4)


def shared(seed: int = 0) -> tuple[Arrays, Arrays]:
    """Two data sets of rows: three of the source's are also in the target's test part, one in its training part."""
    sides = []
    for side in (seed, seed + 10):
        arrays: Arrays = {"classes": np.array(["no", "yes"])}
        for part, extra in (("train", 0), ("test", 5)):
            arrays |= {f"{part}_x": rows(side + extra), f"{part}_y": np.arange(200) % 2}
        sides.append(arrays)
    source, target = sides
    source["train_x"][:3] = target["test_x"][10:13]
    source["train_x"][3] = target["train_x"][0]
    target["train_x"][8] = target["test_x"][30] + np.float32(1e-3)
    return source, target


def test_what_the_test_part_has_too_leaves_the_training_parts(tmp_path: Path) -> None:
    source, target = shared()
    split.write(tmp_path, source, target, data(duplicates="drop"), 1, Size(repeats=3))
    notes = read_json(tmp_path / "notes.json")
    assert notes["shared"]["source and test"] == {"exact": 3, "near": 0, "same group": 0}
    assert notes["shared"]["source and target"]["exact"] == 1
    assert notes["shared"]["target and test"]["near"] == 1
    assert notes["dropped"] == {"source": 4, "target": 1}
    test = {row.tobytes() for row in read_npz(tmp_path / "test.npz")["x"]}
    assert len(test) == 200, "the test part is whole"
    parts = read_npz(tmp_path / "source.npz")
    assert not test & {row.tobytes() for name in ("train_x", "validation_x") for row in parts[name]}
    assert len(parts["train_y"]) + len(parts["validation_y"]) == 196


def test_shared_samples_can_be_refused_told_or_ignored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match="source and test: 3 the same"):
        split.write(tmp_path / "a", *shared(), data(duplicates="refuse"), 1, Size(repeats=1))
    split.write(tmp_path / "b", *shared(), data(duplicates="tell"), 1, Size(repeats=1))
    assert "source and test: 3 the same" in capsys.readouterr().out
    split.write(tmp_path / "c", *shared(), data(), 1, Size(repeats=1))
    for name in ("source", "target", "test"):
        assert (tmp_path / "b" / f"{name}.npz").read_bytes() == (tmp_path / "c" / f"{name}.npz").read_bytes()


def test_groups_on_both_sides_leave_the_source(tmp_path: Path) -> None:
    source, target = shared()
    for arrays in (source, target):
        arrays["train_group"] = np.array([f"a{n % 50}" for n in range(200)])
    source["train_group"][:] = [f"b{n % 50}" for n in range(200)]
    target["test_group"] = np.array(["b7"] * 200)
    split.write(tmp_path, source, target, data(duplicates="drop"), 1, Size(repeats=1))
    notes = read_json(tmp_path / "notes.json")
    assert notes["shared"]["source and test"]["same group"] == 4
    assert notes["dropped"]["source"] == 8


def test_one_data_set_that_is_source_and_target_loses_rows_of_both(tmp_path: Path) -> None:
    arrays: Arrays = {"classes": np.array(["a", "b", "c", "d"])}
    for part, seed in (("train", 0), ("test", 1)):
        arrays |= {f"{part}_x": rows(seed), f"{part}_y": np.arange(200) % 4}
    arrays["train_x"][0] = arrays["train_x"][4] = arrays["test_x"][2]  # class a, the source's; c is the target's
    arrays["train_x"][2] = arrays["test_x"][3]
    sides = {"source": {"classes": ["a", "b"]}, "target": {"classes": ["c", "d"], "labelled": 10, "validation": 10}}
    split.write(tmp_path, arrays, arrays, data(duplicates="drop", **sides), 1, Size(repeats=1))
    assert read_json(tmp_path / "notes.json")["dropped"] == {"source": 2, "target": 1}


def test_overall_scaling_is_one_factor_and_keeps_zeros() -> None:
    x = np.random.default_rng(0).random((50, 6), np.float32) * (np.arange(6) > 2)
    scaled = Scaling.fit(x, "overall")(x)
    np.testing.assert_allclose((scaled**2).mean(), 1, rtol=1e-5)
    assert (scaled[:, :3] == 0).all()
    np.testing.assert_allclose(scaled[:, 3:] / x[:, 3:], scaled[0, 3] / x[0, 3], rtol=1e-5)


def test_a_column_of_small_numbers_counts_as_much_as_one_of_large_ones() -> None:
    x = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32) * [1e-3, 1, 1e4]
    x[:, 1] = 7
    scaled = Scaling.fit(x.astype(np.float32), "standardise")(x.astype(np.float32))
    np.testing.assert_allclose(scaled.std(axis=0), [1, 0, 1], atol=1e-4)
