"""One stage's commands, each in a process group of its own: lines out, limits kept, nothing left behind."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from flows.errors import StageFailed, Stopped

_HAS_TREE = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").exists()  # a fast way to a process's children

GRACE = 5.0  # seconds between TERM and KILL
_POLL = 0.2  # seconds between looks at the clock and at the stop flag


@dataclass(frozen=True)
class Usage:
    """What a command took: wall and CPU seconds, and the largest resident memory of one process, in bytes."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.seconds + other.seconds,
            self.cpu_seconds + other.cpu_seconds,
            max(self.peak_bytes, other.peak_bytes),
        )


@dataclass(frozen=True)
class Hooks:
    """Who wants to know: each line, and each process group when it starts and once it is gone."""

    line: Callable[[str], None] = lambda text: None
    started: Callable[[int], None] = lambda group: None
    ended: Callable[[int], None] = lambda group: None


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """``env`` with this interpreter's folder first in PATH, so that ``python`` in a command is this one."""
    here = str(Path(sys.executable).parent)
    path = env.get("PATH", os.defpath)
    first = path.split(os.pathsep)[0]
    return {**env, "PATH": path if first == here else here + os.pathsep + path}


def run(
    commands: Sequence[Sequence[str]],
    *,
    cwd: str,
    env: Mapping[str, str],
    hooks: Hooks = Hooks(),
    timeout: float | None = None,
    grace: float = GRACE,
    stop: threading.Event | None = None,
) -> Usage:
    """Run the commands one after another, streaming their output (stdout and stderr together).

    Raises:
        StageFailed: A command could not start, ended with another code than 0, or ran past ``timeout`` seconds.
        Stopped: ``stop`` was set. In all cases no process of the command is left.
    """
    total = Usage()
    deadline = time.monotonic() + timeout if timeout else None
    for command in commands:
        total += _one(command, cwd, environment(env), hooks, deadline, timeout, grace, stop or threading.Event())
    return total


def _one(
    command: Sequence[str],
    cwd: str,
    env: Mapping[str, str],
    hooks: Hooks,
    deadline: float | None,
    timeout: float | None,
    grace: float,
    stop: threading.Event,
) -> Usage:
    begun = time.monotonic()
    try:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise StageFailed(f"cannot start {command[0]!r} in {cwd}: {error.strerror}") from None
    peak = _Peak(child.pid)
    try:
        hooks.started(child.pid)
        why = _attend(child, hooks.line, deadline, stop, peak)
        if why:
            end_group(child.pid, grace)
        usage = _reap(child, begun, peak)
        end_group(child.pid, grace)  # what the command left running in its group
    finally:
        if child.returncode is None:  # an exception above, such as a full disk under the log
            end_group(child.pid, grace)
            child.wait()
        assert child.stdout is not None
        child.stdout.close()
        hooks.ended(child.pid)
    if why == "stopped":
        raise Stopped("stopped")
    if why == "timeout":
        raise StageFailed(f"ran past its timeout of {timeout:g} s and was ended")
    if child.returncode:
        raise StageFailed(_exit_text(child.returncode))
    return usage


def _exit_text(code: int) -> str:
    """
    >>> _exit_text(3), _exit_text(-9)
    ('exit code 3', 'ended by SIGKILL (if nobody sent it, the machine ran out of memory)')
    """
    code = 128 - code if code < 0 else code
    if code <= 128 or code - 128 not in set(signal.Signals):
        return f"exit code {code}"
    extra = " (if nobody sent it, the machine ran out of memory)" if code == 137 else ""
    return f"ended by {signal.Signals(code - 128).name}{extra}"


