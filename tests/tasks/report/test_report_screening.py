"""Scores of source models beside what training found: who is compared, and by which figures."""

from typing import Any

import pytest
from scipy.stats import kendalltau

from tasks.report import page, results, screening, verdict
from tests.tasks.report.report_made_up import content

FOUND = {"scratch": 0.5, "fine-tuning": 0.9, "fine-tuning-from-masked": 0.7, "fine-tuning-from-greedy": 0.8}
SCORES: dict[str, dict[str, list[float | None]]] = {
    "supervised": {"leep": [-0.5, -0.7], "logme": [0.4, 0.6]},
    "masked": {"leep": [None, None], "logme": [0.2, 0.2]},
    "greedy": {"leep": [None, None], "logme": [0.1, 0.1]},
}


def made(found: dict[str, float]) -> tuple[results.Results, verdict.Verdict]:
    raw: dict[str, Any] = content({name: [value, value - 0.02] for name, value in found.items()})
    for name, method in raw["methods"].items():
        method["source"] = name.split("-from-")[-1] if "-from-" in name else "supervised"
    raw["methods"]["scratch"]["source"] = None
    parsed = results.parse(raw)
    return parsed, verdict.judge(parsed)


def test_methods_are_grouped_by_the_source_model_they_start_from() -> None:
    parsed, _ = made(FOUND)
    assert screening.started(parsed) == {
        "fine-tuning": {
            "supervised": "fine-tuning",
            "masked": "fine-tuning-from-masked",
            "greedy": "fine-tuning-from-greedy",
        }
    }


def test_a_row_has_scores_and_accuracies_of_a_source_model() -> None:
    parsed, judged = made(FOUND)
    assert screening.header(parsed, SCORES) == ["source model", "LEEP, nats", "LogME, nats", "fine-tuning"]
    rows = list(screening.rows(parsed, judged, SCORES))
    assert rows[0] == ["supervised", "−0.600 ± 0.141", "0.500 ± 0.141", "89.00 ± 1.41"]
    assert rows[2] == ["masked", "–", "0.200 ± 0.000", "69.00 ± 1.41"]
    assert [row[0] for row in rows] == ["supervised", "greedy", "masked"]


def test_agreement_is_the_rank_correlation_over_source_models_that_all_have_the_score() -> None:
    """Three pairs, two of them in the same order: (2 - 1) / 3. LEEP, which one alone has, ranks nothing."""
    parsed, judged = made(FOUND)
    (said,) = screening.said(parsed, judged, SCORES)
    expected = kendalltau([0.5, 0.2, 0.1], [0.9, 0.7, 0.8])
    assert expected.statistic == pytest.approx(1 / 3)
    assert "of fine-tuning, over 3 source models" in said
    assert said.endswith(f"models: LogME +0.33 (p = {expected.pvalue:.2g}).")


def test_two_source_models_are_not_ranked() -> None:
    parsed, judged = made({name: value for name, value in FOUND.items() if "greedy" not in name})
    assert screening.said(parsed, judged, SCORES) == []
    assert list(screening.rows(parsed, judged, SCORES)) == []


def test_scores_that_are_all_the_same_rank_nothing() -> None:
    parsed, judged = made(FOUND)
    assert screening.said(parsed, judged, {name: {"logme": [0.1, 0.1]} for name in SCORES}) == []


def test_the_page_has_the_section_where_there_is_something_to_rank() -> None:
    parsed, judged = made(FOUND)
    shown = page.render(parsed, judged, "?", {"a": "b"}, SCORES)
    assert '<section id="sources">' in shown
    assert "Kendall" in shown
    assert '<section id="sources">' not in page.render(parsed, judged, "?", {"a": "b"})
