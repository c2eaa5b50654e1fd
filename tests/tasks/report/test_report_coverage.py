"""The intervals and words keep what they promise, over thousands of simulated studies with a known truth."""

import numpy as np
import pytest

from tasks.report.statistics import corrected, difference

STUDIES = 2000


def simulated(
    rng: np.random.Generator, truth: float, *, pool: int, labelled: int, repeats: int = 5, test: int = 400
) -> tuple[np.ndarray, float, float]:
    """One study's paired differences (repeats,), their test variance, and the share of the pool a repeat draws.

    A difference has four parts: what each pool sample is worth, averaged over the sample drawn; initial weights;
    how each test sample likes the method, shared by all repeats; and noise of both together.
    """
    worth = rng.normal(0, 0.007 * np.sqrt(labelled), pool)
    drawn = np.argpartition(rng.random((repeats, pool)), labelled, axis=1)[:, :labelled]
    skill = truth + worth[drawn].mean(axis=1) + rng.normal(0, 0.003, repeats)
    items = skill[:, None] + rng.normal(0, 0.06, test) + rng.normal(0, 0.05, (repeats, test))
    return items.mean(axis=1), float(items.mean(axis=0).var(ddof=1) / test), labelled / pool


@pytest.mark.parametrize(("truth", "pool"), [(0.02, 2000), (-0.01, 1000)])
def test_95_percent_intervals_cover_the_truth_in_93_to_97_percent_of_studies(truth: float, pool: int):
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(STUDIES):
        values, variance, share = simulated(rng, truth, pool=pool, labelled=100)
        low, high = difference(values, np.zeros_like(values), variance, share).interval or (0, 0)
        covered += low <= truth <= high
    assert 0.93 <= covered / STUDIES <= 0.97


def test_without_the_overlap_the_intervals_would_be_too_narrow():
    """What the correction is for: half of the pool in every repeat."""
    rng = np.random.default_rng(1)
    found = {False: 0, True: 0}
    for _ in range(500):
        values, variance, share = simulated(rng, 0.0, pool=200, labelled=100)
        for corrects in found:
            low, high = difference(values, np.zeros(5), variance, share if corrects else 0.0).interval or (0, 0)
            found[corrects] += low <= 0 <= high
    assert found[False] / 500 < 0.9 < 0.95 <= found[True] / 500


def test_where_nothing_differs_one_of_many_methods_is_called_so_in_at_most_5_percent_of_studies():
    rng = np.random.default_rng(2)
    wrong = 0
    for _ in range(STUDIES // 8):
        compared = {}
        for name in range(8):
            values, variance, share = simulated(rng, 0.0, pool=1000, labelled=100)
            compared[str(name)] = difference(values, np.zeros(5), variance, share)
        wrong += any(one.word != "not shown" for one in corrected(compared).values())
    assert wrong / (STUDIES // 8) <= 0.05
