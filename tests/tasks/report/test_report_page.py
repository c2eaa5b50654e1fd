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
from tasks.report import page, plots, results, summary
from tasks.report.__main__ import main
from tasks.report.results import Point
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

    EMPTY = ("meta", "br", "path", "use", "rect")

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
        if "style" not in self.open:
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
    text = render(make(CASES[case]))
    for mark in ("http", "//www", "src=", "@import", "<script", "<link", "<image"):
        assert mark not in text
    assert set(re.findall(r"url\((.)", text)) <= {"#"}
    links = {value[:1] for _, name, value in parsed(text).attributes if name == "href"}
    assert links <= {"#"}
    ids = set(parsed(text).ids)
    assert set(re.findall(r"(?:url\(|href=\")#([^)\"]+)", text)) <= ids


def test_whatever_is_said_is_escaped(make):
    evil = '<script>alert("x")</script> & $y_1$'
    data = content({"scratch": SCRATCH, evil: [0.9, None, 0.95]}, classes=[evil, "b"])
    data["methods"][evil]["repeats"][1]["failed"] = evil
    text = render(results.parse(data), question=evil, **{evil: evil})
    assert "<script" not in text
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
    assert run[0].count(b"<svg") == 2 + 6


def test_tables_are_tables_and_figures_say_what_they_show(make):
    found = parsed(render(make(CASES["families"])))
    tags = {tag for tag, _, _ in found.attributes}
    assert {"th", "svg"} <= tags
    assert {value for tag, name, value in found.attributes if (tag, name) == ("th", "scope")} == {
        "col", "row", "rowgroup"
    }  # fmt: skip
    labels = [value for tag, name, value in found.attributes if (tag, name) == ("svg", "aria-label")]
    assert len(labels) == 8
    assert labels[0].startswith(
        "Paired differences, points of accuracy above the control: over scratch-tuned; fine-tuning +6.33 ("
    )
    assert "over student-scratch; logits +7.67 (−9.24 to +24.58), not shown" in labels[0]
    assert labels[1].startswith("Paired differences, points of accuracy above scratch-tuned: scratch −4.67 (")
    assert "better" not in labels[1]
    assert "shown" not in labels[1]


def test_a_word_stands_beside_the_fair_control_alone(make):
    """Fine-tuning beats scratch-tuned; scratch-tuned's own gain over scratch, as sure, is in a table without words."""
    text = render(make(USUAL | {"scratch-tuned": [0.85, 0.86, 0.84]}))
    assert re.findall(r'<td class="word ([\w-]+)">', text) == ["better"]
    assert '<span class="small">than scratch-tuned</span>' in text
    fair, shared = text.split("<h2>Against scratch-tuned and scratch</h2>")
    assert "have no verdict" in shared
    assert shared.count(">+5.00<") == 1
    assert ">+5.00<" not in fair


def test_only_fair_comparisons_have_dots(make):
    """A circle is drawn with curves (C), a tick without; a filled dot is drawn in the accent."""
    verdict = judge(make(USUAL | {"scratch-tuned": [0.85, 0.86, 0.84], "fixed": [0.8, 0.9, 0.85]}))
    fair, shared = plots.fair(verdict), plots.shared("scratch-tuned", verdict.against["scratch-tuned"])
    assert "\nC " in fair
    assert "var(--accent)" in fair
    assert "\nC " not in shared
    assert "var(--accent)" not in shared


def test_how_each_method_was_trained_is_told(make):
    words = " ".join(" ".join(parsed(render(make(CASES["families"]))).text).split())
    assert "epochs rates its own scratch 3 0.01, 0.1 scratch-tuned 3 0.01, 0.1" in words
    assert "logits 3 0.01, 0.1 temperature 4.0 student-scratch" in words
    data = content(USUAL)
    for method in data["methods"].values():
        del method["settings"]
    assert "<details>" not in render(results.parse(data))


@pytest.mark.parametrize("size", ["full", None])
def test_a_full_run_has_no_warning(size):
    data = content(USUAL) | {"size": size}
    if size is None:
        del data["size"]
    assert "mean nothing" not in render(results.parse(data))


def test_any_other_size_says_first_that_its_figures_mean_nothing(make):
    made = results.parse(content(USUAL) | {"size": "smoke"})
    told = "This is a run of size 'smoke': its figures mean nothing."
    words = "".join(parsed(render(made)).text).split("which way wins?", 1)[1]
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

    lines = plots.tracks(
        points(0, ("head", 1, 0.5), ("head", 2, 0.6), ("all", 1, 0.7), ("all", 2, 0.9))
        + points(1, ("head", 1, 0.7), ("head", 2, 0.8), ("all", 3, 0.9))
    )
    assert lines[0][0].tolist() == [1, 2, 3, 4]
    assert lines[1][0].tolist() == [1, 2, 3]
    epochs, means = plots.average(lines)
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
