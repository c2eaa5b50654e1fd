"""Nothing finished is lost: what the journal and the claims are worth after a death."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from doors import HOUSE, Project

from flows import journal, resources
from flows.dag import Stage
from flows.errors import Refused
from flows.journal import Journal
from flows.meta import Meta
from flows.resources import Ledger, Machine
from flows.store import Store

FAULTS = Path(__file__).with_name("faults.py")


def run_with_fault(project: Project, *fault: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(FAULTS), str(project.root), "2", *fault],
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def one(project: Project) -> None:
    project.write(a__txt="a\n")
    project.stages(s={"cmd": "echo s >> ../ran; cp a.txt b.txt", "deps": ["a.txt"], "outs": ["b.txt"]})


@pytest.mark.parametrize(
    "where", ["before exited", "after exited", "before hashed", "after hashed", "in lock", "before committed"]
)
def test_a_result_whose_record_was_lost_is_recorded_not_made_again(project: Project, where: str):
    one(project)
    assert run_with_fault(project, *where.split(), "s", "kill").returncode == -signal.SIGKILL
    found = project.engine()["s"].state
    assert found == ("cached" if where == "before committed" else "recovered")
    assert project.log() == ["s"]
    assert project.stale() == {}
    assert project.dvc() == []


def test_a_lost_result_is_not_taken_if_anything_moved_since(project: Project):
    one(project)
    run_with_fault(project, "after", "exited", "s", "kill")
    project.write(a__txt="b\n")
    assert project.engine()["s"].state == "ran"
    run_with_fault(project, "after", "exited", "s", "kill")
    project.write(b__txt="somebody wrote this\n")
    assert project.engine()["s"].state in ("ran", "restored")
    assert (project.root / "b.txt").read_text() == "b\n"


def test_a_full_disk_while_recording_loses_nothing(project: Project):
    one(project)
    done = run_with_fault(project, "in", "lock", "s", "full")
    assert "No space left" in done.stdout
    assert "the next run records it without running it again" in done.stdout
    assert project.engine()["s"].state == "recovered"
    assert project.log() == ["s"]


@contextlib.contextmanager
def orphan(project: Project, command: str) -> Iterator[psutil.Process]:
    """The command of a run that is killed, together with its guard, while stage `s` writes `../pid`."""
    project.write(a__txt="a\n")
    project.stages(s={"cmd": f"echo $$ > ../pid; {command}; cp a.txt b.txt", "deps": ["a.txt"], "outs": ["b.txt"]})
    run = subprocess.Popen(
        [sys.executable, str(FAULTS), str(project.root), "2", "none", "none", "s", "noguard"],
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
        stdout=subprocess.DEVNULL,
    )
    pid = project.root.parent / "pid"
    while not pid.exists() or not pid.read_text():
        assert run.poll() is None
        time.sleep(0.02)
    run.kill()
    run.wait()
    left = psutil.Process(int(pid.read_text()))
    try:
        yield left
    finally:
        with contextlib.suppress(psutil.Error):
            left.kill()


def log_of(project: Project) -> list[str]:
    """The log of stage `s`, without the times."""
    return [line[24:] for line in (project.root / ".headwater" / "logs" / "s.log").read_text().splitlines()]


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
    assert log_of(project)[1:] == ["early", *map(str, range(1, 20001)), "last"]
    assert project.stale() == {}
    assert list((project.root / ".headwater" / "running").iterdir()) == []


def test_a_command_that_ended_while_no_run_was_there_is_recorded_by_the_next(project: Project):
    with orphan(project, "sleep 0.5; echo s >> ../ran") as left:
        left.wait(10)
        time.sleep(0.1)
    assert project.engine()["s"].state == "recovered"
    assert project.log() == ["s"]
    assert project.dvc() == []


def test_a_result_that_somebody_touched_after_its_command_ended_is_made_again(project: Project):
    with orphan(project, "sleep 0.3; echo s >> ../ran") as left:
        left.wait(10)
    time.sleep(0.1)
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


def test_two_runs_at_once_run_each_stage_once(project: Project):
    project.stages(
        **{f"s{i}": {"cmd": f"echo s{i} >> ../ran; sleep 0.2; echo > o{i}", "outs": [f"o{i}"]} for i in range(6)},
        last={"cmd": "echo last >> ../ran; cat o0 o5 > last", "deps": ["o0", "o5"], "outs": ["last"]},
    )
    command = [sys.executable, str(FAULTS), str(project.root), "3", "none", "none", "s", "none"]
    runs = [
        subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(HOUSE)}, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [run.communicate(timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert sorted(project.log()) == ["last", *(f"s{i}" for i in range(6))]
    assert project.stale() == {}


def test_a_dvc_repro_beside_a_run_never_writes_what_the_run_writes(project: Project):
    """DVC does not wait for a file that another makes: it ends with a message. The run goes on; then all is done."""
    project.write(a__txt="a\n")  # DVC remembers no run of a stage without deps
    project.stages(
        **{
            f"s{i}": {"cmd": f"echo s{i} >> ../ran; sleep 0.3; echo > o{i}", "deps": ["a.txt"], "outs": [f"o{i}"]}
            for i in range(5)
        }
    )
    env = {**os.environ, "PYTHONPATH": str(HOUSE)}
    run = subprocess.Popen([sys.executable, str(FAULTS), str(project.root), "2", "none", "none", "s", "none"], env=env)
    other = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro", "--keep-going"],
        cwd=project.root,
        env=env,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    said = other.communicate(timeout=60)[1]
    assert run.wait(60) == 0
    assert other.returncode == 0 or "busy" in said, said
    project.dvc()
    assert sorted(project.log()) == [f"s{i}" for i in range(5)]
    assert project.stale() == {}


def test_the_journal_has_what_a_stage_took_and_the_next_run_expects_it(project: Project):
    project.stages(s={"cmd": "sleep 0.7; echo > b.txt", "outs": ["b.txt"]})
    project.engine()
    book = Journal(project.root)
    (record,) = book.history()["s"]
    assert 0.7 <= record["seconds"] < 2
    assert record["peak_bytes"] > 0
    assert book.seconds()["s"] == record["seconds"]
    assert [r["event"] for r in book.records() if r.get("stage") == "s"] == [
        "planned",
        "prepared",
        "started",
        "exited",
        "hashed",
        "committed",
    ]


def test_a_line_cut_short_spoils_only_itself(tmp_path: Path):
    book = Journal(tmp_path)
    book.open()
    book.write("planned", "a")
    with book.path.open("a") as stream:
        stream.write('{"event": "exited", "stage": "a", "co')
    book.write("planned", "b")
    assert [r.get("stage") for r in book.records()] == [None, "a", "b"]


def test_a_long_journal_is_shortened_and_still_knows_durations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    book = Journal(tmp_path)
    book.open()
    for i in range(50):
        book.write("prepared", "a", command=["x"], deps={})
        book.write("exited", "a", code=0, seconds=float(i), outs={})
        book.write("committed", "a")
    book.close()
    monkeypatch.setattr(journal, "KEEP_BYTES", 100)
    later = Journal(tmp_path)
    later.open()
    assert later.seconds()["a"] == 47.0  # median of 45 to 49
    assert not later.attempts()["a"].lost


# ---- claims


def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "project", tmp_path / "claims", Machine(4, 8 * 2**30, ("0", "1")))


def test_claims_are_granted_while_they_fit(tmp_path: Path):
    book = ledger(tmp_path)
    first = book.claim("a", Meta(cores=3))
    assert first
    assert book.claim("b", Meta(cores=2)) is None
    small = book.claim("c", Meta(cores=1))
    assert small
    first.release()
    second = book.claim("b", Meta(cores=2))
    third = book.claim("d", Meta(memory=6 * 2**30))
    assert second
    assert third
    assert book.claim("e", Meta(memory=3 * 2**30)) is None


def test_each_gpu_has_one_holder_and_the_command_sees_no_other(tmp_path: Path):
    book = ledger(tmp_path)
    one, two = book.claim("a", Meta(gpus=1)), book.claim("b", Meta(gpus=1))
    assert one.env() == {"CUDA_VISIBLE_DEVICES": "0"}
    assert two.env() == {"CUDA_VISIBLE_DEVICES": "1"}
    assert book.claim("c", Meta(gpus=1)) is None
    one.release()
    assert book.claim("c", Meta(gpus=1)).gpus == ("0",)


def test_a_mutex_counts_within_its_project(tmp_path: Path):
    here = ledger(tmp_path)
    there = Ledger(tmp_path / "other", tmp_path / "claims", here.have)
    held = here.claim("a", Meta(mutex=("disk",)))
    assert here.claim("b", Meta(mutex=("disk", "net"))) is None
    assert there.claim("b", Meta(mutex=("disk",)))
    held.release()


def test_a_claim_dies_with_its_holder(tmp_path: Path):
    program = (
        "import sys, time; from pathlib import Path; from flows.resources import *; from flows.meta import Meta\n"
        "claim = Ledger(Path('p'), Path(sys.argv[1]), Machine(4, 1, ('0',))).claim('a', Meta(gpus=1))\n"
        "print(claim.gpus, flush=True); time.sleep(60)"
    )
    book = Ledger(Path("p"), tmp_path / "claims", Machine(4, 1, ("0",)))
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "claims")], stdout=subprocess.PIPE, cwd=HOUSE
    )
    assert holder.stdout.readline()
    assert book.claim("b", Meta(gpus=1)) is None
    holder.kill()
    holder.wait()
    assert book.claim("b", Meta(gpus=1)).gpus == ("0",)
    assert len(list((tmp_path / "claims").glob("*.claim"))) == 1


def test_what_can_never_be_granted_is_refused_at_once(tmp_path: Path):
    book = ledger(tmp_path)
    with pytest.raises(Refused) as caught:
        book.check({"a": Stage("a"), "b": Stage("b")}, {"a": Meta(cores=5), "b": Meta(gpus=3, memory=2**40)})
    assert "stage 'a' claims 5 cores; this machine has 4" in str(caught.value)
    assert "stage 'b' claims 3 GPUs; this machine has 2" in str(caught.value)
    assert "1024.0 GiB" in str(caught.value)


def test_a_mutex_keeps_stages_apart_in_a_run(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Each of three would see another's mark, were they to overlap."""
    monkeypatch.setattr(resources.tempfile, "gettempdir", lambda: str(tmp_path))
    project.stages(
        **{
            f"s{i}": {
                "cmd": f"mkdir ../alone && sleep 0.2 && rmdir ../alone && echo > o{i}",
                "outs": [f"o{i}"],
                "meta": {"mutex": "disk"},
            }
            for i in range(3)
        }
    )
    assert {o.state for o in project.engine(jobs=3).values()} == {"ran"}


