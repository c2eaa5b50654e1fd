"""One open DVC project: its lock, its stage graph, and each stage as dvc.lock knows it now."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from dvc.lock import Lock, LockError
from dvc.log import logger as dvc_logger
from dvc.parsing import EntryNotFound
from dvc.repo import Repo
from dvc.repo.reproduce import get_active_graph
from dvc.stage import PipelineStage
from dvc.stage.loader import StageLoader
from dvc.stage.run import _enforce_cmd_list

from flows import dag
from flows.errors import Refused, StageFailed
from flows.lockfile import LockFile, signature
from flows.store import circles, params
from flows.store.complaints import user_errors

LOCK_SECONDS = 60.0  # how long to wait for a DVC command that holds the lock


class Project:
    """One open DVC project. All methods may be called from any thread."""

    def __init__(self, start: str | os.PathLike[str] = ".", *, lock_seconds: float = LOCK_SECONDS) -> None:
        """Open the project that ``start`` lies in, and make its root the current folder: DVC names stages from there.

        Raises:
            Refused: If there is none.
        """
        dvc_logger.setLevel("ERROR")
        with user_errors():
            params.install()
            circles.install()
            self.repo = Repo(os.fspath(start))
        self.root = Path(self.repo.root_dir)
        os.chdir(self.root)
        # Before Prefect's settings come in: commands see what `dvc repro` gives them.
        self.environment: Mapping[str, str] = dict(os.environ)
        self._lock_seconds = lock_seconds
        self._threads = threading.RLock()
        self._stages: dict[str, Any] = {}
        self._untouched: dict[str, tuple[str, Any]] = {}  # stage: its dvc.lock, and that file's signature when read
        self._files: dict[str, Any] = {}  # {path of a dvc.yaml: DVC's parsed form of it}
        self._locks: dict[str, LockFile] = {}

    def close(self) -> None:
        self.repo.close()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """DVC's repo lock, for this thread alone; nested calls are fine."""
        with self._threads:
            if self.repo._lock_depth:
                yield
                return
            self._acquire()
            self.repo._lock_depth = 1  # DVC's own @locked functions then do not lock again
            try:
                with user_errors(), self.repo.scm_context(quiet=True):
                    yield
            finally:
                self.repo._lock_depth = 0
                self.repo.lock.unlock()

    def _acquire(self) -> None:
        """Try every few milliseconds: DVC's own pace (0.5 s, for 3 s) loses finished work when many wait."""
        deadline = time.monotonic() + self._lock_seconds
        lock = self.repo.lock
        while True:
            try:
                lock._do_lock() if isinstance(lock, Lock) else lock.lock()
                return
            except LockError:
                if time.monotonic() > deadline:
                    raise Refused(
                        f"DVC's lock has been held for {self._lock_seconds:g} s by {self._holder()}. "
                        "Wait for it, or end it, and run again."
                    ) from None
                time.sleep(0.02)

    def _holder(self) -> str:
        try:
            pid = int(Path(self.repo.lock.lockfile).read_text().split()[0])
            return f"process {pid} ({' '.join(psutil.Process(pid).cmdline())[:200]})"
        except (OSError, ValueError, IndexError, psutil.Error):
            return "a process that did not leave its number"

    def graph(self) -> dict[str, dag.Stage]:
        """Every stage of the project, each after those it needs where DVC lists them so.

        Raises:
            Refused: If a dvc.yaml or dvc.lock is broken, stages overlap or form a circle.
        """
        with self._locked():
            self.repo._reset()
            self._check_lock_files()
            whole = self.repo.index.graph
            active = get_active_graph(whole)
            self._stages = {stage.addressing: stage for stage in self.repo.index.stages}
            self._untouched.clear()
            self._files.clear()
            for name, stage in self._stages.items():
                if isinstance(stage, PipelineStage):
                    self._untouched[name] = self._mark(stage)
            return {
                name: _plain(stage, self.root, [p.addressing for p in active.successors(stage)])
                for name, stage in self._stages.items()
            }

    def _check_lock_files(self) -> None:
        """A clear message for a broken dvc.lock, before DVC reads it.

        An empty one, as a `dvc repro` killed in mid-write leaves it, records nothing and stops every DVC command; it
        goes, and finished stages come back from the run-cache.
        """
        path = self.root / "dvc.lock"
        for left in self.root.glob(".dvc.lock.????????"):  # of a run that was killed before it renamed it
            left.unlink()
        if path.exists() and not path.read_text(encoding="utf-8").strip():
            path.unlink()
        if path.exists():
            LockFile(path).stage("")

    def _lock_of(self, stage: Any) -> LockFile:
        path = str(Path(stage.path).with_suffix(".lock"))
        return self._locks.setdefault(path, LockFile(Path(path)))

    def _fresh(self, name: str) -> Any:
        """The stage with what dvc.lock says now; another run may have written it since the graph was read."""
        stage = self._stages[name]
        if not isinstance(stage, PipelineStage):
            return stage
        known = self._untouched.pop(name, None)
        if known and signature(Path(known[0])) == known[1]:
            return stage
        file = self._files.setdefault(stage.path, stage.dvcfile)  # shared: it parses dvc.yaml once, not once a stage
        try:
            data = file.resolver.resolve_one(stage.name)[stage.name]
        except EntryNotFound:
            data = {"cmd": None}
        lock = self._lock_of(stage).stage(stage.name)
        again = StageLoader.load_stage(file, stage.name, data, lock)
        if _declared(again) != _declared(stage):
            raise StageFailed(f"'{name}' is declared otherwise now than when this run began; run again")
        again.tracked_vars, again.raw_data = stage.tracked_vars, stage.raw_data
        self._stages[name] = again
        return again

    def _mark(self, stage: Any) -> tuple[str, Any]:
        lock = str(Path(stage.path).with_suffix(".lock"))
        return lock, signature(Path(lock))


def _declared(stage: Any) -> tuple[Any, ...]:
    """What dvc.yaml says of a stage, as far as its result depends on it."""
    return stage.cmd, *(sorted(entry.def_path for entry in entries) for entries in (stage.deps, stage.outs))


def _plain(stage: Any, root: Path, parents: list[str]) -> dag.Stage:
    def inside(path: str) -> str:
        return os.path.relpath(path, root) if os.path.isabs(path) else path

    raw = getattr(stage, "raw_data", None)
    return dag.Stage(
        name=stage.addressing,
        parents=frozenset(parents),
        command=tuple(_enforce_cmd_list(stage.cmd)) if stage.cmd else (),
        deps=tuple(inside(dep.fs_path) for dep in stage.deps),
        outs=tuple(inside(out.fs_path) for out in stage.outs),
        meta=stage.meta,
        file=inside(stage.path),
        group=raw.generated_from if raw else None,
        frozen=stage.frozen,
    )
