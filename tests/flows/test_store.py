"""Both doors leave the same: dvc.lock as data, cache, run-cache, outputs. Held against DVC's own `reproduce`."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from doors import Project, diamond

from flows.errors import Refused, StageFailed
from flows.lockfile import LockFile, split
from flows.store import Store


def states(outcomes) -> dict[str, str]:
    return {name: outcome.state for name, outcome in outcomes.items()}


def test_the_engine_leaves_what_dvc_repro_leaves(project: Project, twin: Project):
    diamond(project)
    diamond(twin)
    assert set(states(project.engine()).values()) == {"ran"}
    twin.dvc()
    assert project.lock() == twin.lock()
    assert project.tree(".dvc/cache") == twin.tree(".dvc/cache")  # run-cache included
    for name in ("src.txt", "all.txt", "n.json", "left/src.txt"):
        assert (project.root / name).read_bytes() == (twin.root / name).read_bytes()


def test_after_either_door_the_other_runs_nothing(project: Project, twin: Project):
    diamond(project)
    diamond(twin)
    project.engine()
    assert project.stale() == {}
    assert project.dvc() == []
    twin.dvc()
    assert set(states(twin.engine()).values()) == {"cached"}
    assert len(project.log()) == len(twin.log()) == 4


def test_dvc_lock_is_the_text_that_dvc_writes(project: Project, twin: Project):
    diamond(project)
    diamond(twin)
    project.engine(jobs=1)
    twin.dvc()
    order = [*twin.lock()["stages"]]
    _, blocks, _ = split((project.root / "dvc.lock").read_text())
    _, expected, _ = split((twin.root / "dvc.lock").read_text())
    assert {name: blocks[name] for name in order} == expected


@pytest.mark.parametrize("door", ["dvc", "engine"])
def test_an_old_setting_comes_back_from_the_other_doors_run_cache(project: Project, door: str):
    """knob 1, then 2 through one door; knob 1 again through the other: nothing runs."""
    diamond(project)
    first, second = (project.dvc, project.engine) if door == "dvc" else (project.engine, project.dvc)
    first()
    before = project.lock()
    project.write(params__yaml="knob: 2\n")
    first()
    count = len(project.log())
    project.write(params__yaml="knob: 1\n")
    second()
    assert len(project.log()) == count
    assert project.lock() == before
    assert project.stale() == {}


def test_deleted_and_damaged_outputs_come_back(project: Project):
    diamond(project)
    project.engine()
    (project.root / "all.txt").unlink()
    (project.root / "left" / "src.txt").write_text("damaged")
    outcomes = states(project.engine())
    assert outcomes == {"src": "cached", "side@left": "restored", "side@right": "cached", "join": "restored"}
    assert project.stale() == {}


def test_force_runs_what_is_up_to_date_and_changes_nothing(project: Project):
    diamond(project)
    project.engine()
    before = project.lock()
    assert set(states(project.engine(force=True)).values()) == {"ran"}
    assert project.lock() == before


def test_tracked_data_frozen_always_changed_and_callback_stages(project: Project, twin: Project):
    for p in (project, twin):
        p.write(raw__txt="raw\n", other__txt="x\n")
        p.stages(
            use={"cmd": "cp raw.txt used.txt", "deps": ["raw.txt"], "outs": ["used.txt"]},
            iced={"cmd": "cp other.txt iced.txt", "deps": ["other.txt"], "outs": ["iced.txt"], "frozen": True},
            every={"cmd": "echo hi > every.txt", "outs": ["every.txt"], "always_changed": True},
            note={"cmd": "echo nothing in, nothing out"},
        )
        (p.root / "iced.txt").write_text("made by hand\n")
    from dvc.repo import Repo

    for p in (project, twin):
        with contextlib.chdir(p.root), Repo() as repo:
            repo.add(str(p.root / "raw.txt"))
        p.write(raw__txt="raw, newer\n")
    first = states(project.engine())
    assert first["every"] == first["note"] == first["use"] == "ran"
    twin.dvc()
    assert project.lock() == twin.lock()
    assert (project.root / "raw.txt.dvc").read_text() == (twin.root / "raw.txt.dvc").read_text()
    again = states(project.engine())
    assert {n for n, s in again.items() if s == "ran"} == set(twin.dvc()) == {"every", "note"}


def test_a_failed_stage_skips_its_dependents_and_keep_going_the_rest(project: Project):
    """::

    bad ─> after ─> later      good ─> fine
    """
    project.stages(
        bad={"cmd": "echo so sad; exit 3", "outs": ["bad.txt"]},
        after={"cmd": "cp bad.txt after.txt", "deps": ["bad.txt"], "outs": ["after.txt"]},
        later={"cmd": "cp after.txt later.txt", "deps": ["after.txt"], "outs": ["later.txt"]},
        good={"cmd": "sleep 0.3; echo > good.txt", "outs": ["good.txt"]},
        fine={"cmd": "cp good.txt fine.txt", "deps": ["good.txt"], "outs": ["fine.txt"]},
    )
    found = project.engine(keep_going=True)
    assert states(found) == {"bad": "failed", "after": "skipped", "later": "skipped", "good": "ran", "fine": "ran"}
    assert found["bad"].message == "exit code 3"
    assert found["bad"].tail == ("so sad",)
    assert found["later"].cause == "bad"
    assert set(project.lock()["stages"]) == {"good", "fine"}
    (project.root / "good.txt").unlink()
    assert states(project.engine())["fine"] == "not started"  # good, already running, was still finished


def test_a_missing_dep_is_said_before_outputs_are_deleted(project: Project):
    project.write(made__txt="from before\n")
    project.stages(s={"cmd": "cp gone.txt made.txt", "deps": ["gone.txt"], "outs": ["made.txt"]})
    found = project.engine()["s"]
    assert found.state == "failed"
    assert "needs gone.txt, which is not there" in found.message
    assert (project.root / "made.txt").exists()


def test_a_missing_output_is_a_failure(project: Project):
    project.stages(s={"cmd": "true", "outs": ["made.txt"]})
    assert "made.txt" in project.engine()["s"].message
    assert project.lock() == {}


def test_a_dep_that_changes_while_the_command_runs_is_not_recorded_as_its_maker(project: Project):
    project.write(code__py="old\n")
    project.stages(s={"cmd": "cp code.py made.txt; echo new > code.py", "deps": ["code.py"], "outs": ["made.txt"]})
    found = project.engine()["s"]
    assert found.state == "failed"
    assert "code.py changed while it ran" in found.message
    assert project.lock() == {}
    assert states(project.engine()) == {"s": "ran"}  # now it is "new" before and after


def test_which_file_of_a_folder_moved_and_bytecode_does_not_count(project: Project):
    (project.root / "lib").mkdir()
    (project.root / "lib" / "a.py").write_text("x = 1\n")
    project.stages(
        s={
            "cmd": "mkdir -p lib/__pycache__; echo > lib/__pycache__/a.pyc; echo > o.txt",
            "deps": ["lib"],
            "outs": ["o.txt"],
        }
    )
    assert states(project.engine()) == {"s": "ran"}
    assert project.dvc() == []
    project.stages(s={"cmd": "echo y >> lib/a.py; echo > o.txt", "deps": ["lib"], "outs": ["o.txt"]})
    assert "lib/a.py changed while it ran" in project.engine()["s"].message


def test_deps_are_hashed_before_the_command_starts(project: Project):
    project.write(a__txt="one\n")
    project.stages(s={"cmd": "cp a.txt b.txt", "deps": ["a.txt"], "outs": ["b.txt"]})
    store = Store(project.root)
    store.graph()
    begun = store.begin("s")
    assert begun.state == "run"
    assert begun.deps == {"a.txt": "5bbf5a52328e7439ae6e719dfe712200"}
    store.abandon("s")
    store.close()


def test_another_runs_record_is_seen_without_reading_the_graph_again(project: Project):
    project.stages(s={"cmd": "echo > a.txt", "outs": ["a.txt"]})
    store = Store(project.root)
    store.graph()
    project.dvc()
    assert store.begin("s").state == "cached"
    store.close()


def test_a_file_that_another_process_makes_is_waited_for_and_its_maker_named(project: Project):
    project.stages(s={"cmd": "sleep 2; echo > a.txt", "outs": ["a.txt"]})
    other = subprocess.Popen([sys.executable, "-m", "dvc", "repro", "-q"], cwd=project.root)
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


def test_the_holder_of_dvcs_lock_is_named(project: Project):
    project.stages(s={"cmd": "true", "outs": ["a.txt"]})
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time, zc.lockfile as z; l = z.LockFile(sys.argv[1]); print(1, flush=True); time.sleep(60)",
            str(project.root / ".dvc" / "tmp" / "lock"),
        ],
        stdout=subprocess.PIPE,
    )
    try:
        holder.stdout.readline()
        with pytest.raises(Refused, match=f"held for 0.3 s by process {holder.pid} "):
            Store(project.root, lock_seconds=0.3).graph()
    finally:
        holder.kill()
        holder.wait()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stages:\n  a: {cmd: [\n", "dvc.yaml"),
        ("stages:\n  a: {cmnd: x}\n", "cmnd"),
        ("stages:\n  a: {cmd: x, deps: [q], outs: [q]}", "stage: a"),
    ],
)
def test_a_broken_dvc_yaml_is_one_message(project: Project, text: str, message: str):
    (project.root / "dvc.yaml").write_text(text)
    with pytest.raises(Refused, match=message):
        Store(project.root).graph()


def test_a_circle_between_stages_is_refused(project: Project):
    project.stages(a={"cmd": "x", "deps": ["b"], "outs": ["a"]}, b={"cmd": "x", "deps": ["a"], "outs": ["b"]})
    with pytest.raises(Refused, match=r"in stages: (a, b|b, a)"):
        Store(project.root).graph()


def test_a_broken_dvc_lock_says_what_to_do(project: Project):
    diamond(project)
    project.engine()
    lock = project.root / "dvc.lock"
    lock.write_text(lock.read_text()[:200] + "\n  }: [")
    with pytest.raises(Refused, match=r"dvc.lock cannot be read as YAML, line .* run-cache"):
        Store(project.root).graph()


def test_an_empty_dvc_lock_is_filled_again_without_running_what_the_run_cache_has(project: Project):
    """What `kill -9` leaves of plain DVC in mid-write."""
    diamond(project)
    project.engine()
    before = project.lock()
    (project.root / "dvc.lock").write_text("")
    assert set(states(project.engine()).values()) == {"restored"}
    assert project.lock() == before


# ---- dvc.lock


def test_a_lock_with_comments_keeps_them(project: Project):
    path = project.root / "dvc.lock"
    path.write_text("# kept\nschema: '2.0'\nstages:\n  a:\n    cmd: x\n")
    lock = LockFile(path)
    assert lock.stage("a") == {"cmd": "x"}
    lock.replace("b", {"cmd": "y"})
    assert path.read_text().startswith("# kept\n")
    assert yaml.safe_load(path.read_text())["stages"] == {"a": {"cmd": "x"}, "b": {"cmd": "y"}}
    assert lock.stage("b") == {"cmd": "y"}


def test_other_sections_of_a_lock_survive(project: Project):
    path = project.root / "dvc.lock"
    path.write_text("schema: '2.0'\ndatasets:\n- name: d\n  type: dvc\nstages:\n  a:\n    cmd: x\n  b:\n    cmd: x\n")
    lock = LockFile(path)
    lock.replace("a", {"cmd": "x2"})
    found = yaml.safe_load(path.read_text())
    assert found["datasets"] == [{"name": "d", "type": "dvc"}]
    assert found["stages"] == {"a": {"cmd": "x2"}, "b": {"cmd": "x"}}


def test_a_writer_killed_at_any_moment_leaves_old_or_new(project: Project):
    path = project.root / "dvc.lock"
    program = (
        "import sys; from pathlib import Path; from flows.lockfile import LockFile\n"
        "lock = LockFile(Path(sys.argv[1])); print(1, flush=True)\n"
        "for i in range(10**6): lock.replace('s', {'cmd': 'x' * 50000 + str(i)})"
    )
    for wait in (0.0, 0.03, 0.07):
        writer = subprocess.Popen(
            [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
        )
        writer.stdout.readline()
        while not path.exists():
            time.sleep(0.01)
        time.sleep(0.1 + wait)
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        assert LockFile(path).stage("s")["cmd"].startswith("x" * 50000)


def test_finish_without_a_begin_is_an_error(project: Project):
    project.stages(s={"cmd": "true", "outs": ["a.txt"]})
    store = Store(project.root)
    store.graph()
    with pytest.raises((KeyError, StageFailed)):
        store.finish("s")
    store.close()
