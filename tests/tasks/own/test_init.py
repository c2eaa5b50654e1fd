"""`headwater init`: what is guessed, what is said of it, and that params.yaml keeps every line it had."""

import difflib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.common import params
from tasks.common.errors import UserError
from tasks.init import __main__ as init
from tasks.init import columns, guess, study, table, wording, writing
from tests.tasks.own.making import arrays, csv, images

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the project's params.yaml."""
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def block(project: Path, dataset: str) -> Any:
    return writing.loaded((project / "params.yaml").read_text())["datasets"][dataset]


def test_no_line_of_params_yaml_is_lost_or_changed_but_the_two_lists(project: Path) -> None:
    before = (project / "params.yaml").read_text().splitlines()
    (project / "people.csv").write_text(csv())
    init.main("people.csv", source_where="city=Oslo")
    after = (project / "params.yaml").read_text().splitlines()
    difference = list(difflib.ndiff(before, after))
    lost = [line[2:].split(":")[0].strip() for line in difference if line.startswith("- ")]
    assert lost == ["files", "studies"], "only the place of the files and the list of the suite are written anew"
    assert all("#" in line for line in after if line.strip().startswith("files:")), "its comment is kept"
    params.load()


def test_a_second_study_stands_beside_the_first(project: Path) -> None:
    (project / "people.csv").write_text(csv())
    init.main("people.csv", source_where="city=Oslo")
    init.main("people.csv", source_where="city=Rome", name="Others here!")
    loaded = params.load()
    assert set(loaded.run.files) == {"people", "people-source", "others-here", "others-here-source"}
    assert {"people", "others-here"} <= {*loaded.suites["basics"].studies}
    with pytest.raises(UserError, match="datasets has 'people' already; choose another name with --name"):
        init.main("people.csv", source_where="city=Oslo")


def test_nothing_is_written_when_something_is_wrong(project: Path) -> None:
    before = (project / "params.yaml").read_text()
    (project / "people.csv").write_text(csv())
    for wrong, message in (
        ({"source_where": "city=Paris"}, "column 'city' has no rows with 'Paris' and without"),
        ({"source_where": "town=Oslo"}, "expected COLUMN=VALUE, COLUMN one of age"),
        ({"target_column": "labels"}, "Did you mean 'label'?"),
        ({}, "nothing says what the source is"),
        ({"source": "people.csv", "source_where": "city=Oslo"}, "give one of them"),
        ({"source": "none.csv"}, "'none.csv' was not found"),
        ({"source": "./people.csv"}, "--source is the file of --from"),
    ):
        with pytest.raises(UserError) as error:
            init.main("people.csv", **wrong)  # type: ignore[arg-type]
        assert message in str(error.value)
    assert (project / "params.yaml").read_text() == before


def test_columns_are_sorted_by_their_cells() -> None:
    rows = 60
    cells = {
        "id": [str(n + 1) for n in range(rows)],
        "amount": [f"{n / 7:.3f}" for n in range(rows)],
        "grade": [str(n % 3) for n in range(rows)],
        "colour": [["red", "blue"][n % 2] for n in range(rows)],
        "born": [f"19{n + 10}-01-02" for n in range(rows)],
        "note": [f"a rather long sentence about case number {n}" for n in range(rows)],
        "code": [f"x{n}" for n in range(rows)],
        "same": ["1"] * rows,
        "none": [""] * rows,
        "patient": [f"p{n % 9}" for n in range(rows)],
        "dirty": [str(n) if n != 5 else "many" for n in range(rows)],
        "gaps": [str(n / 3) if n % 4 else "NA" for n in range(rows)],
    }
    found = columns.sorted_out(cells, ["label"], columns.missing_in(cells), ".")
    assert found.numbers == ["amount", "grade", "gaps"]
    assert found.categories == ["colour", "dirty"]
    assert found.dates == ["born"]
    assert found.texts == ["note"]
    assert found.ignored == ["id", "code", "same", "none"]
    assert found.group == "patient"
    doubts = " ".join(found.doubts)
    for named in (
        "'patient'",
        "'grade' has 3 different whole numbers",
        "'dirty' has 59 numbers and 1 other cells such as 'many'",
    ):
        assert named in doubts


def test_a_question_mark_among_numbers_means_missing_and_among_words_nothing() -> None:
    assert "?" in columns.missing_in({"a": ["1", "?"]})
    assert "?" not in columns.missing_in({"a": ["why", "?"]})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,b\n1.5,x\n", (",", ".", "utf-8")),
        ("a;b\n1,5;x\n", (";", ",", "utf-8")),
        ("a\tb\n1.5\tx\n", ("\t", ".", "utf-8")),
        ("a;b\n1.5;x,y\n", (";", ".", "utf-8")),
        ("a,b\n1.5,é\n".encode("cp1252"), (",", ".", "cp1252")),
        ("a,b\n1.5,é\n".encode("utf-16"), (",", ".", "utf-16")),
    ],
)
def test_how_a_file_is_written_is_seen(content: str | bytes, expected: tuple[str, str, str], tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    form = table.format_of(path)
    assert (form.separator, form.decimal, form.encoding) == expected


def test_an_amount_is_cut_into_classes_and_that_is_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "people.csv").write_text(csv())
    init.main("people.csv", target_column="income", source_where="city=Oslo")
    assert block(project, "people")["bins"] == 4
    assert "'income' is an amount" in capsys.readouterr().out


