"""The statistics against hand-computed values, definitions and simulation."""

import numpy as np
import pytest
from scipy import stats

from tasks.report.statistics import corrected, difference, error_reduction, holm, summary, word

NAN = float("nan")


def array(*values):
    return np.array(values, dtype=np.float64)


def test_a_paired_difference_has_the_t_interval_of_the_textbook():
    """d = 1, 2, 3 points: mean 2, sd 1, t(2) at 97.5 % is 4.302653, so 2 ± 4.302653 / √3."""
    found = difference(array(0.81, 0.72, 0.93), array(0.80, 0.70, 0.90))
    assert found.mean == pytest.approx(0.02)
    assert found.sd == pytest.approx(0.01)
    half = 0.01 * 4.302653 / 3**0.5
    assert found.interval == pytest.approx((0.02 - half, 0.02 + half), abs=1e-8)
    assert found.p == pytest.approx(stats.ttest_rel(array(0.81, 0.72, 0.93), array(0.80, 0.70, 0.90)).pvalue)
    assert (found.pairs, found.dropped) == (3, 0)
    assert found.word is None  # until it is part of a family of tests


def test_swapping_the_two_methods_turns_the_difference_around():
    one, other = array(0.81, 0.72, 0.93), array(0.80, 0.70, 0.90)
    there, back = difference(one, other), difference(other, one)
    assert back.mean == pytest.approx(-there.mean)
    assert back.interval == pytest.approx((-there.interval[1], -there.interval[0]))
    assert back.p == pytest.approx(there.p)


def test_a_failed_repeat_drops_its_pair_only():
    found = difference(array(0.9, NAN, 0.8, 0.7), array(0.8, 0.1, NAN, 0.5))
    alone = difference(array(0.9, 0.7), array(0.8, 0.5))
    assert (found.pairs, found.dropped) == (2, 2)
    assert (found.mean, found.interval, found.error_reduction) == (
        alone.mean,
        alone.interval,
        alone.error_reduction,
    )


@pytest.mark.parametrize(
    ("method", "control", "mean"),
    [
        (array(NAN, 0.9), array(0.8, NAN), None),
        (array(0.9, NAN), array(0.8, NAN), 0.1),
        (array(0.7, 0.8, 0.9), array(0.6, 0.7, 0.8), 0.1),  # the same difference but for rounding
        (array(0.7, 0.8), array(0.7, 0.8), 0.0),
    ],
    ids=["no pair", "one pair", "no spread", "equal"],
)
def test_without_a_spread_nothing_is_shown(method, control, mean):
    found = corrected({"a": difference(method, control)})["a"]
    assert found.mean == (None if mean is None else pytest.approx(mean))
    assert (found.interval, found.p, found.adjusted, found.word) == (None, None, None, "not shown")


def test_unpaired_shapes_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        difference(array(0.1, 0.2), array(0.1))


def test_the_interval_covers_the_true_difference_in_95_of_100_studies():
    """2,000 simulated studies of 5 repeats that share a per-repeat effect, which pairing must cancel."""
    rng = np.random.default_rng(5)
    truth, covered = 0.02, 0
    for _ in range(2000):
        shared = rng.normal(0.9, 0.05, 5)
        found = difference(shared + rng.normal(truth, 0.01, 5), shared)
        covered += found.interval[0] <= truth <= found.interval[1]
    assert 0.93 <= covered / 2000 <= 0.97


def test_both_variances_add_up_with_the_degrees_of_freedom_of_satterthwaite():
    """sd²/n = 1/3, test variance 1/6, in points²: variance 1/2, 2 · (1/2)² / (1/3)² = 4.5 degrees of freedom."""
    found = difference(array(0.81, 0.72, 0.93), array(0.80, 0.70, 0.90), test_variance=1e-4 / 6)
    half = 0.01 * 0.5**0.5 * stats.t(4.5).ppf(0.975)
    assert found.interval == pytest.approx((0.02 - half, 0.02 + half))
    assert found.p == pytest.approx(2 * stats.t(4.5).sf(2 / 0.5**0.5))


def test_a_difference_that_is_the_same_in_every_repeat_is_as_sure_as_the_test_part_allows():
    """Two networks that differ on one picture only, every time: the variance of the test part is all there is."""
    found = corrected({"a": difference(array(0.7, 0.8), array(0.699, 0.799), test_variance=1e-6)})["a"]
    assert found.interval == pytest.approx((0.001 - 1.959964e-3, 0.001 + 1.959964e-3))
    assert found.word == "not shown"


