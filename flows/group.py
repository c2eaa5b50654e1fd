"""Process groups: who belongs to one, whether a process still is the one we knew, and how to end them all."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Sequence

import psutil

GRACE = 5.0  # seconds between TERM and KILL


def end_group(group: int, grace: float = GRACE) -> None:
    """End every process of the group, and every descendant that left it: TERM, ``grace`` seconds, KILL."""
    members = _members(group)
    if not members:
        return
    _signal(group, members, signal.SIGTERM)
    _, alive = psutil.wait_procs(members, timeout=grace)
    alive = list({*alive, *_members(group)})
    _signal(group, alive, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=grace)


def lives(pid: int, since: float) -> bool:
    """Whether this very process lives, not another that got its number later."""
    try:
        other = psutil.Process(pid)
        return abs(other.create_time() - since) < 1.0 and other.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def since(pid: int) -> float:
    """When the process began, in seconds since 1970; 0 if it is gone."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


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


def _signal(group: int, members: Sequence[psutil.Process], number: signal.Signals) -> None:
    """All of the group at once: a shell whose command were ended before it would go on to its next one."""
    outside = [p for p in members if not _is_of(p, group)]
    if len(outside) < len(members):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
    for process in outside:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)


def _is_of(process: psutil.Process, group: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        return os.getpgid(process.pid) == group
    return False
