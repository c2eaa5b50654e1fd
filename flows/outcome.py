"""What becomes of a stage in a run, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

State = Literal["ran", "cached", "restored", "recovered", "failed", "skipped", "stopped", "not started"]
DONE: tuple[State, ...] = ("ran", "cached", "restored", "recovered")


@dataclass(frozen=True)
class Outcome:
    """What became of one stage.

    Attributes:
        seconds: From its start to its end, in this run.
        message: Why it failed, or why it was skipped.
        cause: The failed stage it was skipped for.
        tail: The last lines of its log, where it failed.
    """

    state: State
    seconds: float = 0.0
    message: str = ""
    cause: str | None = None
    tail: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        return self.state in DONE


@dataclass
class Watcher:
    """Who is told what happens; every call may come from another thread."""

    started: Callable[[str], None] = lambda name: None
    line: Callable[[str, str], None] = lambda name, text: None
    note: Callable[[str, str], None] = lambda name, text: None
    finished: Callable[[str, Outcome], None] = lambda name, outcome: None
