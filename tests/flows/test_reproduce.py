"""`headwater reproduce` in small projects far from this one; the project itself is only read."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from doors import HOUSE, Project
from rich.console import Console

from flows import copies, reproduce
from flows.commands import Choice
from flows.engine import Options
from flows.errors import Refused


@pytest.fixture(autouse=True)
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Temporary folders lie here; every command adds its stage's name to $RAN."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setenv("RAN", str(tmp_path / "ran"))
    return folder


def chain(project: Project, **more: Any) -> None:
    """raw.txt ─> split ─> train ─> score, with a folder, a param and a metric."""
    project.write(params__yaml="rate: 1\n", raw__txt="raw\n", code__py="x = 1\n")
    ran = "echo $DVC_STAGE >> $RAN"
    project.stages(
        split={"cmd": [ran, "mkdir parts; cp raw.txt parts/a"], "deps": ["raw.txt"], "outs": ["parts"]},
        train={
            "cmd": [ran, "cat parts/a params.yaml > model"],
            "deps": ["parts", "code.py"],
            "params": ["rate"],
            "outs": ["model"],
            **more,
        },
        score={"cmd": [ran, "cp model score.txt; echo '{}' > m.json"], "deps": ["model"], "outs": ["score.txt"],
               "metrics": ["m.json"]},
    )  # fmt: skip


def again(project: Project, *targets: str, single: bool = False, keep: bool = False) -> tuple[int, dict[str, Any]]:
    """Exit code, and what the command's JSON says; everything of the project must be as before."""
    (project.root.parent.parent / "ran").unlink(missing_ok=True)
    before = whole(project)
    text = StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.root)
        choice = Choice(targets, single=single)
        code = reproduce.reproduce(Console(file=text), choice, Options(jobs=2), as_json=True, keep=keep)
    assert whole(project) == before
    return code, json.loads(text.getvalue())


def whole(project: Project) -> dict[str, bytes]:
    """Every file of the project, its cache and dvc.lock included, but for DVC's own scratch folder."""
    return {name: text for name, text in project.tree(".").items() if not name.startswith(".dvc/tmp/")}


def executed(project: Project) -> list[str]:
    path = project.root.parent.parent / "ran"
    return path.read_text().split() if path.exists() else []


def states(found: dict[str, Any]) -> dict[str, str]:
    return {name: one["state"] for name, one in found.items()}


def in_git(project: Project) -> None:
    """Make it a git repository, so that DVC writes .gitignore."""
    (project.root / ".dvc" / "config").write_text("")
    subprocess.run(["git", "init", "-q", str(project.root)], check=True)


@pytest.mark.parametrize("git", [False, True])
def test_everything_is_executed_again_and_exact_and_the_project_is_left_alone(project: Project, room: Path, git: bool):
    if git:
        in_git(project)
    chain(project)
    project.dvc()
    (project.root / "parts" / "a").write_text("damaged since\n")  # the copy must not take it from here
    code, found = again(project)
    assert (code, states(found)) == (0, {"split": "exact", "train": "exact", "score": "exact"})
    assert executed(project) == ["split", "train", "score"]
    assert list(room.iterdir()) == []


def test_a_changed_param_file_and_command_are_named_with_all_that_follows(project: Project):
    chain(project)
    project.dvc()
    project.write(params__yaml="rate: 2\n")
    code, found = again(project)
    assert (code, states(found)) == (1, {"split": "exact", "train": "changed", "score": "changed"})
    (because,) = found["score"]["because"]
    assert because == {"kind": "param", "name": "params.yaml: rate", "what": "modified", "old": 1, "new": 2}
    assert found["score"]["through"] == ["train"]
    project.write(params__yaml="rate: 1\n", raw__txt="other\n", code__py="x = 2\n")
    text = (project.root / "dvc.yaml").read_text()
    (project.root / "dvc.yaml").write_text(text.replace("cp model score.txt", "cp model score.txt; true"))
    _, found = again(project)
    names = {name: [change["name"] for change in one["because"]] for name, one in found.items()}
    assert names == {
        "split": ["raw.txt"],
        "train": ["code.py", "raw.txt"],
        "score": ["score", "code.py", "raw.txt"],
    }


def test_one_stage_alone_reads_its_inputs_from_the_cache(project: Project):
    chain(project)
    project.dvc()
    (project.root / "parts" / "a").write_text("damaged since\n")
    code, found = again(project, "train", single=True)
    assert (code, states(found)) == (0, {"train": "exact"})
    assert executed(project) == ["train"]
    shutil.rmtree(project.root / ".dvc" / "cache" / "files")
    with pytest.raises(Refused, match=r"parts: its object .*\.dir is not in the cache.*dvc fetch split"):
        again(project, "train", single=True)
    assert executed(project) == []


