"""A stage's log file: one line a line, with the time in front."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path


def path(root: Path, stage: str) -> Path:
    """Where a stage's log lies; the one of the run before is beside it, ``*.old.log``."""
    return root / ".headwater" / "logs" / f"{stage.replace('/', '_')}.log"


class Log:
    """An open log. What cannot be written is left out: a full disk under the log is no reason to end a training."""

    def __init__(self, path: Path, *, go_on: bool = False) -> None:
        """
        Args:
            go_on: Write behind what is there, instead of putting that aside.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        ignore = path.parent.parent / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
        if path.exists() and not go_on:
            path.replace(path.with_suffix(".old.log"))
        self._stream = path.open("a" if go_on else "w", encoding="utf-8", buffering=1)

    def write(self, text: str) -> None:
        now = time.time()
        clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
        with contextlib.suppress(OSError):
            self._stream.write(f"{clock}.{int(now % 1 * 1000):03d} {text}\n")

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):
            self._stream.close()
