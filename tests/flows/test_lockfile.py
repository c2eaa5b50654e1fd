"""dvc.lock: what is in it stays, and it is old or new at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import yaml
from doors import Project

from flows.lockfile import LockFile


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
