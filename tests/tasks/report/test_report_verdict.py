"""Who wins, and how it is said, in every case a study can end in."""

import re
import textwrap

import numpy as np
import pytest
from report_made_up import content

from tasks.report import results as evaluations
from tasks.report import sentences, summary
from tasks.report.notes import notes as remarks
from tasks.report.verdict import judge

SCRATCH = [0.80, 0.81, 0.79, 0.80, 0.82]


def shifted(by, wobble=0.001):
    """`SCRATCH` plus ``by``, whose differences are spread by about ``wobble``."""
    return [round(value + by + wobble * (-1) ** i * (i + 1) / 3, 6) for i, value in enumerate(SCRATCH)]


def said(results):
    verdict = judge(results)
    return sentences.answer(results, verdict), " ".join(remarks(results, verdict))


def words(results):
    """{candidate: (its fair control, word)}."""
    return {name: (control, one.word) for name, (control, one) in judge(results).fair.items()}


def unrelated():
    """As on `tables-unrelated`: nothing can be carried over, but the student's network is better from scratch."""
    return {
        "scratch": SCRATCH,
        "scratch-tuned": shifted(0.05),
        "fine-tuning": shifted(0.05, -0.004),
        "logits": shifted(0.12, -0.004),
        "student-scratch": shifted(0.125, 0.003),
        "hard-sharing": shifted(0.05, -0.002),
        "single-task": shifted(0.05),
    }


def test_another_network_that_is_better_by_itself_makes_no_winner(make):
    results = make(unrelated())
    verdict = judge(results)
    for control in ("scratch", "scratch-tuned"):  # the confound is there, and as sure as can be
        assert verdict.against[control]["logits"].interval[0] > 0.05
        assert verdict.against[control]["logits"].p < 1e-4
        assert verdict.against[control]["logits"].word is None
    assert words(results) == {
        "fine-tuning": ("scratch-tuned", "not shown"),
        "logits": ("student-scratch", "not shown"),
        "hard-sharing": ("single-task", "not shown"),
    }
    answer, notes = said(results)
    assert answer.startswith(
        "No way of carrying knowledge over is shown to help here; the best of them on average, logits with 92.32 %, "
        "is 0.64 points below student-scratch (95 % interval −"
    )
    assert answer.endswith(
        "The highest mean of all is student-scratch's, 92.96 %, a control that carries nothing over."
    )
    everything = answer + notes + summary.text(results, verdict, "?", "x.html")
    assert "better" not in everything
    assert "wins" not in everything
    assert "removes" not in notes
    assert "Another network alone: student-scratch is 7.54 points above scratch-tuned (95 % interval +" in notes
    assert "The search alone: scratch-tuned is 5.02 points above scratch (95 % interval +" in notes


def test_without_anything_to_carry_over_a_method_is_called_better_in_at_most_5_of_100_studies(make):
    """400 simulated studies with a better student network; the error is shared by both directions."""
    rng = np.random.default_rng(8)
    level = {"scratch": 0.4, "scratch-tuned": 0.7, "fine-tuning": 0.7, "feature-extraction": 0.7,
             "logits": 0.78, "student-scratch": 0.78, "hard-sharing": 0.7, "single-task": 0.7}  # fmt: skip
    wrong = 0
    for _ in range(400):
        made = make({name: (mean + rng.normal(0, 0.02, 5)).tolist() for name, mean in level.items()})
        wrong += any(word != "not shown" for _, word in words(made).values())
    assert 0 < wrong / 400 <= 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5


def test_a_winner_is_told_with_both_controls(make):
    results = make({"scratch": SCRATCH, "scratch-tuned": shifted(0.05), "fine-tuning": shifted(0.1, 0.002)})
    answer, notes = said(results)
    low, high = (f"{100 * end:+.2f}" for end in judge(results).fair["fine-tuning"][1].interval)
    assert answer == (
        "Fine-tuning wins: 90.44 % accuracy, 5.02 points above scratch-tuned, which has the same network and search "
        f"effort (95 % interval {low} to {high}), and 10.04 points above scratch, the notebooks' budget."
    )
    assert "Fine-tuning removes 34 % of the errors of scratch-tuned and 51 % of the errors of scratch." in notes
    assert "Holm" not in notes  # one comparison needs no correction


