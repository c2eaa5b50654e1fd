"""UCI digits out of scikit-learn: the official bytes, a split by the seed, ink on MNIST's scale."""

from typing import Any

import numpy as np
import pytest
import sklearn.datasets

from tasks.common import catalogue
from tasks.common.errors import UserError
from tasks.common.schema.datasets import Digits
from tasks.datasets import digits, parts
from tests.tasks.download.packing import digest


def made(seed: int = 1) -> dict[str, Any]:
    return digits.load(Digits(kind="digits"), seed)


def test_the_arrays_are_those_of_the_contract() -> None:
    data = made()
    assert {name: (array.shape, array.dtype.str) for name, array in data.items()} == {
        "train_x": ((1197, 8, 8), "|u1"),
        "train_y": ((1197,), "<i8"),
        "test_x": ((600, 8, 8), "|u1"),
        "test_y": ((600,), "<i8"),
        "classes": ((10,), "<U1"),
    }
    assert np.bincount(data["train_y"]).min() == catalogue.KINDS["digits"].per_class


def test_training_and_test_part_are_all_digits_once() -> None:
    data, held = made(), sklearn.datasets.load_digits()
    rows = np.concatenate([data["train_x"], data["test_x"]]).reshape(-1, 64)
    labels = np.concatenate([data["train_y"], data["test_y"]])
    found = sorted(map(tuple, np.column_stack([rows, labels]).tolist()))
    scaled = np.floor(held.data * 255 / 16 + 0.5).astype(int)
    assert found == sorted(map(tuple, np.column_stack([scaled, held.target]).tolist()))


def test_every_class_keeps_its_share() -> None:
    data = made()
    whole = np.bincount(np.concatenate([data["train_y"], data["test_y"]]))
    assert (np.abs(np.bincount(data["test_y"]) - whole * 600 / 1797) < 1).all()


def test_the_seed_chooses_the_test_part() -> None:
    assert digest(made()) == digest(made())
    assert digest(made()) != digest(made(2))


def test_a_cell_full_of_ink_is_255() -> None:
    assert digits.grey(np.array([0, 1, 8, 15, 16])).tolist() == [0, 16, 128, 239, 255]


def test_what_is_checked_is_ucis_file() -> None:
    held = sklearn.datasets.load_digits()
    text = digits.official(held.images.astype(int), held.target)
    assert len(text) == 264_712
    assert text.startswith(b"0,0,5,13,9,1,0,0,")


def test_other_digits_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    held = sklearn.datasets.load_digits()
    held.images[3, 2, 1] += 1
    monkeypatch.setattr(sklearn.datasets, "load_digits", lambda: held)
    with pytest.raises(UserError, match=rf"scikit-learn {sklearn.__version__} have sha256 .*make setup"):
        made()


@pytest.mark.parametrize("count", [0, 1, 7, 10])
def test_held_out_samples_are_as_many_as_asked_for(count: int) -> None:
    y = np.array([0] * 5 + [1] * 3 + [2] * 2)
    chosen = parts.held_out(y, count, np.random.default_rng(0))
    assert chosen.sum() == count
    assert (np.abs(np.bincount(y[chosen], minlength=3) - np.array([5, 3, 2]) * count / 10) < 1).all()
