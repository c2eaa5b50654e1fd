"""Intervals over episodes and trainings hold what they promise, and words follow from them."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from tasks.fewshot.measured import Measured
from tasks.fewshot.verdict import accuracy, difference, judge, of_episodes
from tasks.fewshot.words import Results, answer, content, text
from tests.tasks.fewshot import toys

REPEATS, EPISODES, QUERIES = 3, 80, 25


def simulated(rng: np.random.Generator, mean: float, training: float, hard: np.ndarray) -> np.ndarray:
    """Accuracies (repeats, episodes): trainings of different worth, episodes as hard as ``hard``, and luck."""
    worth = mean + training * rng.normal(size=(REPEATS, 1)) + hard
    return rng.binomial(QUERIES, np.clip(worth, 0.02, 0.98), size=(REPEATS, len(hard))) / QUERIES


@pytest.mark.parametrize("training", [0.0, 0.005, 0.03])
def test_the_intervals_hold_the_truth_as_often_as_they_say(training: float) -> None:
    """600 made-up runs: nearly all that matters is episodes, or trainings, or both. Rather too wide than too narrow."""
    rng, held, paired = np.random.default_rng(4), 0, 0
    for _ in range(600):
        hard = 0.08 * rng.normal(size=EPISODES)
        one, other = (simulated(rng, mean, training, hard) for mean in (0.7, 0.65))
        low, high = accuracy(one).interval or (1.0, 0.0)
        held += low <= 0.7 <= high
        low, high = difference(one, other).interval or (1.0, 0.0)
        paired += low <= 0.05 <= high
    assert 0.93 <= held / 600 <= 0.999
    assert 0.93 <= paired / 600 <= 0.999


def test_with_trainings_that_agree_the_interval_is_the_usual_one_over_episodes() -> None:
    """mean ± 1.96 s / √episodes, as few-shot papers print it."""
    row = np.random.default_rng(1).binomial(QUERIES, 0.7, size=EPISODES) / QUERIES
    found = accuracy(np.stack([row] * REPEATS))
    half = stats.norm.ppf(0.975) * row.std(ddof=1) / np.sqrt(EPISODES)
    assert found.interval == pytest.approx((row.mean() - half, row.mean() + half))


def test_pairing_takes_out_how_hard_an_episode_is() -> None:
    rng = np.random.default_rng(2)
    hard = 0.2 * rng.normal(size=EPISODES)
    one, other = (simulated(rng, 0.6, 0.0, hard) for _ in range(2))
    assert of_episodes(one - other) < 0.35 * (of_episodes(one) + of_episodes(other))


def test_a_failed_repeat_is_left_out_with_its_partners() -> None:
    rng = np.random.default_rng(3)
    one, other = (simulated(rng, mean, 0.01, np.zeros(EPISODES)) for mean in (0.8, 0.6))
    one[1] = np.nan
    found = difference(one, other)
    kept = difference(one[[0, 2]], other[[0, 2]])
    assert (found.pairs, found.dropped) == (2, 1)
    assert (found.mean, found.interval, found.p) == (kept.mean, kept.interval, kept.p)
    assert accuracy(one).interval == accuracy(one[[0, 2]]).interval


def accuracies(**means: float) -> dict[str, np.ndarray]:
    """Made-up accuracies of methods in the same episodes."""
    rng = np.random.default_rng(5)
    hard = 0.05 * rng.normal(size=EPISODES)
    return {name.replace("_", "-"): simulated(rng, mean, 0.003, hard) for name, mean in means.items()}


def test_all_pairs_are_compared_best_first_and_corrected_for_their_number() -> None:
    found = judge(accuracies(nearest=0.4, matching=0.7, prototypes=0.9, fine_tuned=0.7))
    assert next(iter(found.means)) == "prototypes"
    assert list(found.means)[-1] == "nearest"
    assert len(found.differences) == 6
    ps = [one.p for one in found.differences.values() if one.p is not None]
    assert len(ps) == 6
    smallest = min(found.differences.values(), key=lambda one: one.p or 1.0)
    assert smallest.adjusted == pytest.approx(6 * min(ps))
    assert all((one.mean or 0.0) >= 0 for one in found.differences.values())
    assert set(found.beaten("prototypes")) == {"matching", "fine-tuned", "nearest"}
    assert found.is_floor_beaten
    assert not found.tied


def test_equal_methods_are_rarely_called_better() -> None:
    """300 runs in which no method is worth more than another: one word too many in at most one of twenty."""
    rng, said = np.random.default_rng(6), 0
    for _ in range(300):
        hard = 0.05 * rng.normal(size=EPISODES)
        made = {name: simulated(rng, 0.7, 0.003, hard) for name in "abcd"}
        said += any(one.word == "better" for one in judge(made).differences.values())
    assert said / 300 <= 0.08


def results(made: dict[str, np.ndarray], size: str = "full") -> Results:
    """Results of made-up accuracies."""
    methods = {}
    for name, values in made.items():
        failed = np.isnan(values).any(axis=1)
        rows: list[dict[str, Any]] = [
            {"repeat": r, "failed": "the loss was not finite" if failed[r] else None, "rate": 0.003, "epoch": 4}
            for r in range(len(values))
        ]
        outcome = {"repeats": rows, "settings": {}, "parameters": {"trained": 1234, "total": 1234},
                   "trained_classes": 624, "validation_classes": 39}  # fmt: skip
        methods[name] = Measured(outcome, values)
    return Results("a-task", toys.TASK, size, EPISODES, ("a", "b", "c", "d", "e"), methods, judge(made))


def test_the_answer_says_what_is_shown_and_what_is_not() -> None:
    clear = answer(results(accuracies(nearest=0.4, matching=0.6, prototypes=0.9)))
    assert clear.startswith("prototypes tells 89.")
    assert clear.endswith("of the queries right; it is shown to be better than matching and nearest.")
    made = accuracies(nearest=0.4, prototypes=0.9)
    close = answer(results(made | {"matching": made["prototypes"][:, ::-1]}))
    assert "it is shown to be better than nearest, and not shown to differ from" in close


def test_a_floor_that_is_not_beaten_is_said() -> None:
    assert answer(results(accuracies(nearest=0.9, prototypes=0.6))).endswith("is shown to help.")
    made = accuracies(nearest=0.7, prototypes=0.6)
    same = made | {"prototypes": made["nearest"] + np.resize([0.04, -0.0399], EPISODES)}
    said = answer(results(same))
    assert said.startswith("prototypes tells")
    assert said.endswith("it is not shown to differ from nearest. Training on other classes is not shown to help.")


def test_failures_and_a_small_size_are_told() -> None:
    made = accuracies(nearest=0.4, prototypes=0.9)
    made["prototypes"][0] = np.nan
    told = text(results(made, "smoke"), "x/index.html")
    assert told.startswith("Warning   Size smoke: the figures mean nothing.")
    assert "Failed: prototypes, repeat 0: the loss was not finite." in told
    assert told.endswith("The same as a page: x/index.html\n")
    assert max(map(len, told.splitlines())) <= 100
    held = content(results(made))
    assert held["methods"]["prototypes"]["repeats"][0] is None
    assert held["differences"][0]["pairs"] == 2


def test_where_all_failed_that_is_the_answer() -> None:
    made = {name: np.full((2, EPISODES), np.nan) for name in ("nearest", "prototypes")}
    assert answer(results(made)) == "No method could be measured: every training failed."
