"""Nothing finished is lost: what the next run makes of results nobody recorded, and of commands still at work."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from doors import Project
from dying import finish, orphan, start


def one(project: Project) -> None:
    project.write(a__txt="a\n")
    project.stages(s={"cmd": "echo s >> ../ran; cp a.txt b.txt", "deps": ["a.txt"], "outs": ["b.txt"]})


@pytest.mark.parametrize(
    "where", ["before exited", "after exited", "before hashed", "after hashed", "in lock", "before committed"]
)
def test_a_result_whose_record_was_lost_is_recorded_not_made_again(project: Project, where: str):
    one(project)
    run = start(project, *where.split(), "s", "kill")
    finish(run)
    assert run.returncode == -signal.SIGKILL
    found = project.engine()["s"].state
    assert found == ("cached" if where == "before committed" else "recovered")
    assert project.log() == ["s"]
    assert project.stale() == {}
    assert project.dvc() == []


def test_a_lost_result_is_not_taken_if_anything_moved_since(project: Project):
    one(project)
    finish(start(project, "after", "exited", "s", "kill"))
    project.write(a__txt="b\n")
    assert project.engine()["s"].state == "ran"
    finish(start(project, "after", "exited", "s", "kill"))
    project.write(b__txt="somebody wrote this\n")
    assert project.engine()["s"].state in ("ran", "restored")
    assert (project.root / "b.txt").read_text() == "b\n"


def test_a_full_disk_while_recording_loses_nothing(project: Project):
    one(project)
    said = finish(start(project, "in", "lock", "s", "full"))
    assert "No space left" in said
    assert "the next run records it without running it again" in said
    assert project.engine()["s"].state == "recovered"
    assert project.log() == ["s"]


def log_of(project: Project) -> list[str]:
    """The log of stage `s`, without the times."""
    return [line[24:] for line in (project.root / ".headwater" / "logs" / "s.log").read_text().splitlines()]


def wait_for_record(project: Project) -> None:
    """Until a launcher has written down how its commands ended."""
    end = time.monotonic() + 60
    while not any(path.read_text() for path in (project.root / ".headwater" / "running").glob("*.exit")):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_command_that_outlived_its_run_is_waited_for_and_its_result_taken(project: Project):
    """It goes on printing, more than a pipe holds, though nobody was there to read."""
    talk = "echo early; until [ -e ../go ]; do sleep 0.05; done; seq 20000; echo last >&2; echo s >> ../ran"
    with orphan(project, talk) as left:
        threading.Timer(1.5, (project.root.parent / "go").touch).start()
        begun = time.monotonic()
        assert project.engine()["s"].state == "recovered"
        assert time.monotonic() - begun > 1
        assert not left.is_running()
    assert project.log() == ["s"]
    assert log_of(project)[2:] == ["early", *map(str, range(1, 20001)), "last"]
    assert project.stale() == {}
    assert list((project.root / ".headwater" / "running").iterdir()) == []


def test_a_command_that_ended_while_no_run_was_there_is_recorded_by_the_next(project: Project):
    with orphan(project, "sleep 0.5; echo s >> ../ran"):
        wait_for_record(project)
    assert project.engine()["s"].state == "recovered"
    assert project.log() == ["s"]
    assert project.dvc() == []


def test_a_result_that_somebody_touched_after_its_command_ended_is_made_again(project: Project):
    with orphan(project, "sleep 0.3; echo s >> ../ran"):
        wait_for_record(project)
    old = (project.root / "b.txt").stat()
    project.write(b__txt="x\n")
    os.utime(project.root / "b.txt", ns=(old.st_atime_ns, old.st_mtime_ns))  # same size, same time, other bytes
    assert project.engine()["s"].state == "ran"
    assert (project.root / "b.txt").read_text() == "a\n"
    assert project.log() == ["s", "s"]


@pytest.mark.parametrize("end", ["kill", "terminate", "fail"])
def test_an_orphan_that_does_not_end_well_is_run_again(project: Project, end: str):
    """A command that is told to end and then ends with code 0 has not finished its work."""
    wait = "[ -e ../go ] || sleep 60"
    command = {
        "kill": wait,
        "terminate": f"trap 'exit 0' TERM; {wait}",
        "fail": "[ -e ../go ] || { sleep 0.5; exit 3; }",
    }
    with orphan(project, f"{command[end]}; echo s >> ../ran") as left:
        (project.root.parent / "go").touch()
        if end != "fail":
            os.killpg(os.getpgid(left.pid), signal.SIGKILL if end == "kill" else signal.SIGTERM)
        assert project.engine()["s"].state == "ran"
    assert project.log() == ["s"]


def test_an_orphan_whose_inputs_changed_is_ended_before_its_stage_starts_again(project: Project):
    with orphan(project, "[ -e ../go ] || sleep 60; echo s >> ../ran") as left:
        (project.root.parent / "go").touch()
        project.write(a__txt="b\n")
        assert project.engine()["s"].state == "ran"
        assert not left.is_running()
    assert project.log() == ["s"]
    assert (project.root / "b.txt").read_text() == "b\n"


def test_an_orphan_is_held_to_its_timeout_and_to_a_stop(project: Project):
    with orphan(project, "sleep 60") as left:
        stop = threading.Event()
        threading.Timer(1.0, stop.set).start()
        assert project.engine(stop=stop, grace=1.0)["s"].state == "stopped"
        assert not left.is_running()
    (project.root.parent / "pid").unlink()
    with orphan(project, "sleep 60") as left:
        text = (project.root / "dvc.yaml").read_text()
        (project.root / "dvc.yaml").write_text(f"{text}    meta: {{timeout: 1s}}\n")
        assert "past its timeout of 1 s" in project.engine(grace=1.0)["s"].message
        assert not left.is_running()
