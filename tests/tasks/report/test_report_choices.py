"""What a person chooses by: the front of accuracy against cost, the simplest method, what a student takes over."""

import itertools

import numpy as np
import pytest
from report_made_up import content

from tasks.report import page, plots, results, simplest, svg, teaching
from tasks.report.formats import compact
from tasks.report.notes import notes
from tasks.report.pareto import front, said, trades
from tasks.report.verdict import judge

BASE = [0.80, 0.81, 0.79, 0.80, 0.82]


def near(by, wobble=0.004):
    return [value + by + wobble * (-1) ** i for i, value in enumerate(BASE)]


def made(accuracies, **changes):
    data = content(accuracies)
    for name, change in changes.items():
        data["methods"][name.replace("_", "-")] |= change
    return results.parse(data)


def test_the_front_is_what_no_other_dominates():
    """Against the definition, on random points with ties."""
    rng = np.random.default_rng(2)
    for _ in range(50):
        points = {str(i): (float(c), float(a)) for i, (c, a) in enumerate(rng.integers(0, 6, (12, 2)))}
        found = front(points)
        for name, (cost, accuracy) in points.items():
            beaten = any(c <= cost and a >= accuracy and (c < cost or a > accuracy) for c, a in points.values())
            assert (name in found) == (not beaten)
        assert [points[name] for name in found] == sorted(points[name] for name in found)


def test_a_ceiling_has_no_part_in_the_front_and_an_unknown_cost_is_left_out():
    found = made(
        {"scratch-tuned": BASE, "fine-tuning": near(0.02), "fixed": near(0.01)},
        fixed={"multiply_adds": None},
        fine_tuning={"ceiling": True},
    )
    by_adds, by_samples = trades(found, judge(found))
    assert set(by_adds.points) == {"scratch-tuned"}
    assert set(by_samples.points) == {"scratch-tuned", "fixed"}
    assert said(by_adds) == "By multiply-adds of one prediction: scratch-tuned (80.40 % at 5k)."


def test_the_simplest_of_those_level_with_the_best_is_named_beside_it():
    """The student predicts with fewer multiply-adds and is level; scratch has fewest of all and is not."""
    accuracies = {
        "scratch-tuned": BASE,
        "fine-tuning": near(0.02),
        "logits": near(0.019, -0.005),
        "scratch": near(-0.2),
    }
    found = made(accuracies | {"student-scratch": near(0.018, -0.006)}, scratch={"multiply_adds": 10})
    one = simplest.simplest(found, judge(found))
    assert (one.best, one.name) == ("fine-tuning", "student-scratch")  # as small as logits, and needs no teacher
    assert set(one.level) == {"fine-tuning", "logits", "student-scratch"}
    assert one.difference.mean < 0 < one.difference.interval[1]
    assert "is student-scratch: −" in simplest.said(found, judge(found))
    assert "16.7 times fewer multiply-adds a prediction." in simplest.said(found, judge(found))


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"multiply_adds": 4999}, "other"),
        ({"multiply_adds": 5001}, "fine-tuning"),
        ({"parameters": {"trained": 1234, "total": 5677}}, "other"),
        ({"uses_source": False, "control": None}, "other"),
        ({"parameters": {"trained": 1233, "total": 5678}}, "other"),
        ({"samples_seen": 2399.0}, "other"),
        ({"samples_seen": 2401.0}, "fine-tuning"),
        ({"multiply_adds": 4999, "parameters": {"trained": 9999, "total": 9999}, "samples_seen": 1e9}, "other"),
    ],
)
def test_simple_is_what_there_is_to_keep_and_do_in_this_order(change, name):
    found = made({"fine-tuning": near(0.02), "other": near(0.019, -0.005)}, other=change)
    assert simplest.simplest(found, judge(found)).name == name


