"""Both doors leave the same: dvc.lock as data, cache, run-cache, outputs. Held against DVC's own `reproduce`."""

from __future__ import annotations

import contextlib

import pytest
from doors import Project, diamond

from flows.lockfile import split
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


def test_of_a_block_of_parameters_that_changed_the_entries_are_named(project: Project):
    project.write(params__yaml="net: {layers: {first: 3, last: 2}, rate: 1, kept: 0}\n")
    project.stages(a={"cmd": "echo > a.txt", "params": ["net"], "outs": ["a.txt"]})
    project.dvc()
    project.write(params__yaml="net: {layers: {first: 3, last: 4}, kept: 0, seed: 5}\n")
    store = Store(project.root)
    try:
        store.graph()
        found = [(one.kind, one.name, one.what, one.old, one.new) for one in store.changes("a")]
    finally:
        store.close()
    assert found == [
        ("param", "params.yaml: net.layers.last", "modified", 2, 4),
        ("param", "params.yaml: net.rate", "deleted", 1, None),
        ("param", "params.yaml: net.seed", "new", None, 5),
    ]
