"""Who is making and who is reading which file, as DVC's rwlock has it: never two writers on one output.

The entry of a run bears the run's process number. DVC drops entries of dead processes, and a command may outlive its
run; so, once it has started, the command's own process stands there too, as a reader of its outputs, whom every writer
has to wait for.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from dvc.lock import LockError, make_lock
from dvc.rwlock import (
    RWLOCK_FILE,
    RWLOCK_LOCK,
    _acquire_read,
    _acquire_write,
    _check_blockers,
    _release_read,
    _release_write,
)

from flows.lockfile import replace_text


class Busy(Exception):  # noqa: N818
    """Another process is making, or reading, a file that this stage makes or reads.

    Attributes:
        holders: The numbers of these processes.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.holders = {int(number) for number in re.findall(r"\(PID (\d+)\)", text)}


class Claims:
    """The claims of this process's stages, from any thread."""

    def __init__(self, folder: str, *, hardlink: bool) -> None:
        """
        Args:
            folder: Where DVC keeps its rwlock.
            hardlink: DVC's setting core.hardlink_lock.
        """
        self._folder = folder
        self.path = Path(folder) / RWLOCK_FILE
        self._hardlink = hardlink
        self._threads = threading.Lock()
        self._held: dict[str, list[tuple[dict[str, Any], list[str], list[str]]]] = {}  # per stage: who, reads, writes

    def take(self, stage: str, reads: list[str], writes: list[str]) -> None:
        """Enter this process for a stage.

        Raises:
            Busy: With the name of who has one of the files.
        """
        try:
            self._take(stage, reads, writes)
        except LockError:
            self.drop_stale()  # DVC takes a zombie for alive
            try:
                self._take(stage, reads, writes)
            except LockError as error:
                raise Busy(" ".join(str(error).split("\n\nIf there are")[0].split())) from None

    def _take(self, stage: str, reads: list[str], writes: list[str]) -> None:
        info = _who(stage, os.getpid())
        with self._edit() as lock:
            _check_blockers(self._folder, lock, info, mode="write", waiters=reads + writes)
            _check_blockers(self._folder, lock, info, mode="read", waiters=writes)
            self._held[stage] = [(info, _acquire_read(lock, info, reads), _acquire_write(lock, info, writes))]

    def works(self, stage: str, pid: int) -> None:
        """Enter the process that has begun to make the stage's outputs."""
        info = _who(stage, pid)
        _, _, writes = self._held[stage][0]
        with self._edit() as lock:
            self._held[stage].append((info, _acquire_read(lock, info, writes), []))

    def drop(self, stage: str) -> None:
        """Remove all of a stage's entries, if there are any."""
        held = self._held.pop(stage, [])
        if held:
            with self._edit() as lock:
                for info, reads, writes in held:
                    _release(lock, info, reads, writes)

    def held_by(self, holders: set[int]) -> bool:
        """Whether any of these processes still stands in the rwlock. Takes no lock, so that waiting disturbs nobody."""
        return any(info["pid"] in holders for _, info in _entries(self._read()))

    def stale(self) -> set[int]:
        """Numbers of dead processes that stand in the rwlock."""
        pids = {info["pid"] for _, info in _entries(self._read())}
        return {pid for pid in pids if not _is_alive(pid)}

    def drop_stale(self) -> int:
        """Remove the entries of dead processes; how many went."""
        dead = self.stale()
        with self._edit() as lock:
            gone = [(path, info) for path, info in _entries(lock) if info["pid"] in dead]
            for path, info in gone:
                _release(lock, info, [path], [path])
        return len(gone)

    @contextmanager
    def _edit(self) -> Iterator[dict[str, Any]]:
        """What stands in the rwlock, to be changed; written at the end of the block, unless that raises.

        DVC's own `_edit_rwlock` writes in place: a kill in mid-write leaves 0 bytes, and every DVC command refused.
        """
        guard = make_lock(os.path.join(self._folder, RWLOCK_LOCK), self._folder, hardlink_lock=self._hardlink)
        with self._threads, guard:
            lock = self._read()
            yield lock
            replace_text(self.path, json.dumps(lock), sync=False)

    def _read(self) -> dict[str, Any]:
        """Nothing where there is no file, or one that was torn."""
        try:
            found = json.loads(self.path.read_text())
        except (FileNotFoundError, ValueError):
            found = {}
        return {
            "write": defaultdict(dict, found.get("write", {})),
            "read": defaultdict(list, found.get("read", {})),
        }


def _who(stage: str, pid: int) -> dict[str, Any]:
    """A label of its own for each stage: DVC takes equal labels of one process for one holder."""
    return {"pid": pid, "cmd": f"headwater run: {stage}"}


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _release(lock: dict[str, Any], info: dict[str, Any], reads: list[str], writes: list[str]) -> None:
    """Remove what is still there of these entries; DVC's own helpers take the empty mappings away as well."""
    _release_write(lock, info, [path for path in writes if lock.get("write", {}).get(path) == info])
    _release_read(lock, info, [path for path in reads if info in lock.get("read", {}).get(path, [])])


def _entries(lock: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """(path, who), writers and readers."""
    return [*lock["write"].items(), *((path, info) for path, infos in lock["read"].items() for info in infos)]
