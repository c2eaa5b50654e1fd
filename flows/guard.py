"""Ends a run's commands when the run itself was killed outright (kill -9, out of memory).

A run starts one guard, a process in a session of its own, and tells it through a pipe which process groups are
alive. When the pipe ends, the run is over: the guard ends what is left (`watchdog.py`).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

_PROGRAM = Path(__file__).with_name("watchdog.py")


class Guard:
    """Start it, `add` each process group, `remove` it once it is gone, `close` at the end."""

    def __init__(self, grace: float = 3.0) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-E", str(_PROGRAM), str(os.getpid()), str(grace)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )

    def add(self, group: int) -> None:
        self._tell(f"+{group}\n")

    def remove(self, group: int) -> None:
        self._tell(f"-{group}\n")

    def tidies(self, rwlock: Path) -> None:
        """Once it has ended what a dead run left, take it out of this, DVC's list of who makes which file."""
        self._tell(f"={rwlock}\n")

    def _tell(self, line: str) -> None:
        # A guard that somebody ended must not take the run with it.
        with self._lock, contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None
            os.write(self._process.stdin.fileno(), line.encode())

    def close(self) -> None:
        with self._lock, contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        self._process.wait()
