"""The report of a study with domain adaptation: floor, ceiling, choices without labels, collapses."""

import pytest
from report_made_up import content

from tasks.evaluate.choices import choices
from tasks.report import adaptation, page, results, sentences, summary
from tasks.report.notes import notes
from tasks.report.verdict import judge

FLOOR = [0.70, 0.71, 0.69, 0.70, 0.72]
SCORES = {
    "scratch": [0.40, 0.41, 0.39, 0.40, 0.42],
    "scratch-tuned": [0.50, 0.51, 0.49, 0.50, 0.52],
    "source-only": FLOOR,
    "coral": [0.80, 0.815, 0.79, 0.80, 0.82],
    "dann": [0.60, 0.61, 0.595, 0.60, 0.62],
    "target-oracle": [0.95, 0.955, 0.95, 0.94, 0.96],
}
CRITERIA = ("source-validation", "information", "density")


def chosen(accuracy: float, collapsed: bool = False) -> dict[str, object]:
    """One repeat's choices: information is the method's own, source-validation loses 4 points, the oracle gains 2."""
    lost = dict(zip(CRITERIA, (0.04, 0.0, 0.01), strict=True))
    return {
        "own": "information",
        "criteria": {who: {"candidate": "rate 0.1", "accuracy": accuracy - less} for who, less in lost.items()},
        "oracle": {"candidate": "rate 0.3", "accuracy": accuracy + 0.02},
        "candidates": 6,
        "collapsed": 2 if collapsed else 0,
        "chosen_collapsed": collapsed,
    }


def made(**changes: object) -> results.Results:
    scores = SCORES | {name: values for name, values in changes.items() if name in SCORES}
    found = content(scores)
    found |= {"unlabelled": changes.get("unlabelled", 1000), "pool": 1197}
    for name in ("source-only", "coral", "dann", "target-oracle"):
        one = found["methods"][name]
        one["family"], one["uses_source"], one["control"] = "adapt", name in ("coral", "dann"), None
        if one["uses_source"]:
            one["control"] = "source-only"
        if name == "target-oracle":
            one["ceiling"] = True
            continue
        for row in one["repeats"]:
            row["choices"] = chosen(row["accuracy"], collapsed=name == "dann" and row["repeat"] < 2)
    return results.parse(found)


def test_the_floor_is_a_control_and_the_ceiling_neither_candidate_nor_control():
    judged = judge(made())
    assert judged.candidates == ["coral", "dann"]
    assert judged.controls == ["scratch", "scratch-tuned", "source-only"]
    assert judged.ceilings == ["target-oracle"]
    assert {name: (control, one.word) for name, (control, one) in judged.fair.items()} == {
        "coral": ("source-only", "better"),
        "dann": ("source-only", "worse"),
    }
    assert judged.highest == "coral"  # the ceiling takes no victory away


def test_the_answer_compares_with_the_floor_and_says_nothing_of_the_ceiling():
    found = made()
    answer = sentences.answer(found, judge(found))
    assert answer.startswith("Coral wins: 80.50 % accuracy, 10.10 points above source-only, which has the same network")
    assert "30.10 points above scratch-tuned" in answer.replace("It is ", "")
    assert "oracle" not in answer


def test_a_floor_above_all_adaptation_is_called_a_control_that_adapts_nothing():
    worse = {"coral": [0.6, 0.61, 0.6, 0.59, 0.6]}
    found = made(**worse)
    answer = sentences.answer(found, judge(found))
    assert "every one is shown to be worse than its control" in answer
    assert answer.endswith("The highest mean of all is source-only's, 70.40 %, a control that adapts nothing.")
    assert "Negative transfer: coral and dann are worse than source-only." in notes(found, judge(found))


def test_the_notes_tell_the_gap_closed_the_collapse_the_criteria_and_the_shared_samples():
    found = made()
    said = " ".join(notes(found, judge(found)))
    gap, closed = 95.1 - 70.4, 80.5 - 70.4
    assert f"are {gap:.2f} points; on average coral closes {100 * closed / gap:.0f} % of them" in said
    assert "Dann has collapsed in 2 of 5 repeats" in said
    assert "information loses 2.00, density loses 3.00 and source-validation loses 6.00 points of accuracy" in said
    assert "has 84 % of the same unlabelled samples" in said
    few = made(unlabelled=100)
    assert "the same unlabelled samples" not in " ".join(notes(few, judge(few)))


def test_without_a_gap_none_is_closed():
    found = made(**{"target-oracle": [0.5] * 5})
    assert "is no higher than source-only here, so there is no gap to close" in " ".join(notes(found, judge(found)))


def test_the_table_of_choices_marks_the_methods_own_and_counts_collapsed_candidates():
    assert adaptation.header(made()) == ["method", *CRITERIA, "oracle", "candidates", "collapsed"]
    rows = {row[0]: row[1:] for row in adaptation.rows(made())}
    assert list(rows) == ["source-only", "coral", "dann"]
    assert rows["coral"] == ["76.50", "80.50*", "79.50", "82.50", "30", "–"]
    assert rows["dann"][-2:] == ["30", "4"]


def test_text_page_and_metrics_show_the_choices_and_the_ceiling():
    found = made()
    judged = judge(found)
    text = summary.text(found, judged, "?", "x.html")
    assert max(map(len, text.splitlines())) <= summary.WIDTH
    line = next(line for line in text.splitlines() if line.strip().startswith("target-oracle"))
    assert "ceiling" in line
    assert "80.50*" in text
    html = page.render(found, judged, "?", {"network.units": "8"})
    assert "80.50*" in html
    assert 'target-oracle <span class="small">ceiling</span>' in html
    assert "Domain adaptation" in html
    table = summary.metrics(found, judged)
    assert table["coral"]["chosen-by-oracle"] == pytest.approx(82.5)
    assert table["coral"]["chosen-by-information"] == table["coral"]["accuracy"]
    assert "verdict" not in table["target-oracle"]


def test_a_study_without_adaptation_has_none_of_it():
    plain = results.parse(content({name: SCORES[name] for name in ("scratch", "scratch-tuned")}))
    judged = judge(plain)
    assert list(adaptation.rows(plain)) == list(adaptation.notes(plain, judged)) == []
    assert "collapsed" not in summary.text(plain, judged, "?", "x.html") + page.render(plain, judged, "?", {"a": "b"})


def test_evaluate_measures_each_criterions_choice_and_the_best_candidate_as_the_oracles():
    notes = {
        "choice": "information",
        "chosen": {"source-validation": "a", "information": "b", "density": "a"},
        "candidates": {"a": {"collapsed": False}, "b": {"collapsed": True}, "c": {"collapsed": True}},
        "collapsed": True,
    }
    found = choices(notes, {"a": 0.7, "b": 0.8, "c": 0.9})
    assert found == {
        "own": "information",
        "oracle": {"candidate": "c", "accuracy": 0.9},
        "criteria": {
            "source-validation": {"candidate": "a", "accuracy": 0.7},
            "information": {"candidate": "b", "accuracy": 0.8},
            "density": {"candidate": "a", "accuracy": 0.7},
        },
        "candidates": 3,
        "collapsed": 2,
        "chosen_collapsed": True,
    }
    assert choices({"rate": 1}, {}) is None
