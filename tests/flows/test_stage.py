"""One stage's way through a run: what fails it, what is recorded of it, and what is not."""

from __future__ import annotations

import pytest
from doors import Project

from flows.errors import StageFailed
from flows.store import Store


def states(outcomes) -> dict[str, str]:
    return {name: outcome.state for name, outcome in outcomes.items()}


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


def test_finish_without_a_begin_is_an_error(project: Project):
    project.stages(s={"cmd": "true", "outs": ["a.txt"]})
    store = Store(project.root)
    store.graph()
    with pytest.raises((KeyError, StageFailed)):
        store.finish("s")
    store.close()
