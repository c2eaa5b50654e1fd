"""The stage `own` in DVC's hands: a changed file wakes it and what hangs on it, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.copies import Copy, whole
from tests.tasks.own.making import csv


@pytest.fixture
def project(tmp_path: Path) -> Copy:
    """The project's stages with a study of a person's own table, and another data set beside it."""
    copied = whole(tmp_path)
    (tmp_path / "my files").mkdir()
    (tmp_path / "my files/people.csv").write_text(csv())
    return copied


def ran(project: Copy) -> list[str]:
    said = project.call(sys.executable, "-m", "dvc", "repro", "split@people")
    return [line.split("'")[1] for line in said.splitlines() if line.startswith("Running stage ")]


def test_a_changed_file_reruns_what_hangs_on_it(project: Copy) -> None:
    project.call(sys.executable, "-m", "tasks.init", "--from", "my files/people.csv", "--source-where", "city=Oslo")
    stages = {"own@people", "own@people-source", "split@people"}
    assert set(ran(project)) == stages
    (project.root / "my files/people.csv").write_text(csv(lambda rows: rows[3].__setitem__(0, "99")))
    project.edit(lambda content: content["studies"]["tables"]["data"].update(duplicates="tell"))
    again = ran(project)
    assert {"own@people", "own@people-source"} <= set(again) <= stages
    assert ran(project) == []


def test_a_broken_file_fails_its_stage_in_one_line(project: Copy) -> None:
    project.call(sys.executable, "-m", "tasks.init", "--from", "my files/people.csv", "--source-where", "city=Oslo")
    (project.root / "my files/people.csv").write_text(csv(lambda rows: rows[3].__setitem__(0, "old")))
    command = [sys.executable, "-m", "tasks.own", "--dataset", "people"]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: data set 'people', my files/people.csv: column 'age' is listed under numbers")
    assert len(done.stderr.splitlines()) == 1
    assert not (project.root / "data/raw/people.npz").exists()
