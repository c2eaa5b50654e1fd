"""DVC, for one coordinator: the only file that imports it.

`dvc repro` brings a stage up to date in one long call: check, delete outputs, try the run-cache, hash the deps,
*unlock*, run, *lock*, hash, save to the run-cache, commit to the cache, write dvc.lock. Here that call is cut where DVC
unlocks: `begin` is all before the command, `finish` all after it, each short and under one lock; many commands run
between them. While a command runs, its files stand in DVC's own rwlock, so that a `dvc repro` beside keeps away.

Follows dvc 3.67.1: stage/__init__.py (`reproduce`, `run`, `save`), stage/run.py, stage/cache.py, repo/reproduce.py.
Departures: deps are looked for before outputs are deleted; deps are compared after the command; dvc.lock is replaced
by rename, one stage's text at a time.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import psutil
from dvc.exceptions import DvcException
from dvc.lock import Lock, LockError
from dvc.log import logger as dvc_logger
from dvc.parsing import EntryNotFound
from dvc.repo import Repo
from dvc.repo.reproduce import get_active_graph
from dvc.rwlock import rwlock
from dvc.stage import PipelineStage
from dvc.stage.cache import _can_hash
from dvc.stage.loader import StageLoader
from dvc.stage.run import _enforce_cmd_list, _make_cmd, get_executable, prepare_kwargs
from dvc.stage.serialize import to_single_stage_lockfile
from dvc.utils import fix_env

from flows import dag
from flows.errors import NotRecorded, Refused, StageFailed
from flows.journal import Attempt, newest
from flows.lockfile import LockFile, replace_text, signature

LOCK_SECONDS = 60.0  # how long to wait for a DVC command that holds the lock
BUSY_SECONDS = 24 * 3600.0  # how long to wait for another run that is making one of our files


@dataclass(frozen=True)
class Change:
    """One reason why a stage is not up to date.

    Attributes:
        kind: What changed: its command, a dep, a param, an output; "new" if it never ran, "always" if it asks to run
            every time.
        name: The file, or the name of the param.
        what: DVC's word: modified, deleted, new, not in cache.
        old, new: Hash, value or command as recorded and as found, where known.
    """

    kind: Literal["command", "dep", "param", "output", "new", "always"]
    name: str
    what: str
    old: Any = None
    new: Any = None


@dataclass(frozen=True)
class Begun:
    """What `Store.begin` came to.

    ``state`` is "cached" (up to date), "restored" (from the run-cache), "recovered" (its command ended well before,
    only the record was missing), "recorded" (data without a command, now in the lock) or "run": then run ``commands``
    in ``cwd`` with ``env`` and call `Store.finish` or `Store.abandon`.
    ``deps`` are the hashes of what the command is going to read, ``outs`` what it is going to make.
    """

    state: Literal["cached", "restored", "recovered", "recorded", "run"]
    commands: tuple[tuple[str, ...], ...] = ()
    cwd: str = ""
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    deps: Mapping[str, Any] = field(default_factory=dict)
    outs: tuple[str, ...] = ()


class Busy(Exception):  # noqa: N818
    """Another process is making, or reading, a file that this stage makes or reads."""


class Store:
    """One open DVC project. All methods may be called from any thread."""

    def __init__(self, start: str | os.PathLike[str] = ".", *, lock_seconds: float = LOCK_SECONDS) -> None:
        """Open the project that ``start`` lies in, and make its root the current folder: DVC names stages from there.

        Raises:
            Refused: If there is none.
        """
        dvc_logger.setLevel("ERROR")
        with _user_errors():
            self.repo = Repo(os.fspath(start))
        self.root = Path(self.repo.root_dir)
        os.chdir(self.root)
        self._env = dict(os.environ)  # before Prefect's settings come in: commands see what `dvc repro` gives them
        self._lock_seconds = lock_seconds
        self._threads = threading.RLock()
        self._stages: dict[str, Any] = {}
        self._untouched: dict[str, tuple[str, Any]] = {}  # stage: its dvc.lock, and that file's signature when read
        self._files: dict[str, Any] = {}  # {path of a dvc.yaml: DVC's parsed form of it}
        self._locks: dict[str, LockFile] = {}
        self._claims: dict[str, ExitStack] = {}
        self._running: dict[str, tuple[Any, dict[str, Any]]] = {}

    def close(self) -> None:
        self.repo.close()

    # ---- the lock

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
                with _user_errors(), self.repo.scm_context(quiet=True):
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

    # ---- the graph

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

    # ---- what is up to date

    def is_current(self, name: str) -> bool:
        """Whether `dvc repro` would have nothing to do for this stage."""
        with self._locked():
            stage = self._fresh(name)
            self._untouched[name] = self._mark(stage)
            return not _changed(stage)

    def _mark(self, stage: Any) -> tuple[str, Any]:
        lock = str(Path(stage.path).with_suffix(".lock"))
        return lock, signature(Path(lock))

    def changes(self, name: str) -> list[Change]:
        """Every reason why the stage is not up to date; empty if it is."""
        with self._locked():
            stage = self._fresh(name)
            self._untouched[name] = self._mark(stage)
            recorded = bool(self._lock_of(stage).stage(stage.name)) if isinstance(stage, PipelineStage) else True
            return _changes(stage, recorded, self._lock_of(stage) if isinstance(stage, PipelineStage) else None)

    def restorable(self, name: str) -> bool:
        """Whether the run-cache holds the outputs for the deps as they are now. Changes nothing."""
        with self._locked():
            stage = self._fresh(name)
            self._untouched.pop(name, None)  # `_lookup` hashes into the stage; the next user gets a new one
            with contextlib.suppress(DvcException):
                return bool(stage.cmd) and not stage.frozen and _lookup(stage) is not None
            return False

    # ---- what the doctor looks at

    def uncached(self, graph: dag.Graph) -> dict[str, list[str]]:
        """{stage: outputs that are `cache: false`}; metrics and plots included, as they do not travel either."""
        found = {name: [str(o) for o in self._stages[name].outs if not o.use_cache] for name in graph}
        return {name: paths for name, paths in found.items() if paths}

    def unreachable(self) -> dict[str, list[str]]:
        """{stage: recorded outputs whose cached copy is gone or damaged}."""
        with self._locked():
            found = {
                name: [str(o) for o in stage.outs if o.use_cache and o.hash_info and o.changed_cache()]
                for name, stage in self._stages.items()
            }
        return {name: paths for name, paths in found.items() if paths}

    def stale_claims(self) -> set[int]:
        """Numbers of dead processes that DVC's rwlock still names."""
        lock = self._rwlock()
        pids = {info["pid"] for info in lock.get("write", {}).values()}
        pids |= {info["pid"] for infos in lock.get("read", {}).values() for info in infos}
        return {pid for pid in pids if not psutil.pid_exists(pid)}

    def drop_stale_claims(self) -> int:
        """Remove them; the number of entries that went."""
        with self._locked():
            dead, lock = self.stale_claims(), self._rwlock()
            write = {path: info for path, info in lock.get("write", {}).items() if info["pid"] not in dead}
            read = {p: [i for i in infos if i["pid"] not in dead] for p, infos in lock.get("read", {}).items()}
            kept = {"write": write, "read": {path: infos for path, infos in read.items() if infos}}
            replace_text(Path(self.repo.tmp_dir) / "rwlock", json.dumps(kept))
            return (
                len(lock.get("write", {}))
                - len(write)
                + sum(map(len, lock.get("read", {}).values()))
                - sum(map(len, read.values()))
            )

    def _rwlock(self) -> dict[str, Any]:
        try:
            return dict(json.loads((Path(self.repo.tmp_dir) / "rwlock").read_text()))
        except (FileNotFoundError, ValueError):
            return {}

    # ---- running a stage

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
            StageFailed: A dep is missing, or what DVC says against the stage.
        """
        deadline = time.monotonic() + busy_seconds
        told = False
        while True:
            try:
                with self._locked():
                    return self._begin(name, force, lost)
            except Busy as busy:
                if not told:
                    on_wait(str(busy))
                    told = True
                if time.monotonic() > deadline or (stop and stop.is_set()):
                    raise StageFailed(f"waited for {busy}") from None
            time.sleep(0.1)

    def _begin(self, name: str, force: bool, lost: Attempt | None) -> Begun:
        stage = self._fresh(name)
        with _stage_errors():
            if not force and not _changed(stage):
                return Begun("cached")
            if not stage.cmd or stage.frozen:
                return self._verify(stage, force)
            missing = [str(d) for d in stage.deps if d.protocol == "local" and not d.exists]
            if missing:
                raise StageFailed(f"needs {', '.join(missing)}, which is not there; no stage of this run makes it")
            claim = self._claim(name, stage)
            try:
                if lost and not force and self._is_intact(stage, lost):
                    claim.close()
                    self._save(stage)
                    return Begun("recovered")
                cached = None if force else _lookup(stage)
                for out in stage.outs:  # Stage.remove_outs
                    out.unprotect() if out.persist else out.remove()
                if cached is not None:
                    for out in cached.outs:
                        out.checkout()
                    claim.close()
                    self._save(stage)
                    return Begun("restored")
                stage.save_deps()
            except BaseException:
                claim.close()
                raise
        before = {dep.def_path: (dep.hash_info, dep.obj) for dep in stage.deps}
        self._claims[name] = claim
        self._running[name] = (stage, before)
        kwargs = prepare_kwargs(stage)
        env = {key: value for key, value in kwargs["env"].items() if key.startswith("DVC_")}
        shell = get_executable()
        return Begun(
            "run",
            commands=tuple(_shell(shell, command) for command in _enforce_cmd_list(stage.cmd)),
            cwd=kwargs["cwd"],
            env={**fix_env(self._env), **env},
            deps=_values(stage.deps),
            outs=tuple(out.def_path for out in stage.outs),
        )

    def expects(self, name: str, attempt: Attempt) -> bool:
        """Whether command and deps of the stage are what they were in this attempt."""
        with self._locked(), _stage_errors():
            stage = self._fresh(name)
            missing = any(dep.protocol == "local" and not dep.exists for dep in stage.deps)
            return not missing and _expects(stage, attempt)

    def _is_intact(self, stage: Any, lost: Attempt) -> bool:
        """Whether the lost attempt's command, deps and outputs are still what they were; hashes deps into ``stage``."""
        if not _expects(stage, lost) or not all(out.exists for out in stage.outs):
            return False
        if all(newest(out.fs_path) <= lost.until for out in stage.outs):
            return True
        stage.save_outs()  # linked to the cache since, maybe: then the hash is what counts
        return bool(lost.hashed) and _same(lost.hashed, _values(stage.outs))

    def newest(self, name: str) -> int:
        """When the outputs of a stage that just ended were last worked on, as `journal.newest` tells it."""
        stage, _ = self._running[name]
        return max((newest(out.fs_path) for out in stage.outs), default=time.time_ns())

    def _verify(self, stage: Any, force: bool) -> Begun:
        """Tracked data, imports, frozen stages: DVC's own call, which runs no command."""
        if stage.reproduce(force=force) is None:
            return Begun("cached")
        self._dump(stage)
        return Begun("recorded")

    def _claim(self, name: str, stage: Any) -> ExitStack:
        """Enter the stage's files into DVC's rwlock, or say who has them."""
        claim = ExitStack()
        local = [d.fs_path for d in stage.deps if d.protocol == "local"]
        label = f"headwater run: {name}"  # of its own: DVC takes equal labels of one process for one holder
        hardlink = self.repo.config["core"].get("hardlink_lock", False)
        outs = [o.fs_path for o in stage.outs]
        try:
            claim.enter_context(rwlock(self.repo.tmp_dir, self.repo.fs, label, local, outs, hardlink))
        except LockError as error:
            raise Busy(" ".join(str(error).split("\n\nIf there are")[0].split())) from None
        return claim

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
            self._claims.pop(name).close()
            with _stage_errors(NotRecorded):
                stage.save_deps()
                absent = [str(out) for out in stage.outs if not out.exists]
                if absent:
                    raise StageFailed(f"its command ended well, but did not make {', '.join(absent)}")
                moved = [line for dep in stage.deps for line in _moved(dep, *before[dep.def_path])]
                if moved:
                    raise StageFailed(
                        f"{', '.join(moved[:5])} changed while it ran; the result is not recorded, as nobody can say "
                        "which version made it. Run it again"
                    )
                self._save(stage, on_hashed)

    def abandon(self, name: str) -> None:
        """Forget a stage whose command failed or was stopped."""
        with self._locked():
            self._running.pop(name, None)
            if claim := self._claims.pop(name, None):
                claim.close()

    def _save(self, stage: Any, on_hashed: Callable[[dict[str, Any]], object] = lambda hashes: None) -> None:
        """The end of `Stage.run` (with `Stage.save` spelt out), and the dump of `_reproduce_stage`."""
        stage.save_deps()
        stage.save_outs()
        on_hashed(_values(stage.outs))
        stage.md5 = stage.compute_md5()
        if all(out.use_cache for out in stage.outs if not (out.is_metric or out.is_plot)):
            self.repo.stage_cache.save(stage)
        for out in stage.outs:
            out.commit()
        self._dump(stage)

    def _dump(self, stage: Any) -> None:
        if not isinstance(stage, PipelineStage):
            stage.dump()
            return
        lock = self._lock_of(stage)
        lock.replace(stage.name, to_single_stage_lockfile(stage))
        self.repo.scm_context.track_file(os.path.relpath(lock.path, self.root))


