"""DVC's rwlock: never two writers on one output, be it of a run, another run, or a `dvc repro` beside them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from doors import Project
from dvc.exceptions import ReproductionError
from dying import finish, orphan, start

from flows.store import Busy, Store
from flows.store.claims import Claims


def test_a_file_that_another_process_makes_is_waited_for_and_its_maker_named(project: Project):
    project.stages(s={"cmd": "sleep 2; echo > a.txt", "outs": ["a.txt"]})
    other = subprocess.Popen([sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "-q"], cwd=project.root)
    rwlock = project.root / ".dvc" / "tmp" / "rwlock"
    while not (rwlock.exists() and "a.txt" in rwlock.read_text()):
        assert other.poll() is None
        time.sleep(0.02)
    store = Store(project.root)
    store.graph()
    notes: list[str] = []
    begun = store.begin("s", on_wait=notes.append)
    assert other.wait() == 0
    store.close()
    assert begun.state == "cached"
    assert str(other.pid) in notes[0]


def test_a_dvc_repro_beside_a_run_never_writes_what_the_run_writes(project: Project):
    """DVC does not wait for a file that another makes: it ends with a message. The run goes on; then all is done."""
    project.write(a__txt="a\n")  # DVC remembers no run of a stage without deps
    project.stages(
        **{
            f"s{i}": {"cmd": f"echo s{i} >> ../ran; sleep 0.3; echo > o{i}", "deps": ["a.txt"], "outs": [f"o{i}"]}
            for i in range(5)
        }
    )
    run = start(project)
    other = subprocess.Popen(
        [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "--keep-going"],
        cwd=project.root,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    said = other.communicate(timeout=200)[1]
    finish(run)
    assert run.returncode == 0
    assert other.returncode == 0 or "busy" in said, said
    project.dvc()
    assert sorted(project.log()) == [f"s{i}" for i in range(5)]
    assert project.stale() == {}


def refusal(project: Project) -> str:
    """What DVC says against running stage `s` now; "" if it ran."""
    try:
        project.dvc()
    except ReproductionError as error:
        return str(error.__cause__)
    return ""


def test_a_command_that_outlived_its_run_and_its_guard_keeps_dvc_off_its_output(project: Project):
    """DVC drops the entries of dead processes, so that of the run alone would not hold."""
    with orphan(project, "until [ -e ../go ]; do sleep 0.05; done; echo s >> ../ran") as left:
        said = refusal(project)
        assert "is busy" in said
        assert f"(PID {os.getpgid(left.pid)}): headwater run: s" in said
        (project.root.parent / "go").touch()
        assert project.engine()["s"].state == "recovered"
    assert refusal(project) == ""
    assert project.log() == ["s"]


def test_the_guard_of_a_killed_run_leaves_nothing_in_the_way_of_dvc(project: Project):
    """Even where nobody reaps the dead (here: this very process), which DVC would take for alive."""
    project.stages(s={"cmd": "[ -e ../go ] && echo > b.txt || { touch ../on; sleep 60; }", "outs": ["b.txt"]})
    run = start(project, "none", "none", "s", "none")
    while not (project.root.parent / "on").exists():
        assert run.poll() is None
        time.sleep(0.02)
    run.kill()
    rwlock = project.root / ".dvc" / "tmp" / "rwlock"
    end = time.monotonic() + 10
    while "headwater" in rwlock.read_text() and time.monotonic() < end:
        time.sleep(0.05)
    assert psutil.Process(run.pid).status() == psutil.STATUS_ZOMBIE
    (project.root.parent / "go").touch()
    assert refusal(project) == ""
    assert project.stale() == {}
    finish(run)


def test_a_torn_rwlock_is_mended(project: Project):
    """What `kill -9` leaves of DVC's rwlock in mid-write stops every DVC command."""
    project.stages(s={"cmd": "echo > b.txt", "outs": ["b.txt"]})
    (project.root / ".dvc" / "tmp" / "rwlock").write_text("")
    assert "RWLock" in refusal(project)
    assert project.engine()["s"].state == "ran"
    assert refusal(project) == ""


def test_claims_of_several_stages_and_their_commands_come_and_go(tmp_path: Path):
    claims = Claims(str(tmp_path), hardlink=False)
    claims.take("a", ["/in"], ["/out"])
    claims.take("b", ["/in"], ["/other"])
    command = subprocess.Popen(["sleep", "60"])
    try:
        claims.works("a", command.pid)
        with pytest.raises(Busy, match="headwater run: a"):
            Claims(str(tmp_path), hardlink=False).take("c", [], ["/out/below"])
        with pytest.raises(Busy, match="headwater run: b"):
            claims.take("c", ["/other"], [])
        assert claims.stale() == set()
        claims.drop("b")
        claims.take("c", ["/other"], [])
    finally:
        command.kill()
    while psutil.Process(command.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert claims.stale() == {command.pid}
    assert claims.drop_stale() == 1
    command.wait()
    claims.drop("a")
    claims.drop("c")
    assert not any(json.loads(claims.path.read_text()).values())
