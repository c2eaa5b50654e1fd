"""The guard's own program: ends a run's commands once the run is dead. Started by `guard.py`, as a script.

Standard library only and none of `flows`, so that it starts in milliseconds (`python -S -E`). Each line it reads tells
one thing: ``+GROUP`` a process group has begun, ``-GROUP`` it is gone, ``=PATH`` where DVC's rwlock is. The end of the
lines is the end of the run.
"""

import os
import signal
import sys
import time


def main(run: int, grace: float) -> None:
    """Wait for the end of the run, process ``run``; then TERM, ``grace`` seconds, KILL for what it left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    rwlock = ""
    for line in sys.stdin:
        if line[0] == "+":
            groups.add(int(line[1:]))
        elif line[0] == "-":
            groups.discard(int(line[1:]))
        elif line[0] == "=":
            rwlock = line[1:].rstrip("\n")
    alive = _send(groups, signal.SIGTERM)
    end = time.monotonic() + grace
    while alive and time.monotonic() < end:
        time.sleep(0.05)
        alive = _send(alive, 0) & _working(alive)
    _send(alive, signal.SIGKILL)
    if rwlock:
        _forget(rwlock, {run, *groups})


def _send(groups: set[int], number: int) -> set[int]:
    """Send a signal to each group; those that are still there."""
    left = set()
    for group in groups:
        try:
            os.killpg(group, number)
            left.add(group)
        except OSError:
            pass
    return left


def _working(groups: set[int]) -> set[int]:
    """Those groups in which not all are zombies, which a signal still reaches; all of them where there is no /proc."""
    try:
        numbers = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return groups
    found = set()
    for number in numbers:
        try:
            with open(f"/proc/{number}/stat", "rb") as stream:
                state, _, group = stream.read().rsplit(b")", 1)[1].split()[:3]
        except OSError:
            continue
        if state not in (b"Z", b"X"):
            found.add(int(group))
    return groups & found


def _forget(rwlock: str, pids: set[int]) -> None:
    """Take ended processes out of DVC's rwlock.

    DVC does so itself, unless they are zombies, as the dead remain in a container whose first process reaps nobody.
    """
    import fcntl
    import json

    try:
        with open(rwlock + ".lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # as DVC itself locks it
            with open(rwlock) as stream:
                found = json.load(stream)
            write = {path: who for path, who in found.get("write", {}).items() if who["pid"] not in pids}
            read = {path: [w for w in every if w["pid"] not in pids] for path, every in found.get("read", {}).items()}
            with open(rwlock + ".new", "w") as stream:
                json.dump({"write": write, "read": {path: every for path, every in read.items() if every}}, stream)
            os.replace(rwlock + ".new", rwlock)
    except (OSError, ValueError):
        pass  # the next `headwater` command does it


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
