"""Bytes in, whole lines out: what a command prints, cut as people read it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


class Lines:
    """Lines are told once they are whole; of what a progress bar's carriage returns overwrite, the last is kept."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._rest = b""

    def read(self, pipe: int) -> bool:
        """Read once, which waits only if nothing is there; False at the end of the stream."""
        data = os.read(pipe, 65536)
        self.feed(data)
        return bool(data)

    def tail(self, path: Path, seen: int) -> int:
        """Read what a file has beyond its first ``seen`` bytes; how many there are now. It need not be there."""
        try:
            with path.open("rb") as stream:
                stream.seek(seen)
                data = stream.read()
        except FileNotFoundError:
            return seen
        self.feed(data)
        return seen + len(data)

    def feed(self, data: bytes) -> None:
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            self._emit(line)

    def close(self) -> None:
        """The stream has ended; what is left is the last line."""
        if self._rest:
            self._emit(self._rest)
            self._rest = b""

    def _emit(self, line: bytes) -> None:
        self._on_line(line.rstrip(b"\r").rsplit(b"\r", 1)[-1].decode(errors="replace"))
