"""Budgets of labels: nested, balanced, and nothing new where they are the study's own; what evaluate makes of them."""

import numpy as np
import pytest

from tasks.budgets import amount, budgeted, ordered
from tasks.common.errors import UserError
from tasks.common.samples import Part, Sample
from tasks.evaluate.budgets import accuracies
from tests.tasks import toys
from tests.tasks.transferring import transfer


def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def numbered(rows: int, start: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Samples (rows, 1) that hold their own number, with the classes 0, 1, 2 in turn."""
    x = np.arange(start, start + rows, dtype=np.float32)[:, None]
    return x, (np.arange(rows) % 3).astype(np.int32)


def own(rows: int = 30) -> Sample:
    x, y = numbered(rows)
    validation = Part(x[:6] + 0.5, y[:6], np.ones((6, 2), np.float32))
    return Sample(Part(x, y, np.ones((rows, 2), np.float32)), validation, ("a", "b", "c"))


def numbers(labels: int) -> list[int]:
    x, y = numbered(60, start=100)
    return budgeted(own(), x, y, labels, rng()).train.x[:, 0].astype(int).tolist()


@pytest.mark.parametrize("labels", [3, 7, 15, 29, 30, 31, 45, 90])
def test_a_budget_has_as_many_labels_as_asked_and_contains_every_smaller_one(labels: int):
    found = numbers(labels)
    assert len(set(found)) == labels
    assert found == sorted(found)
    for fewer in range(3, labels):
        assert set(numbers(fewer)) < set(found)


@pytest.mark.parametrize("labels", [3, 7, 15, 30, 31, 47, 88])
def test_even_classes_stay_even_to_within_one_sample_on_each_side(labels: int):
    x, y = numbered(60, start=100)
    train = budgeted(own(), x, y, labels, rng()).train
    for part in (train.y[train.x[:, 0] < 100], train.y[train.x[:, 0] >= 100]):
        counts = np.bincount(part, minlength=3)
        assert counts.max() - counts.min() <= 1


def test_each_label_goes_with_its_own_sample():
    x, y = numbered(60, start=100)
    train = budgeted(own(), x, y, 50, rng()).train
    for number, label in zip(train.x[:, 0].astype(int), train.y, strict=True):
        assert label == (number if number < 100 else number - 100) % 3


def test_no_unlabelled_sample_is_touched_below_the_studys_own_and_all_of_its_own_are_kept_above():
    assert max(numbers(29)) < 30
    assert numbers(30) == list(range(30))
    assert numbers(33)[:30] == list(range(30))
    assert min(numbers(33)[30:]) >= 100


def test_uneven_classes_have_one_sample_each_at_least_and_about_their_shares():
    """90 of one class, 9 and 1 of the others: the first three are one of each, of 50 about 45, 4 and 1."""
    y = np.repeat([0, 1, 2], [90, 9, 1])
    order = ordered(y, rng())
    assert sorted(order) == list(range(100))
    assert sorted(y[order[:3]]) == [0, 1, 2]
    assert np.abs(np.bincount(y[order[:50]]) - [45, 4.5, 0.5]).max() <= 1


def test_which_samples_come_first_is_random_and_the_same_for_a_seed():
    y = np.zeros(50, int)
    assert ordered(y, rng()).tolist() == ordered(y, rng()).tolist()
    assert ordered(y, rng()).tolist() != list(range(50))
    assert ordered(y, rng()).tolist() != ordered(y, np.random.default_rng(5)).tolist()


def test_the_validation_part_and_the_classes_stay():
    x, y = numbered(60, start=100)
    few = budgeted(own(), x, y, 6, rng())
    assert few.classes == ("a", "b", "c")
    np.testing.assert_array_equal(few.validation.x, own().validation.x)
    np.testing.assert_array_equal(few.validation.y, own().validation.y)


def test_more_labels_than_there_are_is_an_error_that_says_so():
    x, y = numbered(60, start=100)
    with pytest.raises(UserError, match="asks for 91 labels, and a repeat has 30 labelled and 60 unlabelled"):
        budgeted(own(), x, y, 91, rng())


@pytest.mark.parametrize(("percent", "labels"), [(25, 7), (100, 30), (250, 75)])
def test_a_budget_in_percent_leaves_out_a_fraction_of_a_label(percent: int, labels: int):
    assert amount(own(), percent) == labels


@pytest.mark.parametrize("method", ["scratch-tuned", "fine-tuning"])
def test_all_of_a_samples_own_labels_give_the_studys_own_model_bit_for_bit(method: str):
    sample, more = toys.sample(), toys.part(20, 3, seed=9)
    samples = [sample, *(budgeted(sample, more.x, more.y, labels, rng()) for labels in (30, 12))]
    models = [transfer(method, sample=one).model for one in samples]
    assert toys.same(models[0], models[1])
    assert not toys.same(models[0], models[2])


def test_accuracies_and_the_variance_of_their_mean_by_hand():
    """Two of four samples right and all four, a failed repeat: mean hits 1, 1, .5, .5, whose variance is 1/12."""
    y = np.array([0, 1, 0, 1])
    logits = np.stack([np.eye(2)[[0, 1, 1, 0]], np.full((4, 2), np.nan), np.eye(2)[y]])
    found = accuracies(logits, y)
    assert found["accuracy"] == [0.5, None, 1.0]
    assert found["test_variance"] == pytest.approx(1 / 12 / 4)
    assert accuracies(logits[1:2], y) == {"accuracy": [None], "test_variance": None}
