"""The page over all studies, and what is said of each method."""

import json
import re
from pathlib import Path

import pytest
from report_made_up import content
from test_report_page import parsed

from tasks.common import params
from tasks.report import index, results
from tasks.report.about import FROM, METHODS, about
from tasks.report.mistakes import confusions, samples
from tasks.report.sources import SOURCES

ROOT = Path(__file__).parents[3]
CONTROL = [0.80, 0.81, 0.79]


def study(name: str, fine: list[float], fixed: list[float] | None = None) -> results.Results:
    accuracies = {"scratch-tuned": CONTROL, "fine-tuning": fine} | ({"fixed": fixed} if fixed else {})
    return results.parse(content(accuracies) | {"study": name})


WON = study("won", [0.90, 0.915, 0.89], [0.5, 0.52, 0.49])
LOST = study("lost", [0.50, 0.51, 0.495])
OPEN = study("open", [0.80, 0.82, 0.79])


def test_every_study_has_its_short_verdict_and_its_link():
    text = index.render({"won": WON, "lost": LOST, "open": OPEN}, {"won": "Is it <so>?"})
    words = " ".join(" ".join(parsed(text).text).split())
    assert "shown to help in 1 of 3 studies; in 1 no method is shown to; in 1 every method is worse" in words
    assert "better: fine-tuning wins, +10.17 points over scratch-tuned" in words
    assert "worse: every method is worse than its control; the best, fine-tuning , −29.83 points" in words
    assert "not shown: nothing is shown to help; the best on average, fine-tuning , +0.33 points" in words
    assert "Is it <so>?" in words
    links = [value for tag, name, value in parsed(text).attributes if (tag, name) == ("a", "href")]
    assert links.count("won/index.html") == 2


def test_the_table_has_who_wins_and_who_loses_where():
    won, lost, left_out = (index.cell(one, "fixed") for one in (index.read(r, "") for r in (WON, LOST, OPEN)))
    assert (won.kind, won.text, won.is_winner) == ("worse", "−29.7", False)
    assert (lost.kind, left_out.kind) == ("", "")
    winner = index.cell(index.read(WON, ""), "fine-tuning")
    assert (winner.kind, winner.is_winner) == ("better", True)
    assert winner.tip.startswith("fine-tuning: 90.17 %, +10.17 points over scratch-tuned (")
    ((_, rows),) = index.rows([index.read(one, "") for one in (WON, LOST, OPEN)]).items()
    assert [(name, tally) for name, _, tally in rows] == [
        ("fine-tuning", "1 better, 1 worse"), ("fixed", "1 worse"), ("scratch-tuned", "")
    ]  # fmt: skip


def test_no_study_and_a_small_run_are_told_as_such():
    assert "No study has been evaluated yet." in index.render({}, {})
    small = results.parse(content({"scratch-tuned": CONTROL}) | {"size": "smoke"})
    assert "Size smoke: the figures mean nothing." in index.render({"made-up": small}, {})


def test_the_command_takes_the_studies_that_are_there(tmp_path, monkeypatch):
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text("utf-8"), "utf-8")
    for name in ("tables", "not-selected"):
        path = tmp_path / "data/evaluate" / name / "results.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(content({"scratch-tuned": CONTROL}) | {"study": name}))
    monkeypatch.chdir(tmp_path)
    index.main()
    first = index.PAGE.read_bytes()
    assert re.findall(rb'<h3><a href="([^"]+)"', first) == [b"tables/index.html"]
    index.main()
    assert index.PAGE.read_bytes() == first


@pytest.mark.parametrize("family", ["transfer", "distill", "mtl", "adapt"])
def test_every_method_is_described_with_the_paper_that_the_docs_name(family):
    page = (ROOT / "docs" / "methods" / f"{family}.md").read_text(encoding="utf-8")
    for name in params.known(family):
        found = about(name)
        assert found is not None, name
        assert found.text.count(". ") + found.text.count(": ") >= 1
        key = re.sub(r"https://(arxiv.org/abs/|doi.org/)", "", found.link)
        assert key in page
        assert bool(found.paper) == bool(found.link)


def test_every_source_model_is_described_and_methods_from_it_too():
    page = (ROOT / "docs" / "methods" / "pretrain.md").read_text(encoding="utf-8")
    assert set(SOURCES) == set(params.known("pretrain"))
    for source, (text, _, link) in SOURCES.items():
        assert re.sub(r"https://(arxiv.org/abs/|doi.org/)", "", link) in page
        assert text in about(f"fine-tuning{FROM}{source}").text
    assert about("fine-tuning-from-nowhere") is None
    assert set(METHODS) == {name for family in ("transfer", "distill", "mtl", "adapt") for name in params.known(family)}


def test_with_many_classes_the_pairs_confused_most_often_are_listed():
    classes = [f"language/class-{i}" for i in range(20)]
    counts = [[50 if row == column else 0 for column in range(20)] for row in range(20)]
    counts[3][7], counts[5][1] = 9, 20
    data = content({"scratch": [0.9]}, classes=classes)
    data["methods"]["scratch"]["repeats"][0]["confusion"] = counts
    (one,) = confusions(results.parse(data))
    assert one.rows == []
    assert one.pairs == [("class-5", "class-1", 20, "29"), ("class-3", "class-7", 9, "15")]


def test_hard_rows_show_their_most_unusual_values_and_hard_images_themselves():
    data = content({"scratch": [0.9]})
    common = {"sample": 4, "label": "shirt", "taken_for": "sandal", "wrong": 0.875}
    data["hardest"] = [
        common | {"values": [0.1, -3.0, 0.2, 2.0, 0.0, -0.5], "image": None},
        common | {"values": None, "image": {"shape": [1, 2], "pixels": "AP8="}},
    ]
    row, image = samples(results.parse(data))
    assert row.unusual == "feature 2: −3.0, feature 4: +2.0, feature 6: −0.5 and feature 3: +0.2"
    assert (row.picture, row.wrong) == (None, "88")
    assert image.picture.startswith("data:image/png;base64,")
