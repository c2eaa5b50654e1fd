"""What evaluate derives from logits."""

import numpy as np
import pytest

from tasks.evaluate.plots import confusion, curve
from tasks.evaluate.variance import test_variance as variance

Y = np.array([0, 1, 0, 1])
RIGHT, WRONG_ON_FIRST = np.eye(2)[[0, 1, 0, 1]], np.eye(2)[[1, 1, 0, 1]]


def test_the_variance_of_the_test_part_by_hand():
    """Mean hits differ by (1 + 0) / 2 on one sample of four: var([.5, 0, 0, 0]) / 4."""
    ours, other = np.stack([RIGHT, RIGHT]), np.stack([WRONG_ON_FIRST, RIGHT])
    assert variance(ours, other, Y) == pytest.approx(np.var([0.5, 0, 0, 0], ddof=1) / 4)
    assert variance(ours, ours, Y) == 0


def test_it_is_the_variance_of_the_mean_difference_over_test_parts_drawn_anew():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 4000)
    noisy = [np.eye(2)[np.where(rng.random(4000) < error, 1 - y, y)] for error in (0.1, 0.2)]
    hits = [logits.argmax(axis=1) == y for logits in noisy]
    drawn = [rng.integers(0, 4000, 500) for _ in range(2000)]
    spread = np.var([hits[0][rows].mean() - hits[1][rows].mean() for rows in drawn])
    one = variance(noisy[0][None, :500], noisy[1][None, :500], y[:500])
    assert one == pytest.approx(spread, rel=0.2)


def test_failed_repeats_are_left_out_in_pairs():
    failed = np.full((4, 2), np.nan)
    ours, other = np.stack([RIGHT, failed]), np.stack([WRONG_ON_FIRST, RIGHT])
    assert variance(ours, other, Y) == variance(ours[:1], other[:1], Y)
    assert variance(np.stack([failed]), np.stack([RIGHT]), Y) is None


def test_curves_are_means_over_repeats_and_confusions_pool_them():
    rows = [
        {"epoch": e, "loss": 1.0 * r, "validation_loss": 2.0 * r, "validation_accuracy": 0.5}
        for r in (1, 3)
        for e in (1, 2)
    ]
    assert curve({"curves": rows}).splitlines()[1] == "1,2.0,4.0,0.5"
    table = confusion(np.stack([RIGHT, np.full((4, 2), np.nan)]), Y, ["no", "yes"])
    assert table.splitlines() == ["actual,predicted", "no,no", "yes,yes", "no,no", "yes,yes"]
