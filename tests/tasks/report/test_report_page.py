"""The page: self-contained, escaped, the same bytes, whatever the results hold."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from report_made_up import content

from tasks.common.errors import UserError
from tasks.report import curves, forest, page, results, summary
from tasks.report.__main__ import main
from tasks.report.records import Point
from tasks.report.verdict import judge

ROOT = Path(__file__).parents[3]
SCRATCH = [0.80, 0.81, 0.79]
USUAL = {"scratch": SCRATCH, "scratch-tuned": [0.85, 0.84, 0.85], "fine-tuning": [0.9, 0.92, 0.91]}
CASES = {
    "usual": USUAL,
    "families": USUAL | {"logits": [0.8, 0.83, 0.9], "student-scratch": [0.8, 0.7, 0.8], "hard-sharing": SCRATCH},
    "failed": USUAL | {"fixed": [None, 0.8, None], "logits": [None, None, None]},
    "one repeat": {name: values[:1] for name, values in USUAL.items()},
    "no control": {"fine-tuning": SCRATCH, "logits": SCRATCH},
    "only scratch": {"scratch": SCRATCH},
    "all equal": dict.fromkeys(USUAL, SCRATCH),
    "no errors": {name: [1.0, 1.0, 1.0] for name in USUAL},
    "all failed": {name: [None, None, None] for name in USUAL},
}  # fmt: skip


def render(made, question="Does it help?", **settings):
    return page.render(made, judge(made), question, settings or {"network.units": "8, 8"})


class Balance(HTMLParser):
    """Complains about tags that are closed wrongly; gathers text, attributes and ids."""

    EMPTY = ("meta", "br", "path", "circle", "col", "img")

    def __init__(self):
        super().__init__()
        self.open, self.text, self.attributes, self.ids = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        if tag not in self.EMPTY:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.text.append(data)


def parsed(text):
    parser = Balance()
    parser.feed(text)
    assert parser.open == []
    return parser


@pytest.mark.parametrize("case", CASES)
def test_every_ending_of_a_study_makes_a_page(make, case):
    text = render(make(CASES[case]))
    found = parsed(text)
    words = " ".join(found.text)
    assert not re.search(r"\bnan\b|\binf\b|\bNone\b|Undefined", words)
    assert "−0.00" not in words
    assert len(found.ids) == len(set(found.ids))
    for name in CASES[case]:
        assert name in words
    if case == "failed":
        assert text.count("<td>loss is NaN") == 5


@pytest.mark.parametrize("case", ["usual", "failed"])
def test_nothing_is_fetched_when_the_page_is_opened(make, case):
    """Papers are linked, and a link fetches nothing until it is followed; a browser is asked in test_report_browser."""
    text = render(make(CASES[case]))
    for mark in ("//www", "@import", "<script src", "<link", "<image", "url("):
        assert mark not in text
    found = parsed(text)
    for tag, name, value in found.attributes:
        assert "http" not in (value or "") or (tag, name) == ("a", "href")
        assert name != "src" or value.startswith("data:")
    anchors = {value[1:] for _, name, value in found.attributes if name == "href" and value.startswith("#")}
    assert "differences" in anchors
    assert anchors <= set(found.ids)
    policy = [value for tag, name, value in found.attributes if (tag, name) == ("meta", "content")]
    assert any(value.startswith("default-src 'none'") for value in policy)


def test_whatever_is_said_is_escaped(make):
    evil = '<script>alert("x")</script> & $y_1$'
    data = content({"scratch": SCRATCH, evil: [0.9, None, 0.95]}, classes=[evil, "b"])
    data["methods"][evil]["repeats"][1]["failed"] = evil
    text = render(results.parse(data), question=evil, **{evil: evil})
    assert text.count("<script") == 1  # the page's own
    assert "alert(" not in text[text.index("<script") :]
    words = "".join(parsed(text).text)
    assert words.count(evil) >= 6  # question, method, class, failure, both columns of the settings
    assert "$y_1$" in words


def test_two_builds_have_the_same_bytes():
    """In two processes with different hash seeds, so no set or hash order gets into the page."""
    script = (
        "import sys; sys.path[:0] = ['tests/tasks/report', '.']\n"
        "from report_made_up import content; from tasks.report import page, results, verdict\n"
        "import test_report_page as t; made = results.parse(content(t.CASES['families']))\n"
        "sys.stdout.write(page.render(made, verdict.judge(made), 'Why?', {'a': 'b'}))\n"
    )
    run = [
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PYTHONUTF8": "1", "MPLCONFIGDIR": "/nonexistent"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert run[0] == run[1]
    assert run[0].count(b"<svg") == 2 + 6 + 6  # accuracy against two costs; curves and reliability of six methods


def test_tables_are_tables_and_figures_say_what_they_show(make):
    found = parsed(render(make(CASES["families"])))
    tags = {tag for tag, _, _ in found.attributes}
    assert {"th", "svg"} <= tags
    assert {value for tag, name, value in found.attributes if (tag, name) == ("th", "scope")} == {"col", "row"}
    labels = [value for tag, name, value in found.attributes if (tag, name) == ("svg", "aria-label")]
    assert len(labels) == 14
    assert labels[0].startswith(
        "Accuracy against multiply-adds of one prediction; no method is cheaper and as good as: logits 84.33 % at 300, "
    )
    assert "Validation accuracy of fine-tuning over 3 epochs, 3 repeats: from 30.3% to 91.0% on average" in labels
    assert "Reliability of logits: 60 % sure, 50 % right; 90 % sure, 90 % right" in labels


def test_a_word_stands_beside_the_fair_control_alone(make):
    """Fine-tuning beats scratch-tuned; scratch-tuned's own gain over scratch, as sure, is in a table without words."""
    text = render(make(USUAL | {"scratch-tuned": [0.85, 0.86, 0.84]}))
    assert re.findall(r'<td class="word ([\w-]+)">', text) == ["better"]
    assert text.count("Transfer, over scratch-tuned</h3>") == 1
    fair, shared = text.split("<summary>Every method against scratch-tuned and scratch, without a verdict</summary>")
    assert "have no verdict" in shared
    assert shared.count(">+5.00<") == 1
    assert ">+5.00<" not in fair