def _declared(stage: Any) -> tuple[Any, ...]:
    """What dvc.yaml says of a stage, as far as its result depends on it."""
    return stage.cmd, *(sorted(entry.def_path for entry in entries) for entries in (stage.deps, stage.outs))


def _values(entries: list[Any]) -> dict[str, Any]:
    """{file: hash} as hashed last; {param: value} for a parameter file."""
    return {entry.def_path: entry.hash_info.value for entry in entries}


def _expects(stage: Any, attempt: Attempt) -> bool:
    """Whether the attempt ran this command on these deps, for these outputs; hashes deps into ``stage``."""
    if list(attempt.command) != _enforce_cmd_list(stage.cmd):
        return False
    if set(attempt.outs) != {out.def_path for out in stage.outs}:
        return False
    stage.save_deps()
    return _same(attempt.deps, _values(stage.deps))


def _same(recorded: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Equal once both went through JSON, as the journal's did."""
    return bool(json.loads(json.dumps(recorded, default=str)) == json.loads(json.dumps(found, default=str)))


def _shell(executable: str | None, command: str) -> tuple[str, ...]:
    made = _make_cmd(executable, command)
    return (made,) if isinstance(made, str) else tuple(made)


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


def _changed(stage: Any) -> bool:
    """`Stage.changed` without its rwlock: the caller holds the repo lock."""
    if stage.changed_stage():
        return True
    if not stage.frozen and (stage.is_callback or stage.always_changed or any(dep.status() for dep in stage.deps)):
        return True
    return any(out.status() for out in stage.outs)


def _lookup(stage: Any) -> Any:
    """`StageCache.restore` up to its checkout: a stage whose outputs are in the cache, or None."""
    if not _can_hash(stage):
        return None
    cache = stage.repo.stage_cache
    recorded = not stage.changed_stage() and stage.deps_cached() and all(out.hash_info for out in stage.outs)
    if recorded:
        entry = to_single_stage_lockfile(stage)
    else:
        stage.save_deps()
        entry = cache._load(stage)
    if not entry:
        return None
    found = cache._create_stage(entry, wdir=stage.wdir)
    return found if found.outs_cached() else None


def _changes(stage: Any, recorded: bool, lock: LockFile | None) -> list[Change]:
    if not recorded:
        return [Change("new", stage.addressing, "never ran, or its record is not in dvc.lock")]
    found: list[Change] = []
    if stage.changed_stage():
        old = lock.stage(stage.name).get("cmd") if lock else None
        found.append(Change("command", stage.addressing, "modified", old, stage.cmd))
    if not stage.frozen:
        if stage.is_callback or stage.always_changed:
            found.append(Change("always", stage.addressing, "runs every time"))
        for dep in stage.deps:
            found += _entry_changes("dep", dep)
    for out in stage.outs:
        found += _entry_changes("output", out)
    return found


def _entry_changes(kind: Literal["dep", "output"], entry: Any) -> Iterator[Change]:
    for name, what in entry.status().items():
        if isinstance(what, Mapping):  # a parameter file: {param: word}
            old = entry.hash_info.value or {}
            new = entry.read_params()
            for param, word in what.items():
                yield Change("param", f"{name}: {param}", word, old.get(param), new.get(param))
            continue
        old = entry.hash_info.value if entry.hash_info else None
        new = entry.get_hash().value if entry.exists and what != "not in cache" else None
        yield Change(kind, name, what, old, new)


def _moved(dep: Any, info: Any, obj: Any) -> list[str]:
    """Names of what changed in one dep since ``info`` and ``obj`` were taken."""
    if dep.hash_info == info:
        return []
    if isinstance(info.value, dict):
        new = dep.hash_info.value
        return [f"{dep}: {key}" for key in sorted({*info.value, *new}) if info.value.get(key) != new.get(key)]
    try:
        old_files = {key: hashed for key, _, hashed in obj}
        new_files = {key: hashed for key, _, hashed in dep.obj}
    except TypeError:  # a single file
        return [str(dep)]
    moved = [key for key in {*old_files, *new_files} if old_files.get(key) != new_files.get(key)]
    # Bytecode appears when the command itself imports; no source changed.
    sources = [key for key in moved if "__pycache__" not in key and not key[-1].endswith(".pyc")]
    return sorted("/".join((str(dep), *key)) for key in sources)


@contextmanager
def _user_errors() -> Iterator[None]:
    """DVC's complaint about the project, as a message."""
    try:
        yield
    except DvcException as error:
        raise Refused(_text(error)) from None


@contextmanager
def _stage_errors(kind: type[StageFailed] = StageFailed) -> Iterator[None]:
    """DVC's complaint about one stage, or the system's, as that stage's failure."""
    try:
        yield
    except DvcException as error:
        raise kind(_text(error)) from None
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise kind(f"{error.strerror or error}{where}") from None


def _text(error: BaseException) -> str:
    """The message, and what it was caused by, on one line each."""
    lines = [str(error)]
    cause = error.__cause__
    while cause is not None:
        if str(cause) and str(cause) not in lines[-1]:
            lines.append(str(cause))
        cause = cause.__cause__
    return "\n".join(lines)
