"""What a person sees of a run: stages while they work, and what became of each at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from flows import logs
from flows.outcome import DONE, Outcome, Watcher

_MARK = {
    "ran": ("✓", "green"),
    "cached": ("=", "dim"),
    "restored": ("↺", "cyan"),
    "recovered": ("⤴", "cyan"),
    "failed": ("✗", "red"),
    "skipped": ("-", "yellow"),
    "stopped": ("■", "yellow"),
    "not started": ("·", "yellow"),
}


def duration(seconds: float) -> str:
    """
    >>> duration(0.04), duration(7.25), duration(75), duration(3700)
    ('0.0 s', '7.2 s', '1 min 15 s', '1 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60)} min"


class Progress:
    """A live view of the running stages on a terminal; plain lines elsewhere."""

    def __init__(self, console: Console, total: int) -> None:
        self.console = console
        self.total = total
        self.settled = 0
        self._running: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()
        self._live = Live(get_renderable=self._render, console=console, refresh_per_second=5, transient=True)

    def watcher(self) -> Watcher:
        return Watcher(self._started, self._line, self._note, self._finished)

    def __enter__(self) -> Progress:
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self.console.is_terminal:
            self._live.stop()

    def _started(self, name: str) -> None:
        with self._lock:
            self._running[name] = (time.monotonic(), "")

    def _line(self, name: str, text: str) -> None:
        with self._lock:
            if name in self._running:
                self._running[name] = (self._running[name][0], text)

    def _note(self, name: str, text: str) -> None:
        self._line(name, text)
        self.console.print(f"  [yellow]{escape(name)}[/] {escape(text)}", highlight=False)

    def _finished(self, name: str, outcome: Outcome) -> None:
        with self._lock:
            self._running.pop(name, None)
            self.settled += 1
        if outcome.state in ("cached", "not started"):
            return
        mark, colour = _MARK[outcome.state]
        took = duration(outcome.seconds) if outcome.state != "skipped" else outcome.message
        place = f"[{self.settled}/{self.total}]"
        self.console.print(
            f"{mark} {place} {name}  {outcome.state}  {took}", style=colour, markup=False, highlight=False
        )

    def _render(self) -> Group:
        with self._lock:
            running = dict(self._running)
        now = time.monotonic()
        rows = Table.grid(padding=(0, 1))
        for name, (begun, line) in running.items():
            text = Text(line, style="dim", no_wrap=True, overflow="ellipsis")
            rows.add_row(Spinner("dots"), escape(name), duration(now - begun), text)
        return Group(rows, Text(f"{self.settled} of {self.total} stages settled", style="dim"))


def say(console: Console, text: str, style: str = "") -> None:
    """Text as it is, in one line."""
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def summary(console: Console, outcomes: Mapping[str, Outcome], seconds: float) -> None:
    """What ran, what was cached, restored, failed and skipped, and what to do about it."""
    by_state: dict[str, list[str]] = {}
    for name, outcome in outcomes.items():
        by_state.setdefault(outcome.state, []).append(name)

    say(console, "")
    for name in by_state.get("ran", []):
        say(console, f"  ran       {name}  {duration(outcomes[name].seconds)}", "green")
    for state in ("recovered", "restored", "cached"):
        if names := by_state.get(state):
            say(console, f"  {state:<9} {_listed(names)}", _MARK[state][1])
    for name in by_state.get("failed", []):
        outcome = outcomes[name]
        say(console, f"  failed    {name}  after {duration(outcome.seconds)}: {outcome.message}", "red")
        for line in outcome.tail:
            say(console, f"            | {line}", "dim")
        say(console, f"            to run it alone:  dvc repro -s {name}")
        say(console, f"            its whole log:    {logs.path(Path(), name)}")
    for state in ("skipped", "stopped", "not started"):
        for name in by_state.get(state, []):
            say(console, f"  {state:<9} {name}: {outcomes[name].message}", "yellow")
    counts = ", ".join(f"{len(names)} {state}" for state, names in by_state.items())
    say(
        console, f"{counts or 'no stages'}; {duration(seconds)}", "bold" if _all_done(outcomes.values()) else "bold red"
    )


def _listed(names: list[str], most: int = 12) -> str:
    """A long list of finished stages is of no use; their number is."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def _all_done(outcomes: Iterable[Outcome]) -> bool:
    return all(outcome.state in DONE for outcome in outcomes)


def show(console: Console, paths: Iterable[Path]) -> None:
    """The text of each file that a target stage wants shown; what is not there is left out."""
    for path in dict.fromkeys(paths):
        if path.is_file():
            say(console, "")
            say(console, path.read_text(encoding="utf-8", errors="replace").rstrip())