def test_the_bars_of_the_forest_lie_where_the_numbers_say(make):
    """A point's place on the axis is linear between the two ends, which hold zero and every interval."""
    verdict = judge(make(USUAL | {"fixed": [0.8, 0.9, 0.85]}))
    axis = forest.axis(verdict)
    ends = [end for _, one in verdict.fair.values() for end in one.interval]
    assert axis.low < 100 * min(ends) < 0 < 100 * max(ends) < axis.high
    (group,) = (group for group in forest.groups(make(USUAL), judge(make(USUAL)), axis) if group.control)
    (row,) = group.shown
    one = verdict.fair["fine-tuning"][1]
    for place, value in ((row.at, one.mean), (row.low, one.interval[0]), (row.high, one.interval[1])):
        assert float(place) == pytest.approx(100 * (100 * value - axis.low) / (axis.high - axis.low), abs=0.006)


def test_a_bar_far_beyond_all_others_is_cut_and_says_so(make):
    names = [f"method-{i}" for i in range(12)]
    near = {name: [0.85 + 0.001 * i, 0.86, 0.84] for i, name in enumerate(names)}
    made = make(USUAL | near | {"far": [0.1, 0.12, 0.11]})
    verdict = judge(made)
    axis = forest.axis(verdict)
    rows = {row.name: row for group in forest.groups(made, verdict, axis) for row in (*group.shown, *group.folded)}
    assert rows["far"].is_cut == "left"
    assert float(rows["far"].at) == 0
    assert rows["far"].difference == "−73.67"
    assert {rows[name].is_cut for name in names} == {""}
    assert axis.low > -40


def test_of_many_methods_the_best_and_those_shown_to_differ_are_in_sight(make):
    """Twelve level methods and two worse ones: five and two are shown, best first, seven folded."""
    level = {f"level-{i:02}": [0.85, 0.86 + 0.002 * i, 0.84 - 0.002 * i] for i in range(12)}
    worse = {f"worse-{i}": [0.35, 0.353, 0.349] for i in range(2)}
    made = make({"scratch-tuned": [0.85, 0.851, 0.849]} | level | worse)
    verdict = judge(made)
    (group,) = forest.groups(made, verdict, forest.axis(verdict))
    assert len(group.shown) == 7
    assert [row.name for row in group.shown[-2:]] == ["worse-0", "worse-1"]
    assert len(group.folded) == 7
    assert group.told == "7 more methods, all not shown to differ"
    page_text = render(made)
    assert all(f">{name}<" in page_text for name in level)


def test_how_each_method_was_trained_is_told(make):
    words = " ".join(" ".join(parsed(render(make(CASES["families"]))).text).split())
    assert "epochs rates its own scratch 3 0.01, 0.1 scratch-tuned 3 0.01, 0.1" in words
    assert "logits 3 0.01, 0.1 temperature 4.0 student-scratch" in words
    data = content(USUAL)
    for method in data["methods"].values():
        del method["settings"]
    assert "How each method was trained" not in render(results.parse(data))


