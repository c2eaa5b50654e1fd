"""How much memory a process and its descendants hold, looked at while they run."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

_HAS_TREE = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").exists()  # a fast way to a process's children
_EVERY = 0.5  # seconds between looks


class Peak:
    """The largest memory of a process and its descendants together, looked at twice a second.

    What the system counts itself (ru_maxrss) starts from the memory of the process that forked, which here holds all
    of Prefect; it serves where there is nothing better.
    """

    def __init__(self, pid: int, counts: bool = True) -> None:
        """
        Args:
            counts: Whether the process itself counts, besides its descendants.
        """
        self.pid, self.counts = pid, counts
        self._bytes = 0
        self._next = 0.0

    def look(self) -> None:
        now = time.monotonic()
        if _HAS_TREE and now >= self._next:
            self._next = now + _EVERY
            self._bytes = max(self._bytes, tree_bytes(self.pid, self.counts))

    def bytes(self, maxrss: int) -> int:
        """In bytes.

        Args:
            maxrss: ru_maxrss of the process, in the system's own unit.
        """
        unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
        return self._bytes if _HAS_TREE else maxrss * unit


def tree_bytes(pid: int, counts: bool = True) -> int:
    """Resident bytes of a process and its descendants; 0 for what is gone. Linux."""
    try:
        own = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        total = own if counts else 0
        for task in os.listdir(f"/proc/{pid}/task"):
            children = Path(f"/proc/{pid}/task/{task}/children").read_text().split()
            total += sum(tree_bytes(int(child)) for child in children)
        return total
    except (OSError, IndexError):
        return 0
