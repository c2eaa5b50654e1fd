"""Ends a run's commands when the run itself was killed outright (kill -9, out of memory).

A run starts one guard, a process in a session of its own, and tells it through a pipe which process groups are
alive. When the pipe ends without a farewell, the run is dead: the guard ends what is left.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading

# Standard library only, so that it starts in milliseconds; runs as `python -S -c`.
_PROGRAM = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
alive = set()
for line in sys.stdin:
    if line[0] == "+": alive.add(int(line[1:]))
    elif line[0] == "-": alive.discard(int(line[1:]))
def send(number):
    left = set()
    for group in alive:
        try:
            os.killpg(group, number)
            left.add(group)
        except OSError:
            pass
    return left
alive = send(signal.SIGTERM)
end = time.monotonic() + float(sys.argv[1])
while alive and time.monotonic() < end:
    time.sleep(0.05)
    alive = send(0)
send(signal.SIGKILL)
"""


class Guard:
    """Start it, `add` each process group, `remove` it once it is gone, `close` at the end."""

    def __init__(self, grace: float = 3.0) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", _PROGRAM, str(grace)],
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
