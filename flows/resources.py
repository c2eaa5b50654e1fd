"""Cores, memory, GPUs and mutexes: what a stage claims in its ``meta``, granted machine-wide while claims fit.

A claim is a file that its holder keeps locked (flock). The kernel drops the lock when the holder dies, however it dies,
so a claim cannot leak; a file whose lock is free is a dead claim and is removed. All runs of a user on this machine
share one folder of claims, and look at it one at a time.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any

import psutil

from flows.dag import Graph
from flows.errors import Refused
from flows.meta import Meta


@dataclass(frozen=True)
class Machine:
    """What there is to claim: cores, bytes of memory, GPU numbers."""

    cores: int
    memory: int
    gpus: tuple[str, ...]


@cache
def machine() -> Machine:
    """This machine, as far as this process may use it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Machine(cores, _memory(), _gpus())


def _memory() -> int:
    """Bytes, or the container's limit where that is lower."""
    total = int(psutil.virtual_memory().total)
    with contextlib.suppress(OSError, ValueError):  # "max" is no number: no limit
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return total


def _gpus() -> tuple[str, ...]:
    """What CUDA_VISIBLE_DEVICES names, or else every GPU of the machine."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return tuple(part.strip() for part in named.split(",") if part.strip() not in ("", "-1"))
    try:
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = [line for line in done.stdout.splitlines() if line.startswith("GPU ")] if done.returncode == 0 else []
    return tuple(str(i) for i in range(len(found)))


@dataclass
class Claim:
    """What one stage was granted; `release` gives it back."""

    gpus: tuple[str, ...] = ()
    _file: IO[str] | None = field(default=None, repr=False)

    def env(self) -> dict[str, str]:
        """What its command must see: only the GPUs it was granted."""
        return {"CUDA_VISIBLE_DEVICES": ",".join(self.gpus)} if self.gpus else {}

    def release(self) -> None:
        if self._file:
            with contextlib.suppress(OSError):
                os.unlink(self._file.name)
            self._file.close()
            self._file = None


class Ledger:
    """All claims of this user on this machine."""

    def __init__(self, project: Path, folder: Path | None = None, have: Machine | None = None) -> None:
        """
        Args:
            project: Mutex names count within this project.
            folder: Where claims lie; by default one for each user in the system's folder for temporary files.
            have: What there is to claim; by default this machine.
        """
        self.project = str(project)
        self._have = have
        self.folder = folder or Path(tempfile.gettempdir()) / f"headwater-{os.getuid()}"

    @property
    def have(self) -> Machine:
        return self._have or machine()

    def check(self, graph: Graph, metas: Mapping[str, Meta]) -> None:
        """Refuse what can never be granted, before anything runs."""
        wrong = []
        for name in graph:
            meta = metas[name]
            if not (meta.cores or meta.memory or meta.gpus) or meta.pool:
                continue
            if meta.cores > self.have.cores:
                wrong.append(f"stage '{name}' claims {meta.cores} cores; this machine has {self.have.cores}")
            if meta.memory > self.have.memory:
                wrong.append(f"stage '{name}' claims {_gib(meta.memory)}; this machine has {_gib(self.have.memory)}")
            if meta.gpus > len(self.have.gpus):
                wrong.append(
                    f"stage '{name}' claims {meta.gpus} GPUs; this machine has {len(self.have.gpus)}. "
                    "Lower meta.gpus in dvc.yaml, or run it where there are more"
                )
        if wrong:
            raise Refused("\n".join(wrong))

    def claim(self, stage: str, meta: Meta) -> Claim | None:
        """What the stage claims, or None as long as it does not fit beside the claims of others."""
        mutexes = [f"{self.project}: {name}" for name in meta.mutex]
        if not (meta.cores or meta.memory or meta.gpus or mutexes):
            return Claim()
        with self._alone():
            others = list(self._living())
            cores = sum(o["cores"] for o in others)
            memory = sum(o["memory"] for o in others)
            taken = {gpu for o in others for gpu in o["gpus"]}
            held = {name for o in others for name in o["mutex"]}
            free = [gpu for gpu in self.have.gpus if gpu not in taken]
            fits = (
                (not meta.cores or cores + meta.cores <= self.have.cores)
                and (not meta.memory or memory + meta.memory <= self.have.memory)
                and meta.gpus <= len(free)
                and not held & set(mutexes)
            )
            if not fits:
                return None
            gpus = tuple(free[: meta.gpus])
            stream = (self.folder / f"{uuid.uuid4().hex}.claim").open("w")
            fcntl.flock(stream, fcntl.LOCK_EX)
            facts = {"cores": meta.cores, "memory": meta.memory, "gpus": gpus, "mutex": mutexes}
            json.dump({**facts, "pid": os.getpid(), "stage": stage}, stream)
            stream.flush()
            return Claim(gpus, stream)

    def _living(self) -> Iterator[dict[str, Any]]:
        """Every claim whose holder lives; the others' files are removed."""
        for path in self.folder.glob("*.claim"):
            with contextlib.suppress(FileNotFoundError, ValueError), path.open() as stream:
                try:
                    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    yield json.load(stream)
                else:
                    path.unlink()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / "ledger.lock").open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield


def _gib(size: int) -> str:
    """
    >>> _gib(3 * 2**29)
    '1.5 GiB'
    """
    return f"{size / 2**30:.1f} GiB"