def test_a_method_that_searches_less_is_not_said_to_search_as_much():
    data = content({"scratch": SCRATCH, "scratch-tuned": shifted(0.05), "fixed": shifted(0.1, 0.002)})
    data["methods"]["fixed"]["trainings"] = 0
    answer, _ = said(evaluations.parse(data))
    assert "above scratch-tuned, which has the same network (95 % interval" in answer


def test_a_student_that_gains_is_told_against_its_own_network_first(make):
    results = make(
        {
            "scratch": SCRATCH,
            "scratch-tuned": shifted(0.1),
            "logits": shifted(0.05, 0.003),
            "student-scratch": shifted(0.01),
        }
    )
    assert words(results) == {"logits": ("student-scratch", "better")}
    answer, notes = said(results)
    assert answer.startswith("Logits helps: 85.46 % accuracy, 4.04 points above student-scratch, which has the same ")
    assert " It is 4.96 points below scratch-tuned, which has another network (95 % interval −" in answer
    assert ", and 5.06 points above scratch, the notebooks' budget. " in answer
    assert answer.endswith("The highest mean of all is scratch-tuned's, 90.42 %, a control that carries nothing over.")
    assert "Logits removes 22 % of the errors of student-scratch and 26 % of the errors of scratch but makes" in notes


def test_a_shared_trunk_is_not_said_to_be_another_network(make):
    made = {"scratch-tuned": SCRATCH, "hard-sharing": shifted(0.05, 0.003), "single-task": SCRATCH}
    answer, notes = said(make(made))
    assert answer.startswith("Hard-sharing wins: 85.46 % accuracy, 5.06 points above single-task, which has the same ")
    assert "It is 5.06 points above scratch-tuned (95 % interval" in answer
    assert "network" not in notes


def test_a_tuned_scratch_that_catches_up_leaves_no_winner(make):
    """The gain over scratch is sure, and worth nothing: the search alone brings it."""
    results = make({"scratch": SCRATCH, "scratch-tuned": shifted(0.1), "fine-tuning": shifted(0.1, -0.004)})
    answer, notes = said(results)
    assert judge(results).against["scratch"]["fine-tuning"].p < 1e-4
    assert answer.startswith(
        "No way of carrying knowledge over is shown to help here; fine-tuning, with 90.32 %, "
        "is 0.10 points below scratch-tuned (95 % interval −"
    )
    assert "and 9.92 points above scratch (95 % interval +" in answer
    assert "The search alone: scratch-tuned is 10.02 points above scratch" in notes
    assert "On average fine-tuning removes 51 % of the errors of scratch but makes 1 % more errors than" in notes


def test_negative_transfer_has_its_name_and_only_where_a_source_was_used(make):
    results = make(
        {
            "scratch": shifted(-0.3),
            "scratch-tuned": SCRATCH,
            "fixed": shifted(-0.1, 0.002),
            "fine-tuning": shifted(-0.2, 0.003),
            "logits": shifted(-0.3, 0.003),
            "student-scratch": shifted(-0.1),
            "hard-sharing": shifted(-0.15, 0.003),
            "single-task": shifted(0),
        }
    )
    answer, notes = said(results)
    assert "is shown to help here, and every one is shown to be worse than its control; the best" in answer
    assert (
        "Negative transfer: fixed and fine-tuning are worse than scratch-tuned; logits is worse than student-scratch."
    ) in notes
    assert "Hard-sharing is worse than single-task." in notes
    assert notes.count("Negative transfer") == 1


def test_worse_than_another_network_is_no_negative_transfer(make):
    made = {"scratch-tuned": shifted(0.1), "logits": shifted(0, 0.004), "student-scratch": shifted(0)}
    answer, notes = said(make(made))
    assert "Negative transfer" not in notes
    assert "worse" not in answer + notes


def test_a_shown_difference_goes_before_a_high_but_noisy_mean(make):
    noisy = [value + d for value, d in zip(SCRATCH, (0.19, -0.08, 0.18, 0.17, 0.09), strict=True)]
    made = {"scratch-tuned": SCRATCH, "fixed": noisy, "fine-tuning": shifted(0.05), "feature-extraction": shifted(0.04)}
    verdict = judge(results := make(made))
    assert (verdict.winner, verdict.highest) == ("fine-tuning", "fixed")
    answer, notes = said(results)
    assert answer.startswith("Fine-tuning wins: ")
    assert "highest mean" not in answer
    assert "Fixed has a higher mean, 91.40 %, but is not shown to be better than scratch-tuned." in notes
    assert "Feature-extraction is shown to be better than its control too; the winners are not tested" in notes


