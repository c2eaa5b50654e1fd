"""What runs that died left behind: results nobody recorded, and commands that are still at work.

A run that is killed takes its guard's word that its commands are ended (`guard.py`). Still, a command may have ended by
itself a moment before, or both may have been killed. Then the launcher's record says how the command ended, and a
command still at work is waited for, or ended, before its stage starts again.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import psutil

from flows.attempt import Attempt
from flows.group import end_group, lives, since
from flows.journal import MARK, Journal


@dataclass
class Left:
    """What was found.

    Attributes:
        lost: {stage: attempt} whose command ended well and whose result was never recorded.
        at_work: {stage: attempt} whose command is still running, and worth waiting for.
        ended: Stages whose commands were still running, and were ended now.
    """

    lost: dict[str, Attempt] = field(default_factory=dict)
    at_work: dict[str, Attempt] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)


def look_back(journal: Journal, worth_waiting: Callable[[str, Attempt], bool]) -> Left:
    """Settle what dead runs left: end their commands but those worth waiting for, and find lost results."""
    left = Left()
    live = journal.live_runs() | {journal.run}
    attempts = {name: attempt for name, attempt in journal.attempts().items() if attempt.run not in live}
    dead = journal.dead_runs()
    for (run, name), groups in (_commands(attempts, dead) if dead else {}).items():
        attempt = attempts.get(name)
        if attempt and attempt.run == run and attempt.code is None and worth_waiting(name, attempt):
            group = attempt.group or min(groups, key=since)  # the launcher's; a command may have made more
            left.at_work[name] = replace(attempt, group=group, group_started=since(group))
            continue
        for group in groups:
            end_group(group)
        left.ended.append(name)
    for run in dead - {attempt.run for attempt in left.at_work.values()}:
        with contextlib.suppress(OSError):  # then the next run looks again
            journal.write("end", of=run)
    for name in attempts.keys() - left.at_work.keys():
        if lost := settle(journal, name, attempts[name]):
            left.lost[name] = lost
    return left


def settle(journal: Journal, name: str, attempt: Attempt) -> Attempt | None:
    """Write down how an attempt of a dead run ended, if its launcher could tell; the attempt if its result was lost.

    Nothing counts from before the machine last started: what it had not yet written to its disk is gone.
    """
    trace = journal.trace(name, attempt.run)
    if attempt.code is None and (ending := trace.ending()):
        attempt = replace(attempt, code=0 if ending.well else ending.code or 1, until=ending.at)
        facts: dict[str, Any] = {"code": attempt.code, "until": attempt.until}
        if attempt.group_started:
            facts["seconds"] = round(ending.at / 1e9 - attempt.group_started, 3)
        with contextlib.suppress(OSError):
            journal.write("exited", name, run=attempt.run, **facts)
            trace.clear()
    else:
        trace.clear()
    return attempt if attempt.lost and attempt.until / 1e9 > psutil.boot_time() else None


def _commands(attempts: dict[str, Attempt], dead: set[str]) -> dict[tuple[str, str], set[int]]:
    """{(run, stage): process groups} of every command of the dead runs that still lives.

    Found by the process group in the journal and by the mark in their environment, which a command bears from its
    first moment on, so that no moment of death leaves one unfound.
    """
    found: dict[tuple[str, str], set[int]] = {}
    for name, attempt in attempts.items():
        group = attempt.group if attempt.run in dead and attempt.code is None else None
        if group is not None and lives(group, attempt.group_started):
            found.setdefault((attempt.run, name), set()).add(group)
    for other in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            env = other.environ()
            if env.get(MARK) in dead and other.pid != os.getpid():
                found.setdefault((env[MARK], env.get("DVC_STAGE", "?")), set()).add(os.getpgid(other.pid))
    return found