def test_the_interval_covers_new_test_parts_too_and_repeats_alone_would_not():
    """Errors of two methods on 400 test samples, in 5 repeats: most mistakes belong to the sample, not the repeat."""
    rng = np.random.default_rng(8)
    covered = dict.fromkeys(["both", "repeats alone"], 0)
    for _ in range(1000):
        hits = []
        for easy in (0.90, 0.85):  # a sample is easy for a method or not; hard ones are guessed anew each repeat
            mostly = rng.random(400) < easy
            hits.append(np.where(mostly, rng.random((5, 400)) < 0.99, rng.random((5, 400)) < 0.3))
        truth = (0.90 - 0.85) * (0.99 - 0.3)
        variance = (hits[0] * 1.0 - hits[1]).mean(axis=0).var(ddof=1) / 400
        pair = [values.mean(axis=1) for values in hits]
        for name, extra in (("both", variance), ("repeats alone", 0.0)):
            low, high = difference(*pair, test_variance=extra).interval
            covered[name] += low <= truth <= high
    assert 0.93 <= covered["both"] / 1000 <= 0.985
    assert covered["repeats alone"] / 1000 < 0.85


def test_among_equal_methods_one_is_called_different_in_at_most_5_of_100_studies():
    """The family-wise error of 6 methods against one control, in 600 simulated studies."""
    rng = np.random.default_rng(6)
    studies = 600
    wrong = 0
    for _ in range(studies):
        control = rng.normal(0.9, 0.01, 5)
        words = corrected({str(i): difference(rng.normal(0.9, 0.01, 5), control) for i in range(6)})
        wrong += any(one.word != "not shown" for one in words.values())
    assert wrong / studies <= 0.05 + 2 * (0.05 * 0.95 / studies) ** 0.5


def test_holm_follows_its_definition():
    """The i-th smallest of m times m - i + 1, the running maximum of those, at most 1; any order in."""
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert holm({"a": 0.5, "b": 0.9}) == {"a": 1.0, "b": 1.0}
    assert holm({"a": 0.02}) == {"a": 0.02}
    assert holm({}) == {}


def test_holm_rejects_what_its_sequential_form_rejects():
    """Holm (1979): go up from the smallest p, reject while p(i) <= level / (m - i + 1), then stop."""
    rng = np.random.default_rng(7)
    for _ in range(200):
        p = dict(enumerate(rng.beta(0.4, 3, 6)))
        rejected = set()
        for rank, (name, value) in enumerate(sorted(p.items(), key=lambda item: item[1])):
            if value > 0.05 / (6 - rank):
                break
            rejected.add(name)
        assert {name for name, value in holm(p).items() if value <= 0.05} == rejected


def test_only_comparisons_with_a_p_value_are_counted_in_the_correction():
    real = difference(array(0.81, 0.72, 0.93), array(0.80, 0.70, 0.90))
    none = difference(array(0.5, NAN, NAN), array(0.5, 0.5, 0.5))
    assert corrected({"a": real, "b": none})["a"].adjusted == real.p
    assert corrected({"a": real, "b": real})["a"].adjusted == pytest.approx(2 * real.p)


def test_words():
    assert word(0.1, 0.04) == "better"
    assert word(-0.1, 0.04) == "worse"
    assert word(0.1, 0.05) == "not shown"
    assert word(-0.1, None) == "not shown"
    assert word(None, None) == "not shown"


def test_errors_removed():
    """Errors 0.1 and 0.1 against 0.2 and 0.3: 1 - 0.2 / 0.5."""
    assert error_reduction(array(0.9, 0.9), array(0.8, 0.7)) == pytest.approx(0.6)
    assert error_reduction(array(1.0), array(0.8)) == 1.0
    assert error_reduction(array(0.6), array(0.8)) == pytest.approx(-1.0)
    assert error_reduction(array(0.9), array(1.0)) is None


def test_summary_leaves_failures_out():
    assert summary(array(1.0, NAN, 3.0)) == pytest.approx((2.0, 2**0.5))
    assert summary(array(1.0, NAN)) == (1.0, None)
    assert summary(array(NAN)) == (None, None)
