"""Broken files and held locks: one message each, which says what to do."""

from __future__ import annotations

import subprocess
import sys

import pytest
from doors import Project, diamond

from flows.errors import Refused
from flows.store import Store


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
    assert {o.state for o in project.engine().values()} == {"restored"}
    assert project.lock() == before
