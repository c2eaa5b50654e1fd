"""Bring one stage up to date, in a worker thread: nothing to do, from the run-cache, or by its command."""

from __future__ import annotations

import collections
import contextlib
import functools
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from flows import dag, environment, logs, process, recovery
from flows.agents.order import Made
from flows.attempt import Attempt
from flows.errors import NotRecorded, Refused, StageFailed, Stopped
from flows.group import GRACE, end_group
from flows.guard import Guard
from flows.journal import MARK, Journal
from flows.meta import Meta
from flows.outcome import Outcome, State, Watcher
from flows.process import Hooks, Limits
from flows.store import Begun, Store
from flows.veil import Veil
from flows.warm import Pool

TAIL = 12  # log lines shown of a failed stage
Tail = collections.deque[str]


class Agents(Protocol):
    """Who has stages made on other machines; `flows/agents/pool.py`."""

    def make(self, name: str, line: Callable[[str], None], sent: Callable[..., object]) -> Made:
        """Have a begun stage made, and its result put into the workspace.

        Args:
            line: Told what happens, a line each, for the stage's log.
            sent: Told who makes it now, by keyword, for the journal.

        Raises:
            StageFailed: It was not made, or the result cannot be had.
            Stopped: The run was stopped meanwhile.
        """


@dataclass
class Work:
    """What the worker threads of one run share."""

    graph: dag.Graph
    store: Store
    metas: Mapping[str, Meta]
    guard: Guard
    journal: Journal
    watcher: Watcher
    stop: threading.Event
    force: bool = False
    grace: float = GRACE
    preload: bool = True
    agents: Agents | None = None
    left: recovery.Left = field(default_factory=recovery.Left)
    attempts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pool = Pool(self.stop)
        self.veil = Veil(self.store.environment, self.store.repo.config.get("remote", {}))

    def bring_up(self, name: str, claimed: Mapping[str, str]) -> Outcome:
        """Bring one stage up to date. Called again for a retry; whatever goes wrong becomes that stage's failure.

        Args:
            claimed: Environment variables that name what the stage has claimed.
        """
        begun = time.monotonic()
        tail: Tail = collections.deque(maxlen=TAIL)
        self.attempts[name] = attempt = self.attempts.get(name, 0) + 1
        self.watcher.started(name)
        try:
            if attempt > 1 and self.stop.wait(self.metas[name].retry_delay):
                raise Stopped("stopped")
            return Outcome(self._bring_up(name, claimed, tail), time.monotonic() - begun)
        except Stopped:
            return Outcome("stopped", time.monotonic() - begun, "stopped before its end; it runs again next time")
        except (StageFailed, Refused, OSError) as error:
            return Outcome("failed", time.monotonic() - begun, self.veil.hide(str(error)), tail=tuple(tail))
        except Exception as error:  # a fault of ours or of DVC: this stage's failure, with all there is to know
            text = self.veil.hide(traceback.format_exc()).splitlines()
            message = self.veil.hide(f"unexpected {error!r}")
            return Outcome("failed", time.monotonic() - begun, message, tail=tuple(text))

    def _bring_up(self, name: str, claimed: Mapping[str, str], tail: Tail) -> State:
        if self.stop.is_set():
            raise Stopped("stopped")
        if orphan := self.left.at_work.pop(name, None):
            self._adopt(name, orphan, tail)
        begun = self.store.begin(
            name,
            force=self.force,
            lost=self.left.lost.pop(name, None),
            stop=self.stop,
            on_wait=lambda who: self.watcher.note(name, f"waits: {who}"),
        )
        if begun.state != "run":
            if begun.state != "cached":
                self.note("committed", name, how=begun.state)
            return "ran" if begun.state == "recorded" else begun.state
        state: State = "ran"
        if self.agents and self.metas[name].pool:
            state = self._elsewhere(name, begun, tail)
        else:
            self._command(name, begun, claimed, tail)
        self._finish(name)
        return state

    def _adopt(self, name: str, orphan: Attempt, tail: Tail) -> None:
        """Wait for the command of a run that died, as if it were ours; end it if what it read is no longer there."""
        assert orphan.group is not None
        if not self.store.expects(name, orphan):
            self.watcher.note(name, "its command had outlived a run that was killed, on other inputs; it was ended")
            end_group(orphan.group, self.grace)
            recovery.settle(self.journal, name, orphan)
            return
        self.watcher.note(name, f"waits: its command, process {orphan.group}, has outlived a run that was killed")
        trace = self.journal.trace(name, orphan.run)
        with logs.Log(logs.path(self.store.root, name), go_on=True) as log:
            hooks = Hooks(self._line(name, log, tail), self.guard.add, self.guard.remove)
            limits = Limits(self.metas[name].timeout, self.grace, self.stop)
            try:
                process.adopt(orphan.group, orphan.group_started, trace, hooks=hooks, limits=limits)
            finally:
                if lost := recovery.settle(self.journal, name, orphan):
                    self.left.lost[name] = lost

    def _command(self, name: str, begun: Begun, claimed: Mapping[str, str], tail: Tail) -> None:
        """Run the stage's commands, and write down how they ended."""
        trace = self.journal.trace(name)
        env = {**begun.env, **claimed, MARK: self.journal.run}
        modules = self.metas[name].preload if self.preload else ()

        def started(group: int) -> None:
            self.guard.add(group)
            self.store.works(name, group)
            with contextlib.suppress(OSError):
                self.journal.started(name, group)

        try:
            self.note("prepared", name, command=self.graph[name].command, deps=begun.deps, outs=begun.outs)
            with logs.Log(logs.path(self.store.root, name)) as log:
                for command in self.graph[name].command:
                    log.write(f"> {command}")
                usage = process.run(
                    begun.commands,
                    cwd=begun.cwd,
                    env=env,
                    hooks=Hooks(self._line(name, log, tail), started, self.guard.remove),
                    limits=Limits(self.metas[name].timeout, self.grace, self.stop),
                    trace=trace,
                    start=self.pool.starter(modules, lambda text: self.watcher.note(name, text)),
                )
            where = {"environment": environment.facts(self.store.root, env, self.metas[name].environment)}
            noted = self.note("exited", name, code=0, until=self.store.newest(name), **asdict(usage), **where)
        except BaseException as error:
            noted = self.note("exited", name, code=1, why=self.veil.hide(str(error)))
            self.store.abandon(name)
            raise
        finally:
            if noted:  # else the launcher's record is all the next run has
                trace.clear()

    def _elsewhere(self, name: str, begun: Begun, tail: Tail) -> State:
        """Have an agent make the stage. What it cost is in the journal; until then a crash loses nothing of it."""
        assert self.agents is not None
        try:
            self.note("prepared", name, command=self.graph[name].command, deps=begun.deps, outs=begun.outs)
            with logs.Log(logs.path(self.store.root, name)) as log:
                made = self.agents.make(name, self._line(name, log, tail), functools.partial(self.note, "sent", name))
            usage = {"seconds": made.seconds, "cpu_seconds": made.cpu_seconds, "peak_bytes": made.peak_bytes}
            where = {"pool": self.metas[name].pool, "environment": made.environment}
            until = self.store.newest(name)
            self.note("exited", name, code=0, until=until, **where, **(usage if made.seconds else {}))
        except BaseException as error:
            self.note("exited", name, code=1, why=self.veil.hide(str(error)))
            self.store.abandon(name)
            raise
        return "ran" if made.seconds else "restored"

    def _finish(self, name: str) -> None:
        """Record the result of a command that ended well."""
        try:
            self.store.finish(name, lambda hashes: self.note("hashed", name, outs=hashes))
        except NotRecorded as error:
            if name in (attempts := self.journal.attempts()):
                self.left.lost[name] = attempts[name]  # for a retry in this very run
            raise NotRecorded(
                f"its command ended well, but recording the result failed: {error}. Put that right; the next run "
                "records it without running it again"
            ) from None
        except StageFailed:
            self.note("dropped", name)
            raise
        self.note("committed", name, how="run")

    def _line(self, name: str, log: logs.Log, tail: Tail) -> Callable[[str], None]:
        def line(text: str) -> None:
            text = self.veil.hide(text)
            tail.append(text)
            log.write(text)
            self.watcher.line(name, text)

        return line

    def note(self, event: str, name: str, **facts: Any) -> bool:
        """A line for the journal, which is a help: a full disk under it must not fail a stage that is well."""
        with contextlib.suppress(OSError):
            self.journal.write(event, name, **facts)
            return True
        return False
