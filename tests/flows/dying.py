"""Runs that die: one with a fault in a chosen place (`faults.py`), or one whose command outlives it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from doors import HOUSE, Project

FAULTS = Path(__file__).with_name("faults.py")


def start(project: Project, *fault: str, jobs: int = 2) -> subprocess.Popen[str]:
    """The engine on a project, in a process of its own, with a fault: WHEN STEP STAGE KIND, as in `faults.py`."""
    return subprocess.Popen(
        [sys.executable, str(FAULTS), str(project.root), str(jobs), *(fault or ("none", "none", "none", "none"))],
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(run: subprocess.Popen[str]) -> str:
    """What it said by its end."""
    return run.communicate(timeout=200)[0]


@contextlib.contextmanager
def orphan(project: Project, command: str) -> Iterator[psutil.Process]:
    """The first command of a run that is killed, together with its guard, while stage `s` writes `../pid`."""
    project.write(a__txt="a\n")
    commands = [f"echo $$ > ../pid; {command}", "cp a.txt b.txt"]
    project.stages(s={"cmd": commands, "deps": ["a.txt"], "outs": ["b.txt"]})
    run = start(project, "none", "none", "s", "noguard")
    pid = project.root.parent / "pid"
    while not pid.exists() or not pid.read_text():
        assert run.poll() is None
        time.sleep(0.02)
    run.kill()
    finish(run)
    left = psutil.Process(int(pid.read_text()))
    try:
        yield left
    finally:
        with contextlib.suppress(psutil.Error):
            left.kill()