def test_the_longest_expected_path_starts_first(project: Project):
    """::

    short          long ─> after          one job at a time
    """
    project.stages(
        short={"cmd": "echo short >> ../ran; echo > a", "outs": ["a"]},
        long={"cmd": "echo long >> ../ran; echo > b", "outs": ["b"]},
        after={"cmd": "echo after >> ../ran; cp b c", "deps": ["b"], "outs": ["c"]},
    )
    book = Journal(project.root)
    book.open()
    for name, seconds in {"short": 5.0, "long": 3.0, "after": 4.0}.items():
        book.write("exited", name, code=0, seconds=seconds)
    book.close()
    project.engine(jobs=1)
    assert project.log() == ["long", "short", "after"]


def test_a_stop_leaves_the_workspace_ready(project: Project):
    project.stages(
        s={"cmd": "echo half > b.txt; sleep 60", "outs": ["b.txt"]},
        t={"cmd": "cp b.txt c.txt", "deps": ["b.txt"], "outs": ["c.txt"]},
    )
    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()
    found = project.engine(stop=stop, grace=1.0)
    assert {name: o.state for name, o in found.items()} == {"s": "stopped", "t": "not started"}
    store = Store(project.root)
    store.graph()
    begun = store.begin("s")
    assert begun.state == "run"
    assert not (project.root / "b.txt").exists()
    store.abandon("s")
    store.close()
    assert not any(json.loads((project.root / ".dvc" / "tmp" / "rwlock").read_text()).values())
