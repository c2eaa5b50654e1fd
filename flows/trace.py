"""What an attempt at a stage leaves when its run is gone: how its commands ended, and what they went on to say."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote


@dataclass(frozen=True)
class Ending:
    """How commands ended: their exit code, whether they had been told to end, and when (nanoseconds, by the disk)."""

    code: int
    told: bool
    at: int

    @property
    def well(self) -> bool:
        return self.code == 0 and not self.told


@dataclass(frozen=True)
class Trace:
    """What an attempt leaves behind, whatever becomes of its run.

    Attributes:
        output: What the commands printed after the run was gone; else there is no such file.
        record: How they ended.
    """

    output: Path
    record: Path

    @classmethod
    def of(cls, folder: Path, run: str, stage: str) -> Trace:
        name = f"{run}.{quote(stage, safe='@')}"
        return cls(folder / f"{name}.out", folder / f"{name}.exit")

    def ending(self) -> Ending | None:
        """None while they run, or if they were killed together with the launcher."""
        try:
            words, info = self.record.read_text(), self.record.stat()
        except FileNotFoundError:
            return None
        if not words.endswith("\n"):  # in mid-write
            return None
        code, *told = words.split()
        return Ending(int(code), bool(told), info.st_ctime_ns)

    def clear(self) -> None:
        for path in (self.output, self.record):
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def kept(trace: Trace | None) -> Iterator[Trace]:
    """``trace`` with its folder made and nothing of an earlier attempt in it; a passing one if there is none."""
    if trace is None:
        with tempfile.TemporaryDirectory(prefix="headwater-") as folder:
            yield Trace.of(Path(folder), "run", "stage")
        return
    trace.record.parent.mkdir(parents=True, exist_ok=True)
    trace.clear()
    yield trace
