"""The table of methods that learn two tasks: shown where evaluate measured them, left out of older evaluations."""

import json

import pytest
from report_made_up import content
from test_report_page import parsed, render

from tasks.report import results, summary
from tasks.report.verdict import judge

ACCURACIES = {
    "scratch-tuned": [0.84, 0.85, 0.86],
    "hard-sharing": [0.9, 0.91, None],
    "single-task": [0.85, 0.86, 0.84],
}
CONTROL = {"auxiliary_error": [0.5, 0.6, 0.55], "delta_p": None, "delta_p_mean": None, "delta_p_interval": None}
SHARED = {
    "auxiliary_error": [0.3, 0.3, None],
    "delta_p": [0.2, 0.25, None],
    "delta_p_mean": 0.225,
    "delta_p_interval": [-0.09, 0.54],
}


def made(with_tasks: bool = True) -> results.Results:
    data = content(ACCURACIES)
    if with_tasks:
        data["methods"]["hard-sharing"]["multitask"] = SHARED
        data["methods"]["single-task"]["multitask"] = CONTROL
        data["methods"]["scratch-tuned"]["multitask"] = None
    return results.parse(json.loads(json.dumps(data)))


def test_the_page_shows_both_tasks_of_each_method_that_learns_two():
    page = render(made())
    section = page.split("<h2>Two tasks at once</h2>")[1].split("</section>")[0]
    words = " ".join(" ".join(parsed(f"<main>{section}</main>").text).split())
    assert "hard-sharing 90.50 ± 0.71 0.300 ± 0.000 +22.50 −9.00 to +54.00" in words
    assert "single-task control 85.00 ± 1.00 0.550 ± 0.050 control" in words
    assert "scratch-tuned" not in section


def test_the_text_and_the_metrics_have_it_too():
    found = made()
    text = summary.text(found, judge(found), "Why?", "x.html")
    rows = [" ".join(line.split()) for line in text.split("Both tasks of the methods that learn two")[1].splitlines()]
    assert "hard-sharing 90.50 ± 0.71 0.300 ± 0.000 +22.50 −9.00 to +54.00" in rows
    assert "single-task 85.00 ± 1.00 0.550 ± 0.050 control" in rows
    assert max(map(len, text.splitlines())) <= summary.WIDTH
    table = summary.metrics(found, judge(found))
    assert table["hard-sharing"]["delta-p"] == pytest.approx(22.5)
    assert "delta-p" not in table["single-task"]


def test_older_evaluations_are_read_and_have_no_such_table():
    old = made(with_tasks=False)
    assert "Two tasks at once" not in render(old)
    assert "Both tasks" not in summary.text(old, judge(old), "Why?", "x.html")
    assert "delta-p" not in summary.metrics(old, judge(old))["hard-sharing"]


def test_a_method_whose_control_was_not_run_has_its_errors_alone():
    data = content({name: values for name, values in ACCURACIES.items() if name != "single-task"})
    data["methods"]["hard-sharing"]["multitask"] = {"auxiliary_error": [0.3, 0.3, None], "delta_p": None}
    found = results.parse(data)
    text = summary.text(found, judge(found), "Why?", "x.html").split("Both tasks of the methods")[1]
    assert "hard-sharing 90.50 ± 0.71 0.300 ± 0.000 – –" in " ".join(text.split())
