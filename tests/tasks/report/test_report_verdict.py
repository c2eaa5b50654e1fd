"""Who wins, and how it is said, in every case a study can end in."""

import textwrap

from tasks.report import sentences, summary
from tasks.report.verdict import judge

SCRATCH = [0.80, 0.81, 0.79, 0.80, 0.82]


def shifted(by, wobble=0.001):
    """`SCRATCH` plus ``by``, whose differences are spread by about ``wobble``."""
    return [round(value + by + wobble * (-1) ** i * (i + 1) / 3, 6) for i, value in enumerate(SCRATCH)]


def said(results):
    verdict = judge(results)
    return sentences.answer(verdict), " ".join(sentences.notes(results, verdict))


def test_a_winner_over_both_controls(make):
    results = make({"scratch": SCRATCH, "scratch-tuned": shifted(0.05), "fine-tuning": shifted(0.1, 0.002)})
    answer, notes = said(results)
    assert answer.startswith("Fine-tuning wins: with 90.")
    assert "points above scratch (95 % interval +" in answer
    assert "points above scratch-tuned (95 % interval +" in answer
    assert "It removes 51 % of the errors of scratch and 34 % of the errors of scratch-tuned." in notes
    assert "Holm's correction for 2 methods" in notes


def test_a_tuned_scratch_that_catches_up_is_not_hidden(make):
    tuned, best = shifted(0.1), shifted(0.1, -0.004)
    answer, notes = said(make({"scratch": SCRATCH, "scratch-tuned": tuned, "fine-tuning": best}))
    assert answer.startswith("Fine-tuning beats scratch but is not shown to beat scratch-tuned: with ")
    assert "scratch alone (scratch-tuned) is 10.02 points above scratch" in notes


def test_a_tuned_scratch_that_is_better_is_said_to_be(make):
    answer, notes = said(make({"scratch": SCRATCH, "scratch-tuned": shifted(0.1), "fine-tuning": shifted(0.05, 0.003)}))
    assert answer.startswith("Fine-tuning beats scratch but is worse than scratch-tuned: ")
    assert "is above that of every method that carries knowledge over" in notes
    assert "Negative transfer: fine-tuning is worse than scratch-tuned." in notes
    assert "more errors than scratch-tuned" in notes


def test_nobody_wins(make):
    noise = [value + d for value, d in zip(SCRATCH, (0.01, -0.02, 0.02, -0.01, 0.01), strict=True)]
    answer, notes = said(make({"scratch": SCRATCH, "scratch-tuned": shifted(0), "fixed": noise}))
    assert answer.startswith(
        "No method is shown to be better than scratch or scratch-tuned; the best of them on average, fixed with"
    )
    assert "Negative transfer" not in notes
    assert "removes" not in notes


def test_negative_transfer_has_its_name_and_only_where_a_source_was_used(make):
    results = make(
        {
            "scratch": SCRATCH,
            "scratch-tuned": shifted(0.0, 0.004),
            "fixed": shifted(-0.1, 0.002),
            "fine-tuning": shifted(-0.2, 0.003),
            "hard-sharing": shifted(-0.15, 0.003),
        }
    )
    answer, notes = said(results)
    assert "and every one is shown to be worse than scratch or scratch-tuned" in answer
    assert "fixed is worse than scratch and scratch-tuned and fine-tuning is worse" in notes
    assert "Hard-sharing is worse than scratch and scratch-tuned." in notes
    assert notes.count("Negative transfer") == 1


def test_a_shown_difference_goes_before_a_high_but_noisy_mean(make):
    noisy = [value + d for value, d in zip(SCRATCH, (0.19, -0.08, 0.18, 0.17, 0.09), strict=True)]
    verdict = judge(results := make({"scratch": SCRATCH, "fixed": noisy, "fine-tuning": shifted(0.05)}))
    assert (verdict.leader, verdict.highest) == ("fine-tuning", "fixed")
    assert "Fixed has a higher mean, 91.40 %" in " ".join(sentences.notes(results, verdict))


def test_a_family_is_compared_with_its_own_control(make):
    results = make(
        {
            "scratch": SCRATCH,
            "logits": shifted(0.03, 0.003),
            "student-scratch": shifted(0.01),
            "hard-sharing": shifted(0, 0.01),
            "single-task": shifted(0),
        }
    )
    verdict = judge(results)
    assert {name: (control, one.word) for name, (control, one) in verdict.own.items()} == {
        "logits": ("student-scratch", "better"),
        "hard-sharing": ("single-task", "not shown"),
    }
    assert verdict.candidates == ["logits", "hard-sharing"]
    assert "logits is 2.04 points above student-scratch" in " ".join(sentences.notes(results, verdict))


