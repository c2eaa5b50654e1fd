"""A whole run: order, stops, and other runs beside it."""

from __future__ import annotations

import json
import threading

from doors import Project
from dying import finish, start

from flows.journal import Journal
from flows.store import Store


def test_two_runs_at_once_run_each_stage_once(project: Project):
    project.stages(
        **{f"s{i}": {"cmd": f"echo s{i} >> ../ran; sleep 0.2; echo > o{i}", "outs": [f"o{i}"]} for i in range(6)},
        last={"cmd": "echo last >> ../ran; cat o0 o5 > last", "deps": ["o0", "o5"], "outs": ["last"]},
    )
    runs = [start(project, jobs=3) for _ in range(2)]
    said = [finish(run) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert sorted(project.log()) == ["last", *(f"s{i}" for i in range(6))]
    assert project.stale() == {}


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
