"""One run: which stage may start when, and what became of each. Knows no Prefect; `pipeline.py` gives it tasks.

The loop thread chooses what starts; what worker threads then do is `Work` (work.py).
"""

from __future__ import annotations

import contextlib
import functools
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from flows import dag, recovery
from flows.attempt import Attempt
from flows.group import GRACE
from flows.guard import Guard
from flows.journal import Journal
from flows.meta import Meta
from flows.outcome import DONE, Outcome, Watcher
from flows.resources import Claim, Ledger
from flows.store import Store
from flows.work import Agents, Work

__all__ = ["DONE", "Options", "Outcome", "Run", "Watcher"]

CLAIM_SECONDS = 0.2  # how often a stage that waits for its claim looks again


@dataclass(frozen=True)
class Options:
    """How to run: how many stages side by side, go on after a failure, run what is up to date as well.

    ``preload`` is whether `meta.preload` is heeded, ``agents`` whether `meta.pool` is.
    """

    jobs: int = 2
    keep_going: bool = False
    force: bool = False
    grace: float = GRACE
    preload: bool = True
    agents: bool = True


@dataclass
class Run:
    """The state of one run over ``graph``, which is in topological order; all of it belongs to the loop thread."""

    graph: dag.Graph
    store: Store
    metas: Mapping[str, Meta]
    guard: Guard
    options: Options = field(default_factory=Options)
    watcher: Watcher = field(default_factory=Watcher)
    priority: Mapping[str, float] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)
    ledger: Ledger | None = None
    agents: Agents | None = None

    def __post_init__(self) -> None:
        self.journal = Journal(self.store.root)
        self.claims: dict[str, Claim] = {}
        if self.ledger is None:
            self.ledger = Ledger(self.store.root)
        self._waits = {name: set(stage.parents & self.graph.keys()) for name, stage in self.graph.items()}
        self._children = dag.children(self.graph)
        self._free = {name for name, waits in self._waits.items() if not waits}
        self._halted = False
        # What agents make takes none of this machine's jobs.
        self.away = {name for name in self.graph if self.agents and self.metas[name].pool}

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
            self.work.pool.close()
            with contextlib.suppress(OSError):
                self.journal.close()

    def _open(self) -> None:
        """Clear up after runs that died, and order what is to be done."""
        with contextlib.suppress(OSError):
            self.journal.open()
        self.guard.tidies(self.store.claims.path)
        shared = (self.graph, self.store, self.metas, self.guard, self.journal, self.watcher, self.stop)
        self.work = Work(*shared, self.options.force, self.options.grace, self.options.preload, self.agents)
        self.work.left = recovery.look_back(self.journal, self._is_worth_waiting)
        for name in self.work.left.ended:
            self.watcher.note(name, "its command had outlived a run that was killed; it was ended")
        if not self.priority:
            self.priority = dag.longest_paths(self.graph, self.journal.seconds())
        for name in self.graph:
            self.work.note("planned", name)

    def _is_worth_waiting(self, name: str, orphan: Attempt) -> bool:
        """Whether a command of a dead run does what this run is going to ask for, as far as can be said by now."""
        stage = self.graph.get(name)
        return stage is not None and stage.command == orphan.command and not self.options.force

    def _loop(self, submit: Callable[[str, Callable[[], Outcome], Callable[[str], None]], None]) -> None:
        done: queue.SimpleQueue[str] = queue.SimpleQueue()
        results: dict[str, Outcome] = {}

        def work(name: str) -> Outcome:
            results[name] = self.work.bring_up(name, self.claims[name].env())
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
            if self.stop.is_set() or self._halted:
                break
            away = name in self.away
            if not away and len(self.running - self.away) >= self.options.jobs:
                if not self.away:
                    break
                continue
            # The agent claims its own machine's cores and GPUs; a mutex is the project's.
            meta = replace(self.metas[name], cores=0, memory=0, gpus=0) if away else self.metas[name]
            claim = self.ledger.claim(name, meta)
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