def test_without_the_tuned_control_the_answer_claims_no_more_than_it_can(make):
    answer, notes = said(make({"scratch": SCRATCH, "fine-tuning": shifted(0.1)}))
    assert answer.startswith("Fine-tuning beats scratch: with ")
    assert "Scratch-tuned was not run, so a gain over scratch may come from the search" in notes


def test_without_any_control_nothing_is_called_better(make):
    answer, notes = said(make({"fine-tuning": SCRATCH}))
    assert answer == (
        "Neither scratch nor scratch-tuned was run, so no method can be called better; "
        "the highest mean accuracy is 80.40 %, by fine-tuning."
    )
    assert notes == ""


def test_only_controls(make):
    answer, _ = said(make({"scratch": SCRATCH, "scratch-tuned": shifted(0.1)}))
    assert answer.startswith("No method that carries knowledge over was run; scratch-tuned is 10.02 points above")


def test_one_repeat_shows_nothing(make):
    answer, notes = said(make({"scratch": [0.8], "scratch-tuned": [0.85], "fine-tuning": [0.99]}))
    assert answer.startswith("No method is shown to be better")
    assert "19.00 points above scratch (one pair of repeats, so no interval)" in answer
    assert "One repeat cannot tell a difference from chance" in notes


def test_all_equal(make):
    results = make({"scratch": SCRATCH, "scratch-tuned": SCRATCH, "fine-tuning": SCRATCH})
    answer, notes = said(results)
    assert "is level with scratch (the same in every repeat, so no interval)" in answer
    whole = answer + notes + summary.text(results, judge(results), "?")
    assert "nan" not in whole.lower()
    assert "-0.00" not in whole
    assert "−0.00" not in whole


def test_a_control_without_errors(make):
    perfect = [1.0] * 5
    answer, _ = said(make({"scratch": shifted(0), "scratch-tuned": perfect, "fine-tuning": perfect}))
    assert "level with scratch-tuned" in answer
    results = make({"scratch": perfect, "scratch-tuned": SCRATCH, "fine-tuning": shifted(0.1)})
    assert judge(results).against["scratch"]["fine-tuning"].error_reduction is None
    notes = " ".join(sentences.notes(results, judge(results)))
    assert "of the errors of scratch-tuned but scratch makes no error that could be removed" in notes


def test_failures_are_counted_and_everything_may_fail(make):
    answer, notes = said(make({"scratch": [0.8, None], "fine-tuning": [None, 0.9]}))
    assert "not comparable with scratch, as they succeeded in no common repeat" in answer
    assert "2 of 4 trained repeats failed and are left out" in notes
    answer, _ = said(make({"scratch": [None, None], "fine-tuning": [None, None]}))
    assert answer == "No method gave a result: every training of every method failed."


def test_metrics_are_shallow_numbers_and_words(make):
    """DVC shows what is a number or a string at any depth, and skips lists."""
    results = make({"scratch": SCRATCH, "fine-tuning": shifted(0.1)})
    metrics = summary.metrics(results, judge(results))
    assert metrics["scratch"] == {"accuracy": 80.4}
    assert metrics["fine-tuning"] == {
        "accuracy": 90.42,
        "over-scratch": 10.02,
        "errors-removed-scratch": 51.122,
        "than-scratch": "better",
    }
    assert isinstance(metrics["answer"], list)


def test_plain_text_fits_a_terminal(make):
    names = [
        "scratch",
        "scratch-tuned",
        "a-method-with-a-very-long-name-that-goes-on-and-on",
        "logits",
        "student-scratch",
    ]
    results = make({name: shifted(0.02 * i, 0.001 * i) for i, name in enumerate(names)})
    question = "Does it help? " * 20
    text = summary.text(results, judge(results), question)
    assert max(map(len, text.splitlines())) <= 100
    assert " ".join(text.split()).startswith("Question " + textwrap.shorten(question, 1000))
    assert "Against scratch-tuned: paired differences in points of accuracy" in text
    assert text.count("\n  a-method-with-a-very-long-name-th") == 3