def test_tracked_data_comes_from_the_cache_and_untracked_files_from_the_project(project: Project):
    """data.csv has a .dvc file; notes.txt nobody tracks, and .gitignore names it."""
    in_git(project)
    project.write(data__csv="1,2\n", notes__txt="n\n")
    from dvc.repo import Repo

    with pytest.MonkeyPatch.context() as patch, Repo(str(project.root)) as repo:
        patch.chdir(project.root)
        repo.add("data.csv")
    (project.root / ".gitignore").write_text("/data.csv\n/notes.txt\n/out\n/secret.txt\n")
    project.write(secret__txt="not for copies")
    project.stages(
        s={"cmd": "ls > $RAN; cat data.csv notes.txt > out", "deps": ["data.csv", "notes.txt"], "outs": ["out"]}
    )
    project.dvc()
    code, found = again(project)
    assert (code, states(found)) == (0, {"s": "exact"})
    assert {"data.csv", "notes.txt"} <= set(executed(project))
    assert not {"secret.txt", "out"} & set(executed(project))


def test_noise_differs_and_the_projects_own_command_may_call_it_equal(project: Project):
    chain(project, cmd="date +%N > model")
    project.dvc()
    code, found = again(project)
    assert (code, states(found)) == (1, {"split": "exact", "train": "differs", "score": "differs"})
    judge = """\
        import pathlib, sys
        old, new = (pathlib.Path(folder) for folder in sys.argv[1:])
        assert (old / "m.json").read_text() == (new / "m.json").read_text()
        assert (old / "score.txt").read_text() != (new / "score.txt").read_text()
        print("near enough")
        sys.exit(int(pathlib.Path("code").read_text()))
        """
    project.write(pyproject__toml='[tool.headwater]\nsame = "python judge.py"\n', judge__py=judge, code="0")
    code, found = again(project)
    assert (code, states(found)) == (0, {"split": "exact", "train": "equal", "score": "equal"})
    assert found["score"]["said"] == "near enough"
    project.write(code="3")
    code, found = again(project)
    assert (code, states(found)) == (1, {"split": "exact", "train": "differs", "score": "differs"})
    project.write(code="7")
    _, found = again(project)
    assert "cannot be judged: near enough" in found["score"]["said"]


def test_a_stage_that_fails_in_the_copy_says_so_and_retries_as_meta_has_it(project: Project):
    chain(project, cmd="echo try >> $RAN; [ ! -e broken ] && cp parts/a model", meta={"retries": 1})
    project.dvc()
    project.write(broken="")
    code, found = again(project)
    assert (code, states(found)) == (1, {"split": "exact", "train": "failed", "score": "skipped"})
    assert "exit code 1" in found["train"]["said"]
    assert executed(project).count("try") == 2


def test_a_link_that_leads_back_into_the_project_is_refused(project: Project, tmp_path: Path):
    (tmp_path / "big").mkdir()
    (project.root / "data").symlink_to(tmp_path / "big")
    project.stages(s={"cmd": "echo 1 > data/out", "outs": ["data/out"]})
    with pytest.raises(Refused, match="behind a link"):
        again(project)
    assert list((tmp_path / "big").iterdir()) == []


def test_a_copy_can_be_kept_and_a_missing_record_is_said(project: Project, room: Path):
    chain(project)
    code, found = again(project, keep=True)
    assert (code, set(states(found).values())) == (1, {"new"})
    (folder,) = room.iterdir()
    assert (folder / "project" / "score.txt").read_text() == "raw\nrate: 1\n"


def test_a_killed_one_leaves_a_folder_that_doctor_names_and_the_next_removes(project: Project, room: Path):
    project.stages(slow={"cmd": "echo $$ > $RAN; [ ! -e wait ] || sleep 60; echo 1 > out", "outs": ["out"]})
    project.dvc()
    project.write(wait="")
    before = whole(project)
    ran = Path(os.environ["RAN"])
    ran.unlink()
    command = [sys.executable, "-m", "flows.cli", "reproduce"]
    env = {**os.environ, "PYTHONPATH": str(HOUSE)}
    run = subprocess.Popen(command, cwd=project.root, env=env, stdout=subprocess.DEVNULL)
    while not ran.exists() or not ran.read_text():
        assert run.poll() is None
        time.sleep(0.02)
    run.send_signal(signal.SIGKILL)
    run.wait()
    end = time.monotonic() + 20
    while Path(f"/proc/{ran.read_text().strip()}").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert time.monotonic() < end  # its command was ended, too
    assert whole(project) == before
    (left,) = copies.leftovers(project.root)
    assert f"{left} is a copy of this project" in project.headwater("doctor", code=1)
    (project.root / "wait").unlink()
    said = project.headwater("reproduce")
    assert f"removed {left}" in said
    assert "exact    slow" in said
    assert not left.exists()
    assert not list(room.glob(f"{copies.PREFIX}*"))
