"""Exported files in the page over all studies: their front, and the methods beside them."""

import json
from pathlib import Path

import pytest
from report_made_up import content
from test_report_page import parsed

from tasks.common.errors import UserError
from tasks.report import index, results, shipped
from tasks.report.verdict import judge

FILES = {
    "fine-tuning": {
        "keras": shipped.File(accuracy=0.91, agreement=1.0, bytes=40_000),
        "float32": shipped.File(accuracy=0.91, agreement=1.0, bytes=30_000),
        "int8": shipped.File(accuracy=0.90, agreement=0.98, bytes=9_000),
    },
    "fixed": {"float32": shipped.File(accuracy=0.5, agreement=1.0, bytes=9_500)},
}


def made(total: int = 7_000) -> results.Results:
    data = content({"scratch-tuned": [0.8, 0.81], "fine-tuning": [0.9, 0.92], "fixed": [0.5, 0.52]})
    data["methods"]["fine-tuning"]["parameters"] = {"trained": 10, "total": total}
    return results.parse(data | {"study": "made-up"})


def test_the_front_is_of_files_and_methods_stand_beside_them_at_four_bytes_a_parameter() -> None:
    found = shipped.trade(made(), judge(made()), FILES)
    assert found is not None
    assert found.front == ["fine-tuning int8", "fine-tuning float32"]
    assert found.points["fine-tuning"] == pytest.approx((28_000, 0.91))
    assert found.points["fine-tuning float32"] == (30_000, 0.91)
    assert found.points.keys() >= {"scratch-tuned", "fixed", "fixed float32", "fine-tuning keras"}
    small = shipped.trade(made(total=10), judge(made(total=10)), FILES)
    assert small is not None
    assert small.front == found.front, "a method is no file, however small it would be"


def test_the_table_has_every_file_and_a_star_on_the_front() -> None:
    found = shipped.trade(made(), judge(made()), FILES)
    assert found is not None
    assert shipped.rows(FILES, found) == [
        ["fine-tuning keras", "91.00", "100.00", "40.0"],
        ["fine-tuning float32", "91.00", "100.00", "30.0 *"],
        ["fine-tuning int8", "90.00", "98.00", "9.0 *"],
        ["fixed float32", "50.00", "100.00", "9.5"],
    ]


def test_the_index_draws_the_files_of_the_studies_that_have_some() -> None:
    other = results.parse(content({"scratch-tuned": [0.8, 0.81]}) | {"study": "other"})
    html = index.render({"made-up": made(), "other": other}, {}, {"made-up": FILES, "other": {}})
    words = " ".join(" ".join(parsed(html).text).split())
    assert "Files to ship" in words
    assert "Accuracy against bytes; no method is cheaper and as good as: fine-tuning int8 90.00 % at 9k" in html
    assert html.count('class="spot on"') == 2
    assert html.count('class="spot off"') == 2  # the other files
    assert html.count('class="spot control"') == 3  # methods
    assert "fine-tuning int8 90.00 98.00 9.0 *" in words
    assert "Files of other" not in html


@pytest.mark.parametrize("files", [None, {}, {"made-up": {}}])
def test_without_files_the_index_says_nothing_of_them(files: dict[str, shipped.Files] | None) -> None:
    assert "Files to ship" not in index.render({"made-up": made()}, {}, files)


def test_what_the_shipped_stage_writes_is_read(tmp_path: Path) -> None:
    written = {method: {kind: one.model_dump() for kind, one in kinds.items()} for method, kinds in FILES.items()}
    (tmp_path / "a.json").write_text(json.dumps(written))
    assert shipped.read(tmp_path / "a.json") == FILES


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"a\.json is not valid JSON .*Run the shipped stage of this study again"),
        ('{"fixed": {"int8": {"accuracy": 0.5}}}', r"a\.json does not hold measured files \(Field required\)"),
        ("[1]", r"a\.json does not hold measured files"),
    ],
)
def test_a_file_that_is_something_else_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UserError, match=message):
        shipped.read(tmp_path / "a.json")


def test_the_command_shows_files_of_selected_studies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[3]
    (tmp_path / "params.yaml").write_text((root / "params.yaml").read_text("utf-8"), "utf-8")
    for path, data in (
        ("data/evaluate/tables/results.json", content({"fixed": [0.5, 0.52]}) | {"study": "tables"}),
        ("data/shipped/tables.json", {"fixed": {"int8": {"accuracy": 0.5, "agreement": 0.9, "bytes": 900}}}),
        ("data/shipped/not-selected.json", {}),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(json.dumps(data))
    monkeypatch.chdir(tmp_path)
    index.main()
    assert "Files of tables" in index.PAGE.read_text("utf-8")
