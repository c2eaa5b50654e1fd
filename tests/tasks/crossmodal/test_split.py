"""What a split's file holds, and what it cannot."""

from pathlib import Path

import numpy as np
import pytest

from tasks.common.artifacts import write_npz
from tasks.common.errors import UserError
from tasks.common.samples import Scaling
from tasks.common.schema.run import Size
from tasks.crossmodal import seen, split
from tests.tasks.crossmodal import planted

RAW, TEXTS = planted.raw(), planted.texts()
EVERYONE = np.arange(planted.CLASSES)


def made(raw=RAW, seed: int = 1, caps: Size = planted.CAPS, **changes: object):
    return list(split.splits(raw, TEXTS, planted.task(**changes), caps, seed))


def labels_of(images: np.ndarray) -> list[int]:
    """The classes of images, found by their bytes among all images there are."""
    places = {
        x.tobytes(): y for part in ("train", "test") for x, y in zip(RAW[f"{part}_x"], RAW[f"{part}_y"], strict=True)
    }
    return [int(places[x.tobytes()]) for x in images]


def test_groups_are_disjoint_and_leave_out_what_does_not_fit():
    for classes, size, count in ((10, 2, 5), (10, 3, 3), (4, 2, 2)):
        found = split.groups(classes, size, np.random.default_rng(0))
        assert [len(group) for group in found] == [size] * count
        assert len({*np.concatenate(found).tolist()}) == count * size
    with pytest.raises(UserError, match="held_out is 3 of 4 classes; expected 2 at most"):
        split.groups(4, 3, np.random.default_rng(0))


def test_no_image_label_or_description_of_a_held_out_class_is_in_its_splits_file():
    for arrays, held_out, _ in made():
        known = np.setdiff1d(EVERYONE, held_out)
        for part, images in (("train", 8), ("validation", 4)):
            found = labels_of(arrays[f"{part}_x"])
            assert sorted({*found}) == known.tolist()
            assert found == known[arrays[f"{part}_y"]].tolist()
            assert np.bincount(arrays[f"{part}_y"]).tolist() == [images] * len(known)
        assert np.array_equal(arrays["texts"], TEXTS[known])
        assert arrays["classes"].tolist() == RAW["classes"][known].tolist()
        rows = {x.tobytes() for part in ("train", "validation") for x in arrays[f"{part}_x"]}
        assert len(rows) == 12 * len(known)  # none is in both parts
        assert not rows & {x.tobytes() for x in RAW["test_x"]}


def test_other_images_of_held_out_classes_leave_every_byte_of_the_file_as_it_is():
    """Scaling and choice of images included."""
    for number, (arrays, held_out, _) in enumerate(made()):
        other = {**RAW, "train_x": RAW["train_x"].copy(), "test_x": RAW["test_x"] + 5}
        hidden = np.isin(RAW["train_y"], held_out)
        other["train_x"][hidden] = 100 - 3 * other["train_x"][hidden]
        again = made(other)[number][0]
        assert arrays.keys() == again.keys()
        assert all(arrays[name].tobytes() == again[name].tobytes() for name in arrays)


def test_the_scaling_is_that_of_the_seen_classes_training_images():
    arrays, _, _ = made(scaling="standardise")[3]
    fitted = Scaling.fit(arrays["train_x"], "standardise")
    assert np.array_equal(arrays["shift"], fitted.shift)
    assert np.array_equal(arrays["scale"], fitted.scale)


def test_each_class_is_held_out_once_a_repeat_and_repeats_differ():
    found = np.stack([held_out for _, held_out, _ in made()])
    assert found.shape == (16, 2)
    for repeat in (found[:8], found[8:]):
        assert sorted(repeat.ravel().tolist()) == EVERYONE.tolist()
    assert not np.array_equal(found[:8], found[8:])
    assert not np.array_equal(made()[0][0]["train_x"], made()[8][0]["train_x"][: len(made()[0][0]["train_x"])])


def test_the_control_gives_each_class_the_description_that_its_order_says():
    orders = []
    for arrays, held_out, order in made():
        known = np.setdiff1d(EVERYONE, held_out)
        assert sorted(order.tolist()) == EVERYONE.tolist()
        assert np.array_equal(arrays["shuffled"], TEXTS[order[known]])
        orders.append(order)
    assert len({order.tobytes() for order in orders}) == len(orders)


def test_one_seed_gives_the_same_and_another_gives_others():
    first, second, other = (made(seed=seed)[0] for seed in (1, 1, 2))
    assert all(first[0][name].tobytes() == second[0][name].tobytes() for name in first[0])
    assert not np.array_equal(first[0]["train_x"], other[0]["train_x"])


def test_small_sizes_have_fewer_images_and_repeats():
    small = made(caps=Size(repeats=1, source_rows=64))
    assert len(small) == 8
    assert np.bincount(small[0][0]["train_y"]).tolist() == [4] * 14


def test_too_few_images_are_told():
    with pytest.raises(UserError, match="ask for 24 images a class; one has 12"):
        made(labelled=20)


def test_a_method_is_given_scaled_images_and_the_descriptions_or_in_the_control_the_shuffled_ones(tmp_path: Path):
    arrays, _, _ = made(scaling="standardise")[0]
    write_npz(tmp_path / "split-000.npz", **arrays)
    plain, control = (seen.read(tmp_path / "split-000.npz", shuffled=shuffled) for shuffled in (False, True))
    np.testing.assert_allclose(plain.sample.train.x.mean(axis=0), 0, atol=1e-5)
    assert plain.sample.train.x.dtype == np.float32
    assert plain.sample.validation.y.dtype == np.int32
    assert np.array_equal(plain.texts, arrays["texts"])
    assert np.array_equal(control.texts, arrays["shuffled"])
    assert np.array_equal(plain.sample.train.x, control.sample.train.x)


def test_images_of_the_test_part_are_at_most_so_many_of_each_class():
    rows = split.drawn(np.array([0, 0, 0, 1, 1, 2]), 2, np.random.default_rng(0))
    assert rows[2:].tolist() == [3, 4, 5]
    assert set(rows[:2]) < {0, 1, 2}
