"""What leaves a study: by the report's own rules, and by nothing but results.json."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))

from report_made_up import content

from tasks.export.choice import chosen, repeat_of
from tasks.report import results

CONTROL = [0.50, 0.51, 0.52, 0.50]


def of(accuracies: dict[str, list[float | None]]) -> results.Results:
    return results.parse(content(accuracies))


def test_the_winner_and_the_front_by_multiply_adds_leave():
    """Logits and student-scratch are the small networks of the made-up evaluation."""
    found = of(
        {
            "scratch-tuned": CONTROL,
            "fine-tuning": [0.90, 0.91, 0.92, 0.91],
            "student-scratch": [0.60, 0.61, 0.60, 0.62],
            "logits": [0.70, 0.72, 0.71, 0.70],
        }
    )
    assert chosen(found) == {"fine-tuning": ["winner", "simplest", "front"], "logits": ["front"]}


def test_where_nothing_is_shown_to_be_better_the_best_and_the_simplest_within_noise_leave():
    found = of(
        {
            "scratch-tuned": [0.80, 0.90, 0.85, 0.88],
            "fine-tuning": [0.90, 0.80, 0.89, 0.86],
            "student-scratch": [0.85, 0.86, 0.84, 0.85],
            "logits": [0.84, 0.86, 0.84, 0.85],
        }
    )
    why = chosen(found)
    assert why["fine-tuning"] == ["best", "front"]
    assert why["student-scratch"] == ["simplest", "front"]
    assert "logits" not in why


def test_nothing_leaves_where_every_training_failed():
    assert chosen(of({"scratch-tuned": [None, None], "fine-tuning": [None, None]})) == {}


def test_the_repeat_is_the_first_that_did_not_fail_however_good_the_others_are():
    found = of({"scratch-tuned": CONTROL, "fine-tuning": [None, 0.6, 0.9, None]})
    assert repeat_of(found, "fine-tuning") == 1
    assert repeat_of(found, "scratch-tuned") == 0
