"""One stage's commands in a process group of their own: lines out, limits kept, nothing left behind.

How they start is a `Starter`'s business: `launch` here, by way of `launcher.py`; `warm.py` knows another.
"""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import psutil

from flows.errors import StageFailed, Stopped
from flows.group import GRACE, end_group, lives
from flows.launcher import Starter, Task, environment, launch
from flows.lines import Lines
from flows.memory import Peak
from flows.trace import Trace, kept

_POLL = 0.2  # seconds between looks at the clock and at the stop flag


@dataclass(frozen=True)
class Usage:
    """What a stage's commands took: wall and CPU seconds, and the most resident memory at one time, in bytes."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0


@dataclass(frozen=True)
class Hooks:
    """Who wants to know: each line, and the process group when it starts and once it is gone."""

    line: Callable[[str], None] = lambda text: None
    started: Callable[[int], None] = lambda group: None
    ended: Callable[[int], None] = lambda group: None


@dataclass(frozen=True)
class Limits:
    """When commands are ended: after ``timeout`` seconds, or once ``stop`` is set; KILL is ``grace`` s after TERM."""

    timeout: float | None = None
    grace: float = GRACE
    stop: threading.Event = field(default_factory=threading.Event)


def run(
    commands: Sequence[Sequence[str]],
    *,
    cwd: str,
    env: Mapping[str, str],
    hooks: Hooks = Hooks(),
    limits: Limits | None = None,
    trace: Trace | None = None,
    start: Starter = launch,
) -> Usage:
    """Run the commands one after another, streaming their output (stdout and stderr together).

    Args:
        trace: Where the launcher writes how they ended, in case this process does not live to see it.

    Raises:
        StageFailed: A command could not start, ended with another code than 0, or ran past its timeout.
        Stopped: ``limits.stop`` was set. In all cases no process of the commands is left.
    """
    begun = time.monotonic()
    limits = limits or Limits()
    with kept(trace) as place, _Pipe() as output, _Pipe() as life:
        every = tuple(tuple(command) for command in commands)
        child = start(Task(every, cwd, environment(env), output.writing, output.reading, life.reading, place))
        output.close_writing()
        peak = Peak(child.pid, child.counts)
        why, ended = None, None
        try:
            hooks.started(child.pid)
            os.write(life.writing, b"\n")
            deadline = begun + limits.timeout if limits.timeout else None
            why = _attend(child.pid, output.reading, Lines(hooks.line), deadline, limits.stop, peak)
            if why:
                end_group(child.pid, limits.grace)
            ended = child.reap()
        finally:
            end_group(child.pid, limits.grace)  # what the commands left running, or, after an exception, all of them
            ended = ended or child.reap()
            hooks.ended(child.pid)
    _judge(why, ended.code, limits)
    return Usage(time.monotonic() - begun, ended.cpu_seconds, peak.bytes(ended.maxrss))


class _Pipe:
    """A pipe whose ends are closed once."""

    def __enter__(self) -> _Pipe:
        self.reading, self.writing = os.pipe()
        self._open = {self.reading, self.writing}
        return self

    def close_writing(self) -> None:
        self._open.discard(self.writing)
        os.close(self.writing)

    def __exit__(self, *error: object) -> None:
        for end in self._open:
            os.close(end)


def _attend(
    pid: int, output: int, lines: Lines, deadline: float | None, stop: threading.Event, peak: Peak
) -> str | None:
    """Pass on lines until the process exits; say "stopped" or "timeout" if it has to be ended."""
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as closing:
        selector.register(output, selectors.EVENT_READ, "output")
        exited = _exit_descriptor(pid)
        if exited is not None:
            closing.callback(os.close, exited)
            selector.register(exited, selectors.EVENT_READ, "exit")
        while True:
            keys = {key.data for key, _ in selector.select(_POLL)}
            if "output" in keys and not lines.read(output):
                selector.unregister(output)
            if "exit" in keys or (exited is None and _has_exited(pid)):
                # What was still in the pipe; who was left running in the background may hold it open.
                while select.select([output], [], [], 0)[0] and lines.read(output):
                    pass
                lines.close()
                return None
            peak.look()
            if stop.is_set():
                return "stopped"
            if deadline is not None and time.monotonic() > deadline:
                return "timeout"


def _exit_descriptor(pid: int) -> int | None:
    """A file descriptor that becomes readable when the process exits, where the system has such a thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _has_exited(pid: int) -> bool:
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # a fork server's child, not ours
        return not psutil.pid_exists(pid)


def adopt(group: int, since: float, trace: Trace, *, hooks: Hooks, limits: Limits) -> None:
    """Wait for commands that another process started and did not live to see the end of, as `run` would.

    Args:
        since: When the launcher, process ``group``, began.

    Raises:
        StageFailed: They ran past their timeout, counted from their start.
        Stopped: ``limits.stop`` was set.
    """
    lines, seen, why = Lines(hooks.line), 0, None
    deadline = since + limits.timeout if limits.timeout else None
    hooks.started(group)
    try:
        while lives(group, since) and trace.ending() is None and not why:
            seen = lines.tail(trace.output, seen)
            if limits.stop.wait(_POLL):
                why = "stopped"
            elif deadline is not None and time.time() > deadline:
                why = "timeout"
    finally:
        end_group(group, limits.grace)
        hooks.ended(group)
    lines.tail(trace.output, seen)
    lines.close()
    _judge(why, 0, limits)


def _judge(why: str | None, code: int, limits: Limits) -> None:
    if why == "stopped":
        raise Stopped("stopped")
    if why == "timeout":
        raise StageFailed(f"ran past its timeout of {limits.timeout:g} s and was ended")
    if code:
        raise StageFailed(exit_text(code))


def exit_text(code: int) -> str:
    """
    >>> exit_text(3), exit_text(-9)
    ('exit code 3', 'ended by SIGKILL (if nobody sent it, the machine ran out of memory)')
    """
    code = 128 - code if code < 0 else code
    if code <= 128 or code - 128 not in set(signal.Signals):
        return f"exit code {code}"
    extra = " (if nobody sent it, the machine ran out of memory)" if code == 137 else ""
    return f"ended by {signal.Signals(code - 128).name}{extra}"
