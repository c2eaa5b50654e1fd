"""The launcher: a few lines of shell that run a stage's commands, and outlive whoever started them.

Nothing runs before the run has noted the launcher and told its guard: the launcher waits for a line on the life line, a
pipe whose other end the run holds. After that the run may be killed at any moment. The launcher still writes down how
the commands ended, so that a result whose maker nobody was there to wait for is recorded, not made again. And a command
that goes on printing does not die of a pipe without a reader: a spare reader sleeps beside it, and wakes when the life
line ends. The shell costs a millisecond or two a stage; a launcher in Python would cost ten.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flows.errors import StageFailed
from flows.trace import Trace

UNSEEN = -signal.SIGKILL  # the exit code where nobody could see how a process ended

# Standard input is the reading end of the commands' output, standard error the life line. USR1 ends the spare reader
# while it sleeps; once awake it reads to the end. "told" tells commands that ended well from those that end well when
# asked to end.
_SCRIPT = """
exec 3<&0 4<&2 </dev/null 2>&1
read -r _ <&4 || exit 1
( read -r _ <&4; trap '' USR1; exec cat <&3 >"$1" ) >/dev/null 2>&1 &
spare=$!
exec 3<&- 4<&-
trap told=told HUP INT TERM
{commands}
code=$?
{{ echo "$code $told" >"$2"; }} 2>/dev/null
exec >/dev/null 2>&1
kill -USR1 $spare
wait $spare
exit $code
"""


@dataclass(frozen=True)
class Task:
    """What is to start, and where its output goes.

    Attributes:
        commands: Argument lists, to be run one after another until one fails.
        out: File descriptor for what they print, stdout and stderr together.
        source: The other end of that pipe, for whoever goes on reading when this process is gone.
        life: File descriptor with a line to read once the commands may start, and an end when this process is gone.
        trace: Where to write how the commands ended.
    """

    commands: tuple[tuple[str, ...], ...]
    cwd: str
    env: Mapping[str, str] = field(repr=False)
    out: int
    source: int
    life: int
    trace: Trace


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code (minus the number of the signal that ended it), CPU seconds, ru_maxrss."""

    code: int
    cpu_seconds: float = 0.0
    maxrss: int = 0


@dataclass(frozen=True)
class Child:
    """A process that leads a group of its own. ``reap`` waits for its end; called once.

    ``counts`` is false where its own memory, unlike its children's, is not the commands'.
    """

    pid: int
    reap: Callable[[], Ended]
    counts: bool = True


Starter = Callable[[Task], Child]


def launch(task: Task) -> Child:
    """The plain way: all commands under one launcher, which leads a session and a process group of its own.

    Raises:
        StageFailed: A command's program is not there, or the launcher cannot start.
    """
    for command in task.commands:
        if shutil.which(command[0], path=task.env.get("PATH")) is None:
            raise StageFailed(f"cannot start {command[0]!r}: there is no such program")
    script = _SCRIPT.format(commands=" && ".join(map(shlex.join, task.commands)))
    try:
        child = subprocess.Popen(
            ["/bin/sh", "-c", script, "headwater", str(task.trace.output), str(task.trace.record)],
            cwd=task.cwd,
            env=dict(task.env),
            stdin=task.source,
            stdout=task.out,
            stderr=task.life,
            start_new_session=True,
        )
    except OSError as error:
        raise StageFailed(f"cannot start {task.commands[0][0]!r} in {task.cwd}: {error.strerror}") from None

    def reap() -> Ended:
        try:
            _, status, used = os.wait4(child.pid, 0)
        except ChildProcessError:  # psutil reaped it while `end_group` waited; what it used is lost
            child.returncode = UNSEEN
            return Ended(UNSEEN)
        child.returncode = os.waitstatus_to_exitcode(status)
        return Ended(child.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss)

    return Child(child.pid, reap)


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """``env`` with this interpreter's folder first in PATH, so that ``python`` in a command is this one."""
    here = str(Path(sys.executable).parent)
    path = env.get("PATH", os.defpath)
    first = path.split(os.pathsep)[0]
    return {**env, "PATH": path if first == here else here + os.pathsep + path}