@pytest.mark.parametrize("size", ["full", None])
def test_a_full_run_has_no_warning(size):
    data = content(USUAL) | {"size": size}
    if size is None:
        del data["size"]
    assert "mean nothing" not in render(results.parse(data))


def test_any_other_size_says_first_that_its_figures_mean_nothing(make):
    made = results.parse(content(USUAL) | {"size": "smoke"})
    told = "This is a run of size 'smoke': its figures mean nothing."
    words = "".join(parsed(render(made)).text).split("Skip to the figures", 1)[1]
    assert words.strip().startswith(told)
    assert summary.text(made, judge(made), "Why?", "x.html").startswith(f"Warning   {told}\n")
    assert summary.metrics(made, judge(made))["answer"][0] == told


def test_confusions_are_summed_over_the_repeats_that_succeeded(make):
    """Accuracy 0.9 and 0.8: 50 and 100 of 500 wrong a class."""
    made = make({"scratch": [0.9, None, 0.8]})
    assert made.confusion("scratch").tolist() == [[850, 150], [150, 850]]
    assert "85.0 %" in render(made)


def test_learning_curves_go_on_over_phases_and_end_their_mean_with_the_shortest():
    def points(repeat, *marks):
        return [Point(repeat=repeat, epoch=e, phase=p, validation_accuracy=v) for p, e, v in marks]

    lines = curves.tracks(
        points(0, ("head", 1, 0.5), ("head", 2, 0.6), ("all", 1, 0.7), ("all", 2, 0.9))
        + points(1, ("head", 1, 0.7), ("head", 2, 0.8), ("all", 3, 0.9))
    )
    assert lines[0][0].tolist() == [1, 2, 3, 4]
    assert lines[1][0].tolist() == [1, 2, 3]
    epochs, means = curves.average(lines)
    assert epochs.tolist() == [1, 2, 3]
    np.testing.assert_allclose(means, [0.6, 0.7, 0.8])


def test_settings_are_shown_by_their_full_name():
    shown = page.flat({"data": {"classes": ["a", "b"], "shuffle": False}, "cap": None, "rate": 0.1})
    assert shown == {"data.classes": "a, b", "data.shuffle": "no", "cap": "no limit", "rate": "0.1"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"methods": None}, "methods: Input should be a valid dictionary"),
        ({"order": ["scratch"]}, "order must name every method once"),
        ({"repeats": 2}, "scratch has repeat 2, expected 0 to 1"),
    ],
)
def test_other_content_is_refused_in_words(change, told):
    with pytest.raises(UserError, match=re.escape(told)):
        results.parse(content(USUAL) | change)


def command(folder, study):
    return subprocess.run(
        [sys.executable, "-m", "tasks.report", "--study", study],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_command_writes_three_files_and_imports_no_tensorflow(tmp_path):
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text("utf-8"), "utf-8")
    source = tmp_path / "data/evaluate/tables/results.json"
    source.parent.mkdir(parents=True)
    source.write_text(json.dumps(content(USUAL)))
    done = command(tmp_path, "tables")
    assert done.returncode == 2
    assert (
        "data/screen/tables/scores.json was not found; the report is made from it. Run the screen stage" in done.stderr
    )
    scores = tmp_path / "data/screen/tables/scores.json"
    scores.parent.mkdir(parents=True)
    scores.write_text('{"supervised": {"logme": [0.5]}}')
    done = command(tmp_path, "tables")
    assert (done.returncode, done.stderr) == (0, "")
    written = {path.name: path.read_bytes() for path in (tmp_path / "data/report/tables").iterdir()}
    assert set(written) == {"index.html", "verdict.json", "verdict.txt"}
    assert str(tmp_path).encode() not in b"".join(written.values())
    assert json.loads(written["verdict.json"])["fine-tuning"]["verdict"] == "better"
    probe = "import sys, tasks.report.__main__; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", probe], cwd=ROOT).returncode == 0


def test_what_is_missing_is_said(tmp_path, monkeypatch):
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text("utf-8"), "utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="Did you mean 'tables'"):
        main("table")
    with pytest.raises(UserError, match="Run the evaluate stage of this study first"):
        main("tables")
    broken = tmp_path / "data/evaluate/tables/results.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    with pytest.raises(UserError, match="is not valid JSON"):
        main("tables")
