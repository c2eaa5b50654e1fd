"""One run: which stage may start when, and what became of each. Knows no Prefect; `pipeline.py` gives it tasks.

The only shared state is `Run`: the loop thread chooses what starts, worker threads call `Run.bring_up`.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import queue
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from flows import dag, process
from flows.errors import NotRecorded, Refused, StageFailed, Stopped
from flows.guard import Guard
from flows.journal import MARK, Attempt, Journal
from flows.meta import Meta
from flows.resources import Claim, Ledger
from flows.store import Begun, Store

State = Literal["ran", "cached", "restored", "recovered", "failed", "skipped", "stopped", "not started"]
DONE: tuple[State, ...] = ("ran", "cached", "restored", "recovered")
CLAIM_SECONDS = 0.2  # how often a stage that waits for its claim looks again
TAIL = 12  # log lines shown of a failed stage


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


@dataclass(frozen=True)
class Options:
    """How to run: how many stages side by side, go on after a failure, run what is up to date as well."""

    jobs: int = 2
    keep_going: bool = False
    force: bool = False
    grace: float = process.GRACE


@dataclass
class Run:
    """The state of one run over ``graph``, which is in topological order."""

    graph: dag.Graph
    store: Store
    metas: Mapping[str, Meta]
    guard: Guard
    options: Options = field(default_factory=Options)
    watcher: Watcher = field(default_factory=Watcher)
    priority: Mapping[str, float] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    attempts: dict[str, int] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    ledger: Ledger | None = None

    @property
    def logs(self) -> Path:
        return self.store.root / ".headwater" / "logs"

    # ---- the loop thread

    def __post_init__(self) -> None:
        self.journal = Journal(self.store.root)
        self.lost: dict[str, Attempt] = {}
        self.claims: dict[str, Claim] = {}
        if self.ledger is None:
            self.ledger = Ledger(self.store.root)
        self._waits = {name: set(stage.parents & self.graph.keys()) for name, stage in self.graph.items()}
        self._children = dag.children(self.graph)
        self._free = {name for name, waits in self._waits.items() if not waits}
        self._halted = False

    def loop(self, submit: Callable[[str, Callable[[], Outcome], Callable[[str], None]], None]) -> None:
        """Start each stage once all it needs is done, until nothing is left that may start.

        Args:
            submit: Called with a stage's name, the work to do in another thread, and whom to tell the name when that
                thread is done with it. Also called for skipped stages, whose work is over at once.
        """
        self._open()
        try:
            self._loop(submit)
        finally:
            with contextlib.suppress(OSError):
                self.journal.close()

    def _open(self) -> None:
        """Clear up after runs that died: end their commands, find results that were never recorded."""
        with contextlib.suppress(OSError):
            self.journal.open()
        live = self.journal.live_runs()
        for name in self.journal.end_orphans():
            self.watcher.note(name, "its command had outlived a run that was killed; it was ended")
        self.lost = {name: a for name, a in self.journal.attempts().items() if a.lost and a.run not in live}
        if not self.priority:
            self.priority = dag.longest_paths(self.graph, self.journal.seconds())
        for name in self.graph:
            self._note("planned", name)
            if pool := self.metas[name].pool:
                self.watcher.note(name, f"meta.pool is '{pool}', but there are no agents yet; it runs here")

    def _loop(self, submit: Callable[[str, Callable[[], Outcome], Callable[[str], None]], None]) -> None:
        done: queue.SimpleQueue[str] = queue.SimpleQueue()
        results: dict[str, Outcome] = {}

        def work(name: str) -> Outcome:
            results[name] = self.bring_up(name)
            return results[name]

        while True:
            waiting = self._start(lambda name: submit(name, functools.partial(work, name), done.put))
            if not self.running and not waiting:
                break
            try:
                # Whoever holds what a waiting stage claims may be another run, which will not tell us.
                name = done.get(timeout=CLAIM_SECONDS if waiting else None)
            except queue.Empty:
                continue
            if name in self.running:
                outcome = results.get(name, Outcome("failed", message="its thread ended before it began"))
                for skipped in self._settle(name, outcome):
                    submit(skipped, functools.partial(self.outcomes.__getitem__, skipped), done.put)
        why = "stopped" if self.stop.is_set() else "another stage failed; --keep-going goes on with the others"
        for name in self.graph.keys() - self.outcomes.keys():
            self._settle(name, Outcome("not started", message=why))

    def _start(self, submit: Callable[[str], None]) -> bool:
        """Submit what may start now, the most urgent first; whether something waits only for what it claims.

        A stage that waits for its claim lets smaller ones pass: cores left idle help nobody.
        """
        assert self.ledger is not None
        waiting = False
        for name in sorted(self._free, key=lambda name: (-self.priority.get(name, 0.0), name)):
            if self.stop.is_set() or self._halted or len(self.running) >= self.options.jobs:
                break
            claim = self.ledger.claim(name, self.metas[name])
            if claim is None:
                waiting = True
                continue
            self.claims[name] = claim
            self._free.discard(name)
            self.running.add(name)
            submit(name)
        return waiting and not (self.stop.is_set() or self._halted)

    def _settle(self, name: str, outcome: Outcome) -> list[str]:
        """Record what became of a stage, and of those that cannot run for that; return the latter."""
        self.running.discard(name)
        if claim := self.claims.pop(name, None):
            claim.release()
        self.outcomes[name] = outcome
        self.watcher.finished(name, outcome)
        if outcome.done:
            for child in self._children[name]:
                self._waits[child].discard(name)
                if not self._waits[child]:
                    self._free.add(child)
            return []
        if outcome.state != "failed":
            return []
        self._halted = not self.options.keep_going
        skipped = [n for n in self.graph if n in dag.descendants(self.graph, [name]) and n not in self.outcomes]
        for child in skipped:
            self._settle(child, Outcome("skipped", message=f"needs {name}, which failed", cause=name))
        return skipped

    def _note(self, event: str, name: str, **facts: Any) -> None:
        """A line for the journal, which is a help: a full disk under it must not fail a stage that is well."""
        with contextlib.suppress(OSError):
            self.journal.write(event, name, **facts)

    # ---- a worker thread

    def bring_up(self, name: str) -> Outcome:
        """Bring one stage up to date: nothing, from the run-cache, or by its command.

        Called again for a retry, after a failure. Whatever goes wrong becomes that stage's failure.
        """
        begun = time.monotonic()
        tail: collections.deque[str] = collections.deque(maxlen=TAIL)
        self.attempts[name] = attempt = self.attempts.get(name, 0) + 1
        self.watcher.started(name)
        try:
            if attempt > 1 and self.stop.wait(self.metas[name].retry_delay):
                raise Stopped("stopped")
            return Outcome(self._bring_up(name, tail), time.monotonic() - begun)
        except Stopped:
            return Outcome("stopped", time.monotonic() - begun, "stopped before its end; it runs again next time")
        except (StageFailed, Refused, OSError) as error:
            return Outcome("failed", time.monotonic() - begun, str(error), tail=tuple(tail))
        except Exception as error:  # a fault of ours or of DVC: this stage's failure, with all there is to know
            text = traceback.format_exc().splitlines()
            return Outcome("failed", time.monotonic() - begun, f"unexpected {error!r}", tail=tuple(text))

    def _bring_up(self, name: str, tail: collections.deque[str]) -> State:
        if self.stop.is_set():
            raise Stopped("stopped")
        begun = self.store.begin(
            name,
            force=self.options.force,
            lost=self.lost.pop(name, None),
            stop=self.stop,
            on_wait=lambda who: self.watcher.note(name, f"waits: {who}"),
        )
        if begun.state != "run":
            if begun.state != "cached":
                self._note("committed", name, how=begun.state)
            return "ran" if begun.state == "recorded" else begun.state
        self._command(name, begun, tail)
        try:
            self.store.finish(name, lambda hashes: self._note("hashed", name, outs=hashes))
        except NotRecorded as error:
            if name in (attempts := self.journal.attempts()):
                self.lost[name] = attempts[name]  # for a retry in this very run
            raise NotRecorded(
                f"its command ended well, but recording the result failed: {error}. Put that right; the next run "
                "records it without running it again"
            ) from None
        except StageFailed:
            self._note("dropped", name)
            raise
        self._note("committed", name, how="run")
        return "ran"

    def _command(self, name: str, begun: Begun, tail: collections.deque[str]) -> None:
        """Run the stage's command, and write down how it ended."""
        journal = self.journal

        def started(group: int) -> None:
            self.guard.add(group)
            with contextlib.suppress(OSError):
                journal.started(name, group)

        try:
            self._note("prepared", name, command=self.graph[name].command, deps=begun.deps)
            with _Log(self.logs / f"{name.replace('/', '_')}.log") as log:

                def line(text: str) -> None:
                    tail.append(text)
                    log.write(text)
                    self.watcher.line(name, text)

                for command in self.graph[name].command:
                    log.write(f"> {command}")
                usage = process.run(
                    begun.commands,
                    cwd=begun.cwd,
                    env={**begun.env, **self.claims[name].env(), MARK: journal.run},
                    hooks=process.Hooks(line, started, self.guard.remove),
                    timeout=self.metas[name].timeout,
                    grace=self.options.grace,
                    stop=self.stop,
                )
            self._note("exited", name, code=0, outs=self.store.looks(name), **asdict(usage))
        except BaseException as error:
            self._note("exited", name, code=1, why=str(error))
            self.store.abandon(name)
            raise


class _Log:
    """A stage's log file: one line a line, with the time in front; the run before is kept beside it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        ignore = path.parent.parent / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
        if path.exists():
            path.replace(path.with_suffix(".old.log"))
        self._stream = path.open("w", encoding="utf-8", buffering=1)

    def write(self, text: str) -> None:
        now = time.time()
        clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
        with contextlib.suppress(OSError):  # a full disk under the log is no reason to end a training
            self._stream.write(f"{clock}.{int(now % 1 * 1000):03d} {text}\n")

    def __enter__(self) -> _Log:
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):
            self._stream.close()