def test_the_correction_is_over_the_fair_comparisons_of_all_families(make):
    """Alone each has p < 0.05; together Holm's factor for the smallest is 3."""
    results = make(
        {
            "scratch": SCRATCH,
            "scratch-tuned": SCRATCH,
            "fine-tuning": shifted(0.006, 0.004),
            "logits": shifted(0.006, 0.004),
            "student-scratch": SCRATCH,
            "hard-sharing": shifted(0.006, 0.004),
            "single-task": SCRATCH,
        }
    )
    ones = [one for _, one in judge(results).fair.values()]
    assert len({round(one.p, 9) for one in ones}) == 1
    assert ones[0].p < 0.05 < ones[0].adjusted == pytest.approx(3 * ones[0].p)
    answer, notes = said(results)
    assert answer.startswith("No way of carrying knowledge over is shown to help here")
    assert "Holm's correction for 3 comparisons; the intervals are not corrected, so one may leave out zero" in notes


def test_older_evaluations_name_scratch_where_scratch_tuned_is_meant():
    data = content({"scratch": SCRATCH, "scratch-tuned": shifted(0.05), "fine-tuning": shifted(0.1, 0.002)})
    new = words(evaluations.parse(data))
    for name in ("fine-tuning", "scratch-tuned"):
        data["methods"][name]["control"] = "scratch"
    assert words(evaluations.parse(data)) == new == {"fine-tuning": ("scratch-tuned", "better")}


def test_without_the_tuned_control_the_answer_claims_no_more_than_it_can(make):
    answer, notes = said(make({"scratch": SCRATCH, "fine-tuning": shifted(0.1)}))
    assert answer.startswith("Fine-tuning beats scratch: 90.42 % accuracy, 10.02 points above scratch (95 % interval +")
    assert "same" not in answer
    assert "Scratch-tuned was not run, so a gain over scratch may come from the search" in notes


def test_a_student_without_its_control_is_not_judged_by_another_network(make):
    results = make({"scratch": SCRATCH, "scratch-tuned": shifted(0.01), "fixed": shifted(0.02), "logits": shifted(0.1)})
    assert words(results) == {"fixed": ("scratch-tuned", "not shown")}
    answer, notes = said(results)
    assert answer.startswith("No way of carrying knowledge over is shown to help here; fixed, with 82.42 %, is")
    assert "Logits has a higher mean, 90.42 %, but is without a control here." in notes
    assert "Logits cannot be judged without a fair control: student-scratch was not run." in notes
    assert "verdict" not in summary.metrics(results, judge(results))["logits"]
    assert "–  no control" in summary.text(results, judge(results), "?", "x.html")


def test_a_control_is_no_candidate_though_what_it_controls_was_not_run(make):
    verdict = judge(make({"scratch-tuned": SCRATCH, "student-scratch": shifted(0.1), "fixed": shifted(0, 0.01)}))
    assert verdict.candidates == ["fixed"]


def test_without_any_control_nothing_is_called_better(make):
    answer, notes = said(make({"fine-tuning": SCRATCH}))
    assert answer == (
        "No fair comparison can be made here, so no method can be called better; "
        "the highest mean of those that carry knowledge over is 80.40 %, by fine-tuning."
    )
    assert notes == ""


def test_only_controls(make):
    answer, notes = said(make({"scratch": SCRATCH, "scratch-tuned": shifted(0.1)}))
    assert answer.startswith("No method that carries knowledge over was run; scratch-tuned is 10.02 points above")
    assert notes == ""


def test_one_repeat_shows_nothing(make):
    answer, notes = said(make({"scratch": [0.8], "scratch-tuned": [0.85], "fine-tuning": [0.99]}))
    assert answer.startswith("No way of carrying knowledge over is shown to help here")
    assert "19.00 points above scratch (one pair of repeats, so no interval)" in answer
    assert "One repeat cannot tell a difference from chance" in notes


def test_all_equal(make):
    results = make({"scratch": SCRATCH, "scratch-tuned": SCRATCH, "fine-tuning": SCRATCH})
    answer, notes = said(results)
    assert "is level with scratch-tuned (the same in every repeat, so no interval)" in answer
    assert "highest" not in answer  # a control that only ties is not above the method
    whole = answer + notes + summary.text(results, judge(results), "?", "x.html")
    assert "nan" not in whole.lower()
    assert "-0.00" not in whole
    assert "−0.00" not in whole


