"""Accuracies among held-out and among all classes, and how sure they are."""

import numpy as np
import pytest

from tasks.crossmodal import bootstrap, measure
from tasks.crossmodal.bootstrap import Answers

RNG = np.random.default_rng(0)
Y = np.array([0, 0, 0, 1, 2, 2, 3, 3])
HELD_OUT = np.array([[0, 1], [1, 3]])


def answers(share: float = 0.7) -> Answers:
    every = (RNG.random((2, 8)) < share).astype(float)
    among = np.where(np.stack([np.isin(Y, classes) for classes in HELD_OUT]), np.maximum(every, 0.5), np.nan)
    return Answers(among, every)


def test_a_hit_is_the_best_of_the_candidates_and_a_tie_is_a_guess():
    scores = np.array([[3.0, 2, 9, 0], [1, 2, 0, 0], [5, 5, 0, 0], [1, 0, 7, 0], [2, 2, 2, 2], [2, 2, 2, 2]])
    y = np.array([0, 0, 0, 1, 1, 2])
    found = measure.hits(scores, y, np.array([0, 1]))
    np.testing.assert_array_equal(found, [1, 0, 0.5, 0, 0.5, np.nan])
    np.testing.assert_allclose(measure.hits(scores, y, np.arange(4)), [0, 0, 0.5, 0, 0.25, 0.25])


def test_who_gives_all_classes_one_score_is_at_chance_whatever_the_classes_sizes():
    every = measure.hits(np.zeros((8, 4)), Y, np.arange(4))[None]
    among = measure.hits(np.zeros((8, 4)), Y, HELD_OUT[0])[None]
    found = Answers(among, every).figures(Y, 4, HELD_OUT[:1])
    assert {name: values[0] for name, values in found.items()} == pytest.approx(
        {"zero_shot": 0.5, "unseen": 0.25, "seen": 0.25, "harmonic": 0.25}
    )


def test_figures_are_means_over_classes_and_not_over_images():
    found = answers()
    values = found.figures(Y, 4, HELD_OUT)
    for split, held_out in enumerate(HELD_OUT):
        rows = {c: np.flatnonzero(c == Y) for c in range(4)}
        unseen = np.mean([found.every[split][rows[c]].mean() for c in held_out])
        seen = np.mean([found.every[split][rows[c]].mean() for c in rows if c not in held_out])
        among = np.mean([found.among[split][rows[c]].mean() for c in held_out])
        expected = [among, unseen, seen, 2 * seen * unseen / (seen + unseen)]
        assert [values[name][split] for name in measure.FIGURES] == pytest.approx(expected)


def test_the_harmonic_mean_is_0_with_either_and_the_value_itself_of_equals():
    left, right = np.array([0.0, 0.0, 0.6, 0.9]), np.array([0.0, 0.8, 0.6, 0.3])
    np.testing.assert_allclose(measure.harmonic(left, right), [0, 0, 0.6, 0.45])
    np.testing.assert_array_equal(measure.harmonic(left, right), measure.harmonic(right, left))


def test_an_image_counted_twice_is_as_if_it_were_there_twice():
    found, times = answers(), np.array([2, 0, 1, 1, 2, 0, 1, 1])
    weighed = found.figures(Y, 4, HELD_OUT, times)
    rows = np.repeat(np.arange(8), times)
    plain = Answers(found.among[:, rows], found.every[:, rows]).figures(Y[rows], 4, HELD_OUT)
    many = found.figures(Y, 4, HELD_OUT, np.stack([times, np.ones(8)]))
    once = found.figures(Y, 4, HELD_OUT)
    for name in measure.FIGURES:
        np.testing.assert_allclose(weighed[name], plain[name])
        np.testing.assert_allclose(many[name], [plain[name], once[name]])


def test_draws_keep_the_size_of_each_class_and_weigh_a_split_by_all_its_classes():
    draws = bootstrap.drawn(Y, 4, HELD_OUT, 500, np.random.default_rng(0))
    for label in range(4):
        assert (draws.images[:, label == Y].sum(axis=1) == (label == Y).sum()).all()
    np.testing.assert_allclose(draws.splits.sum(axis=1), 1)
    # With two splits that share a class the weight is (1, 0), (0, 1) or that of the others' counts.
    assert {0.0, 0.5, 1.0} <= set(np.round(draws.splits[:, 0], 6))
    assert draws.splits[:, 0].mean() == pytest.approx(0.5, abs=0.05)


def test_without_any_spread_there_is_no_width():
    sure = Answers(np.where(np.isnan(answers().among), np.nan, 1.0), np.ones((2, 8)))
    draws = bootstrap.drawn(Y, 4, HELD_OUT, 50, np.random.default_rng(0))
    many = bootstrap.resampled(sure, Y, 4, HELD_OUT, draws)
    for name in measure.FIGURES:
        for values in many[name].values():
            assert bootstrap.interval(values) == pytest.approx([1, 1])


def test_the_interval_of_classes_covers_what_other_classes_would_give_and_that_of_images_does_not():
    """Classes that are easy or hard by nature: 30 such worlds of 10 classes; what holds on average is 0.7."""
    rng, covered = np.random.default_rng(1), {"classes": 0, "images": 0}
    y = np.repeat(np.arange(10), 40)
    for _ in range(30):
        ease = np.clip(rng.normal(0.7, 0.15, size=10), 0, 1)
        held_out = np.concatenate([np.sort(rng.permutation(10).reshape(5, 2)) for _ in range(5)])
        every = (rng.random((25, 400)) < ease[y]).astype(float)
        hidden = np.stack([np.isin(y, classes) for classes in held_out])
        found = Answers(np.where(hidden, every, np.nan), every)
        draws = bootstrap.drawn(y, 10, held_out, 200, rng)
        many = bootstrap.resampled(found, y, 10, held_out, draws)["zero_shot"]
        for by in covered:
            low, high = bootstrap.interval(many[by])
            covered[by] += low <= 0.7 <= high
    assert covered["classes"] >= 26
    assert covered["images"] <= 20