def test_the_best_may_be_the_simplest_and_one_repeat_says_nothing():
    found = made({"scratch-tuned": BASE, "fine-tuning": near(0.1, 0.0005)})
    assert simplest.said(found, judge(found)) == (
        "Fine-tuning, the method with the highest mean, is the simplest choice too: no other is within noise of it."
    )
    single = made({"scratch-tuned": BASE[:1], "fine-tuning": [0.9]})
    assert simplest.simplest(single, judge(single)) is None
    assert simplest.said(single, judge(single)) == ""


def test_a_method_that_is_always_as_good_as_the_best_is_level():
    found = made({"fine-tuning": BASE, "fixed": BASE}, fixed={"multiply_adds": 5})
    assert simplest.simplest(found, judge(found)).name == "fixed"


def test_a_student_closes_a_share_of_the_gap_to_its_teacher():
    """Alone 80.4, teacher 90.4, student 85.4: half of it."""
    found = made({"fine-tuning": near(0.1, 0), "logits": near(0.05, 0), "student-scratch": BASE, "scratch-tuned": BASE})
    assert teaching.ratio(found, judge(found), "logits") == pytest.approx(0.5)
    assert "Of the gap between student-scratch and its teacher fine-tuning, logits closes 50 % on average" in " ".join(
        notes(found, judge(found))
    )
    worse = made({"fine-tuning": near(-0.1), "logits": near(0.05), "student-scratch": BASE, "scratch-tuned": BASE})
    assert teaching.ratio(worse, judge(worse), "logits") is None
    assert "The teacher, fine-tuning, is 9.92 points below student-scratch (" in " ".join(notes(worse, judge(worse)))


def test_of_a_gap_within_noise_no_share_is_told():
    level = made({"fine-tuning": near(0.0001), "logits": near(0.05), "student-scratch": BASE, "scratch-tuned": BASE})
    assert teaching.ratio(level, judge(level), "logits") is None
    assert "no gap is shown that a student could close" in " ".join(notes(level, judge(level)))


def test_what_leads_the_page_is_the_winner_its_control_and_the_simplest():
    accuracies = {f"method-{i}": near(0.01 * i) for i in range(9)} | {"scratch-tuned": near(-0.05)}
    found = made(accuracies, method_0={"multiply_adds": 1})
    ahead = page.leading(found, judge(found), trades(found, judge(found)))
    assert len(ahead) == page.LEADING
    assert ahead[0] == "method-8"
    assert {"scratch-tuned", "method-0"} <= set(ahead)  # the control, and the cheapest, on the front


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0, 100, [0, 50, 100]), (0, 1, [0, 0.5, 1]), (-3.2, 4.1, [-2, 0, 2, 4]), (5, 5, [5])]
)
def test_ticks_are_round_few_and_inside(low, high, expected):
    assert svg.ticks(low, high, 4) == pytest.approx(expected)


def test_ticks_of_any_range_are_at_least_two_and_not_more_than_asked():
    for power, start, width, most in itertools.product((-3, 0, 4), (0, 0.37, -7.7), (1.0, 2.3, 9.9), (4, 5, 7)):
        low, high = start * 10.0**power, (start + width) * 10.0**power
        found = svg.ticks(low, high, most)
        assert 1 <= len(found) <= most
        assert low - 1e-9 * width <= found[0] <= found[-1] <= high + 1e-6 * width * 10.0**power
        assert len(found) == 1 or np.allclose(np.diff(found), found[1] - found[0])


def test_labels_of_the_front_cover_no_dot_and_no_other_label():
    spots = {f"a-rather-long-name-{i}": (60.0 + 4 * i, 60.0 + 3 * i) for i in range(20)}
    names = [*spots][:8]
    drawn = list(plots._labels(names, spots))
    assert 0 < len(drawn) <= 8
    assert all(text.startswith("<text ") for text in drawn)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "–"), (0, "0"), (999, "999"), (999.6, "1k"), (12_576, "12.6k"), (98_600, "98.6k"), (100_000, "100k"),
     (999_960, "1M"), (2_345_678, "2.3M"), (3e9, "3G")],
)  # fmt: skip
def test_counts_are_short(value, shown):
    assert compact(value) == shown
