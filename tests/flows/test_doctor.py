"""What DVC does not look at: missing deps, results that do not travel, lost objects, stale locks."""

from __future__ import annotations

import json
import shutil
from pathlib import PurePosixPath

from doors import Project

from flows.dag import Stage
from flows.doctor import entries, examine, imports
from flows.store import Store


def package(project: Project) -> None:
    """::

    tool/__main__ ─> tool/work ─> shared/base      tool/lazy, imported in a function      tool/other, by nobody
    """
    for name in ("tool", "shared"):
        (project.root / name).mkdir()
        (project.root / name / "__init__.py").touch()
    (project.root / "tool" / "__main__.py").write_text("from tool import work\n")
    (project.root / "tool" / "work.py").write_text(
        "import json\ndef f():\n    from . import lazy\nfrom shared.base import x\n"
    )
    (project.root / "tool" / "lazy.py").touch()
    (project.root / "tool" / "other.py").touch()
    (project.root / "shared" / "base.py").write_text("x = 1\n")


def test_deps_that_imports_reach_and_dvc_yaml_does_not_name(project: Project):
    package(project)
    stage = Stage(
        "s", command=("python -m tool --fast",), deps=("tool/__main__.py", "tool/__init__.py", "tool/work.py")
    )
    (finding,) = imports(stage, {}, project.root)
    assert "['shared/__init__.py', 'shared/base.py', 'tool/lazy.py']" in finding.text
    covered = Stage("s", command=stage.command, deps=("tool", "shared"))
    assert imports(covered, {}, project.root) == []


def test_a_script_is_an_entry_and_other_commands_are_not(project: Project):
    (project.root / "make.py").write_text("import helper\n")
    (project.root / "helper.py").touch()
    assert entries("FAST=1 python3 make.py --x; echo done", project.root) == {PurePosixPath("make.py")}
    assert entries("cat 'unclosed", project.root) == set()
    assert entries("cp a b", project.root) == set()
    (finding,) = imports(Stage("s", command=("python make.py",), deps=("make.py",)), {}, project.root)
    assert "helper.py" in finding.text


def test_lost_cache_objects_and_uncached_outputs_are_named(project: Project):
    project.stages(
        kept={"cmd": "echo 1 > a.txt", "outs": ["a.txt"]},
        loose={"cmd": "echo 2 > b.txt", "outs": [{"b.txt": {"cache": False}}]},
    )
    project.engine()
    store = Store(project.root)
    texts = [finding.text for finding in examine(store, store.graph())]
    assert len(texts) == 1
    assert "stage 'loose': b.txt is `cache: false`" in texts[0]
    shutil.rmtree(project.root / ".dvc" / "cache" / "files")
    texts = [finding.text for finding in examine(store, store.graph())]
    store.close()
    assert any("stage 'kept': the cache has no (or a damaged) copy of a.txt" in text for text in texts)


def test_stale_claims_of_dead_processes_go_and_living_ones_stay(project: Project):
    import os

    project.stages(s={"cmd": "echo 1 > a.txt", "outs": ["a.txt"]})
    dead, alive = {"pid": 2**22 + 7, "cmd": "dvc repro"}, {"pid": os.getpid(), "cmd": "headwater run: s"}
    path = project.root / ".dvc" / "tmp" / "rwlock"
    path.write_text(json.dumps({"write": {"a": dead, "b": alive}, "read": {"c": [dead, alive]}}))
    store = Store(project.root)
    (finding,) = examine(store, store.graph())
    assert str(2**22 + 7) in finding.text
    assert finding.fix() == "removed 2 entries"
    store.close()
    assert json.loads(path.read_text()) == {"write": {"b": alive}, "read": {"c": [alive]}}
