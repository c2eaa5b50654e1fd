"""A stage's way through a run: `Store.begin`, its command (somebody else's business), `Store.finish`."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from dvc.exceptions import DvcException
from dvc.stage.run import _enforce_cmd_list, _make_cmd, get_executable, prepare_kwargs
from dvc.utils import fix_env

from flows.attempt import Attempt, newest
from flows.errors import NotRecorded, StageFailed, Stopped
from flows.store.begun import Begun
from flows.store.claims import Busy, Claims
from flows.store.complaints import stage_errors
from flows.store.differences import changed, expects, is_intact, lookup, moved, values
from flows.store.recording import Recording

RETRY_SECONDS = 1.0  # how often to look whether it has died, which its entry does not tell
BUSY_SECONDS = 24 * 3600.0  # how long to wait for another run that is making one of our files


class Store(Recording):
    """One open DVC project, whose stages can be brought up to date. All methods may be called from any thread."""

    def __init__(self, start: str | os.PathLike[str] = ".", **options: float) -> None:
        """As `Project`."""
        super().__init__(start, **options)
        self.claims = Claims(self.repo.tmp_dir, hardlink=self.repo.config["core"].get("hardlink_lock", False))
        self._running: dict[str, tuple[Any, dict[str, Any]]] = {}

    def begin(
        self,
        name: str,
        *,
        force: bool = False,
        lost: Attempt | None = None,
        stop: threading.Event | None = None,
        on_wait: Any = lambda who: None,
        busy_seconds: float = BUSY_SECONDS,
    ) -> Begun:
        """All that comes before a stage's command.

        Args:
            force: Run even if up to date, and do not look into the run-cache.
            lost: An attempt whose command ended well and was never recorded; it is recorded now if command, deps and
                outputs still are what they were.
            stop: Give up waiting for another process when set.
            on_wait: Called with the name of the process that makes one of our files, once, before waiting for it.

        Raises:
            StageFailed: A dep is missing, the wait was too long, or what DVC says against the stage.
            Stopped: ``stop`` was set while waiting.
        """
        deadline = time.monotonic() + busy_seconds
        stop = stop or threading.Event()
        told = False
        while True:
            try:
                with self._locked():
                    return self._begin(name, force, lost)
            except Busy as busy:
                if not told:
                    on_wait(str(busy))
                    told = True
                if time.monotonic() > deadline:
                    raise StageFailed(f"waited {busy_seconds:g} s, and still {busy}") from None
                holders = busy.holders
            again = time.monotonic() + RETRY_SECONDS
            while not stop.wait(0.1) and time.monotonic() < again and self.claims.held_by(holders):
                pass
            if stop.is_set():
                raise Stopped("stopped")

    def _begin(self, name: str, force: bool, lost: Attempt | None) -> Begun:
        stage = self._fresh(name)
        with stage_errors():
            if not force and not changed(stage):
                return Begun("cached")
            if not stage.cmd or stage.frozen:
                return Begun("recorded" if self._verify(stage, force) else "cached")
            missing = [str(d) for d in stage.deps if d.protocol == "local" and not d.exists]
            if missing:
                raise StageFailed(f"needs {', '.join(missing)}, which is not there; no stage of this run makes it")
            self._claim(name, stage)
            try:
                if lost and not force and is_intact(stage, lost):
                    self.claims.drop(name)
                    self._save(stage)
                    return Begun("recovered")
                cached = None if force else lookup(stage)
                for out in stage.outs:  # Stage.remove_outs
                    out.unprotect() if out.persist else out.remove()
                if cached is not None:
                    for out in cached.outs:
                        out.checkout()
                    self.claims.drop(name)
                    self._save(stage)
                    return Begun("restored")
                stage.save_deps()
            except BaseException:
                self.claims.drop(name)
                raise
        before = {dep.def_path: (dep.hash_info, dep.obj) for dep in stage.deps}
        self._running[name] = (stage, before)
        kwargs = prepare_kwargs(stage)
        env = {key: value for key, value in kwargs["env"].items() if key.startswith("DVC_")}
        shell = get_executable()
        return Begun(
            "run",
            commands=tuple(_shell(shell, command) for command in _enforce_cmd_list(stage.cmd)),
            cwd=kwargs["cwd"],
            env={**fix_env(dict(self.environment)), **env},
            deps=values(stage.deps),
            outs=tuple(out.def_path for out in stage.outs),
        )

    def expects(self, name: str, attempt: Attempt) -> bool:
        """Whether command and deps of the stage are what they were in this attempt."""
        with self._locked(), stage_errors():
            stage = self._fresh(name)
            missing = any(dep.protocol == "local" and not dep.exists for dep in stage.deps)
            return not missing and expects(stage, attempt)

    def newest(self, name: str) -> int:
        """When the outputs of a stage that just ended were last worked on, as `attempt.newest` tells it."""
        stage, _ = self._running[name]
        return max((newest(out.fs_path) for out in stage.outs), default=time.time_ns())

    def works(self, name: str, pid: int) -> None:
        """The process that has begun to make the stage's outputs; writers wait for it even if this process dies."""
        with contextlib.suppress(OSError, DvcException):  # a help: no reason to end a command
            self.claims.works(name, pid)

    def finish(self, name: str, on_hashed: Callable[[dict[str, Any]], object] = lambda hashes: None) -> None:
        """All that comes after a command that ended well: hash, run-cache, cache, dvc.lock.

        Args:
            on_hashed: Called with {output: hash} before anything is moved into the cache.

        Raises:
            NotRecorded: Writing failed; the result is whole and can still be recorded by a later `begin`.
            StageFailed: An output is missing, or a dep changed while the command ran. In both cases dvc.lock stays as
                it was.
        """
        with self._locked():
            stage, before = self._running.pop(name)
            self.claims.drop(name)
            with stage_errors(NotRecorded):
                stage.save_deps()
                absent = [str(out) for out in stage.outs if not out.exists]
                if absent:
                    raise StageFailed(f"its command ended well, but did not make {', '.join(absent)}")
                other = [line for dep in stage.deps for line in moved(dep, *before[dep.def_path])]
                if other:
                    raise StageFailed(
                        f"{', '.join(other[:5])} changed while it ran; the result is not recorded, as nobody can say "
                        "which version made it. Run it again"
                    )
                self._save(stage, on_hashed)

    def abandon(self, name: str) -> None:
        """Forget a stage whose command failed or was stopped."""
        with self._locked():
            self._running.pop(name, None)
            self.claims.drop(name)

    def _claim(self, name: str, stage: Any) -> None:
        """Raises Busy if another process has one of the stage's files."""
        self.claims.take(
            name, [d.fs_path for d in stage.deps if d.protocol == "local"], [o.fs_path for o in stage.outs]
        )

    def drop_stale_claims(self) -> int:
        """Remove what dead processes left in DVC's rwlock; the number of entries that went."""
        with self._locked():
            return self.claims.drop_stale()


def _shell(executable: str | None, command: str) -> tuple[str, ...]:
    made = _make_cmd(executable, command)
    return (made,) if isinstance(made, str) else tuple(made)