def test_every_class_of_a_table_is_named_and_counted(project: Path) -> None:
    (project / "people.csv").write_text(csv())
    init.main("people.csv", source_where="city=Oslo")
    text = (project / "params.yaml").read_text()
    assert 'classes: ["no", "yes"]' in text, "words that YAML takes for false and true stand in quotes"
    assert block(project, "people")["where"] == {"column": "city", "values": ["Lima", "Rome"]}


def test_a_source_with_other_columns_shares_those_that_both_have(project: Path) -> None:
    (project / "people.csv").write_text(csv())
    (project / "older.csv").write_text(
        csv(lambda rows: [row.append(str(n)) if n else row.append("extra") for n, row in enumerate(rows)])
    )
    init.main("people.csv", source="older.csv")
    assert block(project, "people-source")["ignored"] == ["extra"]
    assert block(project, "people")["numbers"] == block(project, "people-source")["numbers"]


def test_folders_arrays_and_texts(project: Path) -> None:
    images(project / "pets")
    for name in ("cow", "owl"):
        (project / "pets" / name).mkdir()
        for file in (project / "pets/cat").iterdir():
            (project / "pets" / name / file.name).write_bytes(file.read_bytes())
    init.main("pets")
    assert block(project, "pets") == {
        "kind": "own-images",
        "classes": ["cat", "cow", "dog", "owl"],
        "side": 16,
        "colour": True,
        "test": 0.25,
    }
    arrays(project, y=np.arange(20) % 4)
    init.main("data.npz", name="numbers")
    assert block(project, "numbers")["classes"] == ["0", "1", "2", "3"]
    (project / "says.txt").write_text("".join(f"{name}\tcase {n}\n" for name in "abcd" for n in range(9)))
    init.main("says.txt")
    assert block(project, "says") == {
        "kind": "own-text",
        "label": "first",
        "classes": ["a", "b", "c", "d"],
        "tokens": "none",
        "test": 0.25,
    }
    loaded = params.load()
    assert {"pets", "numbers", "says"} <= {*loaded.run.studies}
    assert loaded.studies["pets"].network.kind == "convolutional"
    assert loaded.studies["says"].data.scaling == "overall"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("data.xlsx", b"PK\x03\x04", "ends with '.xlsx', which says nothing of what it is"),
        ("data.csv", b"", "is empty (0 bytes)"),
        ("data.txt", b"one\ntwo\n", "expected a label and a text on each line"),
        ("data.npz", b"\x80\x04", "is a Python pickle"),
        ("../outside.csv", csv().encode(), "leads out of the project's folder"),
    ],
)
def test_what_cannot_be_taken_in_is_said(name: str, content: bytes, message: str, project: Path) -> None:
    (project / name).write_bytes(content)
    with pytest.raises(UserError) as error:
        init.main(name)
    assert message in str(error.value)
    (project / name).unlink()


def test_labels_that_look_odd_are_doubted() -> None:
    doubts = " ".join(guess.about_classes({"Yes": 90, "yes": 3, "1": 40}, "'label'"))
    assert "too few samples of 'yes' (3)" in doubts
    assert "uneven, from 3 to 90" in doubts
    assert "'Yes' and 'yes' are taken as different classes" in doubts
    assert "labels are of mixed type" in doubts


def test_the_most_frequent_classes_become_the_source() -> None:
    one = guess.Guess(
        [], ["a", "b", "c", "d", "e"], {"a": 5, "b": 50, "c": 40, "d": 9, "e": 30}, 134, "dense", "standardise"
    )
    assert study.parted(one) == (["b", "c", "e"], ["a", "d"])


@pytest.mark.parametrize("pool", [8, 40, 200, 3000, 100_000])
def test_no_more_samples_are_asked_for_than_there_are(pool: int) -> None:
    labelled, validation, unlabelled = study.amounts(pool, 2)
    assert 2 <= labelled == validation <= 200
    assert labelled + validation + unlabelled <= int(pool * 0.75)


@pytest.mark.parametrize(
    "value", ["yes", "No", "1", "1.5", "a: b", "a # b", "'", '"', "é", "null", "- x", "a b", "", "{x}", "x\ny", "~"]
)
def test_every_word_is_read_back_as_it_was(value: str) -> None:
    assert writing.loaded(f"key: {wording.words([value, value])}") == {"key": [value, value]}
    assert writing.loaded(f"key: {wording.word(value)}") == {"key": value}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("  files: {}", "  other: {}"), "no block 'run.files'"),
        (lambda text: text.replace("&none", "&nothing").replace("*none", "*nothing"), "no entry with the anchor &none"),
        (lambda text: text.replace("\nstudies:", "\n'studies':"), "no block 'studies'"),
        (lambda text: "a: [\n", "is not valid YAML"),
    ],
)
def test_a_file_that_lines_cannot_be_added_to_is_left_alone(change: Any, message: str, project: Path) -> None:
    path = project / "params.yaml"
    path.write_text(change(path.read_text()))
    before = path.read_text()
    (project / "people.csv").write_text(csv())
    with pytest.raises(UserError) as error:
        init.main("people.csv", source_where="city=Oslo")
    assert message in str(error.value)
    assert path.read_text() == before


def test_the_command_says_one_thing_and_ends_with_2(project: Path) -> None:
    command = [sys.executable, "-m", "tasks.init", "--from", "none.csv"]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: run.files: 'none.csv' was not found")
    assert "Traceback" not in done.stderr
