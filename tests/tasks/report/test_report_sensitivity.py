"""Effect sizes, and the smallest difference a run could have shown, against definitions and simulation."""

import numpy as np
import pytest
from scipy import stats

from tasks.report.sensitivity import Law, detectable, effect, law, smallest
from tasks.report.statistics import corrected, difference


def test_the_law_is_the_one_that_the_interval_rests_on():
    rng = np.random.default_rng(0)
    for share, test_variance in ((0.0, 0.0), (0.2, 0.0), (0.1, 2e-4)):
        found = difference(rng.normal(0.9, 0.02, 6), rng.normal(0.8, 0.02, 6), test_variance, share)
        half = (found.interval[1] - found.interval[0]) / 2
        assert found.law.error * stats.t(found.law.freedom).ppf(0.975) == pytest.approx(half, rel=1e-6)
        assert 2 * stats.t(found.law.freedom).sf(abs(found.mean) / found.law.error) == pytest.approx(found.p, rel=1e-4)


@pytest.mark.parametrize("found", [law(None, 1, 0.0, 0.0), law(0.0, 5, 0.0, 0.0)])
def test_where_nothing_varies_there_is_no_law(found):
    assert found is None


def test_the_test_part_alone_leaves_a_normal_law():
    found = law(0.0, 5, 1e-4, 0.0)
    assert smallest(found, 1) == pytest.approx(0.01 * 1.959964, rel=1e-5)


def test_a_difference_just_above_the_smallest_is_shown_and_one_just_below_is_not():
    """Five methods, the others level with their control: Holm's first step decides."""
    spread = np.array([0.01, -0.01, 0.02, -0.02, 0.0])
    level = {f"level-{i}": difference(spread * (1 + i) + 1e-4, np.zeros(5)) for i in range(4)}
    error = law(float(np.std(spread, ddof=1)), 5, 0.0, 0.0)
    for factor, word in ((1.001, "better"), (0.999, "not shown")):
        shifted = difference(spread + factor * smallest(error, 5), np.zeros(5))
        found = corrected(level | {"method": shifted})["method"]
        assert found.word == word
        assert found.smallest == pytest.approx(smallest(error, 5))


@pytest.mark.parametrize("comparisons", [1, 8])
def test_a_detectable_difference_is_shown_in_four_of_five_runs(comparisons):
    """4,000 simulated runs of five repeats; each estimates its own spread, as a real one does."""
    rng, repeats, sd = np.random.default_rng(3), 5, 0.02
    true = detectable(Law(sd / repeats**0.5, repeats - 1), comparisons)
    drawn = rng.normal(true, sd, (4000, repeats))
    errors = drawn.std(axis=1, ddof=1) / repeats**0.5
    shown = drawn.mean(axis=1) > errors * stats.t(repeats - 1).ppf(1 - 0.05 / (2 * comparisons))
    assert shown.mean() == pytest.approx(0.8, abs=0.025)


def test_an_effect_size_is_unbiased_in_few_repeats():
    """Mean over sd overestimates in five repeats by a quarter; Hedges' correction takes that away."""
    drawn = np.random.default_rng(4).normal(0.5, 1.0, (20000, 5))
    plain = drawn.mean(axis=1) / drawn.std(axis=1, ddof=1)
    found = [effect(float(row.mean()), float(row.std(ddof=1)), 5) for row in drawn]
    assert plain.mean() > 0.6
    assert np.mean(found) == pytest.approx(0.5, abs=0.02)


def test_an_effect_size_has_the_sign_of_the_mean_and_no_unit():
    assert effect(-0.02, 0.01, 5) == pytest.approx(-effect(0.02, 0.01, 5))
    assert effect(2.0, 1.0, 5) == pytest.approx(effect(0.02, 0.01, 5))
    assert [effect(0.1, None, 1), effect(0.1, 0.0, 5), effect(0.1, 0.1, 2)] == [None, None, None]