def test_a_control_without_errors(make):
    perfect = [1.0] * 5
    answer, _ = said(make({"scratch": shifted(0), "scratch-tuned": perfect, "fine-tuning": perfect}))
    assert "level with scratch-tuned" in answer
    results = make({"scratch": perfect, "scratch-tuned": SCRATCH, "fine-tuning": shifted(0.1)})
    assert judge(results).against["scratch"]["fine-tuning"].error_reduction is None
    notes = " ".join(remarks(results, judge(results)))
    assert "of the errors of scratch-tuned; scratch makes no error that could be removed." in notes


def test_failures_are_counted_and_everything_may_fail(make):
    answer, notes = said(make({"scratch": [0.8, None], "fine-tuning": [None, 0.9]}))
    assert "not comparable with scratch, as they succeeded in no common repeat" in answer
    assert "2 of 4 trained repeats failed and are left out." in notes
    made = {"scratch": [None] * 5, "logits": shifted(0.05, 0.003), "student-scratch": SCRATCH}
    answer, _ = said(make(made))
    assert answer.startswith("Logits wins: 85.46 % accuracy, 5.06 points above student-scratch, which has")
    assert " scratch" not in answer
    answer, _ = said(make({"scratch": [0.8, 0.9], "fine-tuning": [None, None]}))
    assert answer == "No method that carries knowledge over gave a result: every training failed."
    answer, notes = said(make({"scratch-tuned": [0.8, 0.9], "fixed": [None, None], "logits": [0.8, 0.9]}))
    assert answer.startswith("No fair comparison can be made here")
    assert "Logits cannot be judged without a fair control: student-scratch was not run." in notes


def test_metrics_are_shallow_numbers_and_words(make):
    """DVC shows what is a number or a string at any depth, and skips lists."""
    results = make({"scratch": SCRATCH, "scratch-tuned": shifted(0.05), "fine-tuning": shifted(0.1)})
    metrics = summary.metrics(results, judge(results))
    assert metrics["scratch"] == {
        "accuracy": 80.4, "over-scratch-tuned": -5.02, "errors-removed-scratch-tuned": -34.431
    }  # fmt: skip
    assert metrics["scratch-tuned"] == {"accuracy": 85.42, "over-scratch": 5.02, "errors-removed-scratch": 25.612}
    assert metrics["fine-tuning"] == {
        "accuracy": 90.42,
        "over-control": 5.0,
        "verdict": "not shown",
        "effect": None,
        "smallest-shown": None,
        "over-scratch": 10.02,
        "errors-removed-scratch": 51.122,
        "over-scratch-tuned": 5.0,
        "errors-removed-scratch-tuned": 34.294,
    }
    assert isinstance(metrics["answer"], list)


def test_plain_text_has_the_answer_first_then_the_fair_table(make):
    results = make(unrelated())
    lines = summary.text(results, judge(results), "Does it help?", "x.html").splitlines()
    assert lines[0] == "Question  Does it help?"
    assert lines[1].startswith("Answer    No way of carrying knowledge over is shown to help here;")
    rows = [line.split() for line in lines[lines.index("") :]]
    names = [row[0] for row in rows if row and row[0] in results.methods]
    assert names[:7] == [
        "scratch", "scratch-tuned", "fine-tuning", "student-scratch", "logits", "single-task", "hard-sharing"
    ]  # fmt: skip
    assert names[7:14] == results.order
    assert "    logits         92.32 ±" in "\n".join(lines)


def test_plain_text_fits_a_terminal(make):
    long = "a-method-with-a-very-long-name-that-goes-on-and-on"
    names = ["scratch", "scratch-tuned", long, "logits", "student-scratch"]
    results = make({name: shifted(0.02 * i, 0.001 * i) for i, name in enumerate(names)})
    question = "Does it help? " * 20
    text = summary.text(results, judge(results), question, "x.html")
    assert max(map(len, text.splitlines())) <= 100
    assert " ".join(text.split()).startswith("Question " + textwrap.shorten(question, 1000))
    assert len(re.findall(r"\n    a-method-with-a-very-[a-z-]*… ", text)) == 1
    assert len(re.findall(r"\n  a-method-with-a-very-[a-z-]*… ", text)) == 1
