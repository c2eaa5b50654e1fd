"""A run of the engine that dies, or meets a full disk, at a chosen step. Run: faults.py ROOT JOBS WHEN STEP STAGE KIND

WHEN is before, after or in; STEP a line of the journal (exited, hashed, ...) or a place in the store (lock: dvc.lock's
new text is written, not yet renamed; claim: the same of DVC's rwlock; cache: outputs are hashed, one is in the cache).
KIND is kill (SIGKILL), both (the same, and the guard with it), term (SIGTERM), full (ENOSPC), io (EIO), none; noguard
runs without the guard and without a fault.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from doors import Project

from flows import engine, lockfile, store
from flows.guard import Guard
from flows.journal import Journal

STEPS = ("planned", "claim", "prepared", "started", "exited", "hashed", "cache", "lock", "committed")


def main(root: str, jobs: str, when: str, step: str, stage: str, kind: str) -> int:
    project = Project.__new__(Project)
    project.root = Path(root)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    fired = threading.Event()

    def fault() -> None:
        if fired.is_set():
            return
        fired.set()
        if kind in ("kill", "both"):
            for pid in guards if kind == "both" else []:
                os.kill(pid, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
        elif kind == "term":
            os.kill(os.getpid(), signal.SIGTERM)
        elif kind in ("full", "io"):
            number = errno.ENOSPC if kind == "full" else errno.EIO
            raise OSError(number, os.strerror(number))

    if kind == "noguard":
        Guard.add = lambda self, group: None  # type: ignore[method-assign]
    guards: list[int] = []
    begin = Guard.__init__

    def guard_begin(self: Guard, *more: Any) -> None:
        begin(self, *more)
        guards.append(self._process.pid)

    Guard.__init__ = guard_begin  # type: ignore[method-assign]
    write, replace, save = Journal.write, os.replace, store.Store._save

    def journal_write(self: Journal, event: str, name: str | None = None, **facts: Any) -> None:
        here = event == step and name == stage
        if here and when == "before":
            fault()
        write(self, event, name, **facts)
        if here and when == "after":
            fault()

    current = threading.local()

    def save_of(self: Any, item: Any, *more: Any) -> None:
        current.stage = item.addressing
        save(self, item, *more)

    def os_replace(source: str, target: Any) -> None:
        if step == "lock" and str(target).endswith("dvc.lock") and getattr(current, "stage", "") == stage:
            fault()
        if step == "claim" and str(target).endswith("rwlock") and f"run: {stage}" in Path(source).read_text():
            fault()
        replace(source, target)

    Journal.write = journal_write  # type: ignore[method-assign]
    store.Store._save = save_of  # type: ignore[method-assign]
    lockfile.os.replace = os_replace  # type: ignore[assignment]
    if step == "cache":
        from dvc.output import Output

        commit = Output.commit

        def output_commit(self: Any, *args: Any, **more: Any) -> None:
            commit(self, *args, **more)
            if self.stage.addressing == stage:
                fault()

        Output.commit = output_commit
    found = project.engine(jobs=int(jobs), stop=stop, grace=1.0, keep_going=True)
    for name, outcome in found.items():
        print(name, outcome.state, outcome.message, *outcome.tail, sep=" | ")
    return int(not all(o.state in engine.DONE for o in found.values()))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