def _attend(
    child: subprocess.Popen[bytes],
    on_line: Callable[[str], None],
    deadline: float | None,
    stop: threading.Event,
    peak: _Peak,
) -> str | None:
    """Pass on lines until the command exits; say "stopped" or "timeout" if it has to be ended."""
    assert child.stdout is not None
    pipe = child.stdout.fileno()
    os.set_blocking(pipe, False)
    lines = _Lines(on_line)
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as closing:
        selector.register(pipe, selectors.EVENT_READ, "pipe")
        exited = _exit_descriptor(child.pid)
        if exited is not None:
            closing.callback(os.close, exited)
            selector.register(exited, selectors.EVENT_READ, "exit")
        while True:
            keys = {key.data for key, _ in selector.select(_POLL)}
            if "pipe" in keys and not lines.read(pipe):
                selector.unregister(pipe)
                if exited is None:
                    exited = -1  # no descriptor for the exit here: look at intervals
            gone = "exit" in keys or (exited in (None, -1) and _has_exited(child.pid))
            if gone:
                lines.read(pipe)  # what was still in the pipe; a left-over grandchild may hold it open
                lines.close()
                return None
            peak.look()
            if stop.is_set():
                return "stopped"
            if deadline is not None and time.monotonic() > deadline:
                return "timeout"


class _Peak:
    """The largest memory of a process and its descendants together, looked at twice a second.

    What the system counts itself (ru_maxrss) starts from the memory of the process that forked, which here holds all
    of Prefect; it serves where there is nothing better.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.bytes = 0
        self._next = 0.0

    def look(self) -> None:
        now = time.monotonic()
        if _HAS_TREE and now >= self._next:
            self._next = now + 0.5
            self.bytes = max(self.bytes, _tree_bytes(self.pid))


def _tree_bytes(pid: int) -> int:
    """Resident bytes of a process and its descendants; 0 for what is gone. Linux."""
    try:
        total = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        for task in os.listdir(f"/proc/{pid}/task"):
            children = Path(f"/proc/{pid}/task/{task}/children").read_text().split()
            total += sum(_tree_bytes(int(child)) for child in children)
        return total
    except (OSError, IndexError):
        return 0


class _Lines:
    """Bytes in, whole lines out; a progress bar's carriage returns count as line ends that are kept once."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._rest = b""

    def read(self, pipe: int) -> bool:
        """Read all there is; False at the end of the stream."""
        while True:
            try:
                data = os.read(pipe, 65536)
            except BlockingIOError:
                return True
            if not data:
                return False
            *whole, self._rest = (self._rest + data).split(b"\n")
            for line in whole:
                self._emit(line)

    def close(self) -> None:
        if self._rest:
            self._emit(self._rest)
            self._rest = b""

    def _emit(self, line: bytes) -> None:
        self._on_line(line.rstrip(b"\r").rsplit(b"\r", 1)[-1].decode(errors="replace"))


def _exit_descriptor(pid: int) -> int | None:
    """A file descriptor that becomes readable when the process exits, where the system has such a thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _has_exited(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _reap(child: subprocess.Popen[bytes], begun: float, peak: _Peak) -> Usage:
    try:
        _, status, used = os.wait4(child.pid, 0)
    except ChildProcessError:  # psutil reaped it while `end_group` waited; what it used is lost
        child.returncode = -signal.SIGTERM
        return Usage(time.monotonic() - begun)
    child.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes there, KiB elsewhere
    memory = peak.bytes if _HAS_TREE else used.ru_maxrss * unit
    return Usage(time.monotonic() - begun, used.ru_utime + used.ru_stime, memory)


def end_group(group: int, grace: float = GRACE) -> None:
    """End every process of the group, and every descendant that left it: TERM, ``grace`` seconds, KILL."""
    members = _members(group)
    if not members:
        return
    _signal(members, signal.SIGTERM)
    _, alive = psutil.wait_procs(members, timeout=grace)
    alive = list({*alive, *_members(group)})
    _signal(alive, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=grace)


def _members(group: int) -> list[psutil.Process]:
    """Living processes of the group and their descendants; zombies are dead."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return []
    found: set[psutil.Process] = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) == group:
                found |= {process, *process.children(recursive=True)}
    return [p for p in found if _alive(p)]


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _signal(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)
