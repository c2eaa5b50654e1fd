"""Commands that start with their slow imports already done: `meta.preload` names the modules.

Python starts `python -m package.module ...` in tens of milliseconds; importing a large library there takes seconds, in
every stage anew. A fork server (`forkserver.py`) imports the modules once a run and forks a process for each such
command. The plain subprocess stays the reference: whenever the fork could differ from it, the command starts plainly.

When it is used: Linux; the command is nothing but ``python -m module words...``, with the Python that `headwater` runs
on; importing the modules left nothing behind that a fork does not copy (threads, devices, open files, processes); no
file that was read while importing has changed since. Each folder and environment has a fork server of its own.

What differs from a subprocess: what the imports print is not in the log; the stages of one run share their hash seed,
and the shell's own variables (SHLVL, _) are not set.
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from flows import launcher

PER_STAGE = ("DVC_STAGE",)  # differs from stage to stage, and is set in the fork
_STARTING, _GONE = "starting", "the process that had imported them has ended"
READY_SECONDS = 120.0  # imports that take longer are left to the plain subprocess
_BIN = Path(sys.executable).parent
_PROGRAM = Path(__file__).with_name("forkserver.py")
_PLAIN = re.compile(r"(python[0-9.]*) +-m +([A-Za-z_][\w.]*)((?: +[\w@%+=:,./-]+)*)", re.ASCII)


def module_command(command: Sequence[str], env: Mapping[str, str]) -> tuple[str, ...] | None:
    """(module, argument, ...) of a shell's command line that does nothing else, or None.

    >>> module_command(["/bin/sh", "-c", "python -m tasks.split --study tables"], {"PATH": str(_BIN)})
    ('tasks.split', '--study', 'tables')
    >>> module_command(["/bin/sh", "-c", "python -m tasks.split > log"], {"PATH": str(_BIN)})
    """
    if len(command) < 3 or command[-2] != "-c" or Path(command[0]).name not in ("sh", "bash", "dash", "zsh"):
        return None
    found = _PLAIN.fullmatch(command[-1].strip(" "))
    if not found or env.get("BASH_ENV"):  # the latter runs something of its own first
        return None
    python = shutil.which(found[1], path=env.get("PATH"))
    if python is None or Path(python).parent != _BIN or not Path(python).samefile(sys.executable):
        return None
    return (found[2], *found[3].split())


class Pool:
    """The fork servers of one run. `starter` may be called from any thread."""

    def __init__(self, stop: threading.Event) -> None:
        """
        Args:
            stop: Once set, nobody waits for imports any more.
        """
        self._stop = stop
        self._lock = threading.Lock()
        self._servers: dict[Any, _Server] = {}
        self._unfit: set[tuple[str, ...]] = set()

    def starter(self, modules: tuple[str, ...], note: Callable[[str], None] = lambda text: None) -> launcher.Starter:
        """How to start the commands of a stage that names these modules.

        Args:
            note: Told why they are not used, once for each list of modules in a run.
        """
        if not modules or not sys.platform.startswith("linux"):  # elsewhere the system's own libraries start threads
            return launcher.launch

        def start(task: launcher.Task) -> launcher.Child:
            words = [module_command(command, task.env) for command in task.commands]
            return (None if None in words else self._fork(modules, words, task, note)) or launcher.launch(task)

        return start

    def _fork(
        self, modules: tuple[str, ...], words: list[Any], task: launcher.Task, note: Callable[[str], None]
    ) -> launcher.Child | None:
        """A forked child, or None where a plain process has to do."""
        shared = tuple(sorted(item for item in task.env.items() if item[0] not in PER_STAGE))
        with self._lock:
            if modules in self._unfit or self._stop.is_set():
                return None
            server = self._servers.get((modules, task.cwd, shared))
            if server is None:
                server = self._servers[modules, task.cwd, shared] = _Server(modules, task.cwd, task.env)
        child = server.fork(words, task, self._stop)
        if isinstance(child, launcher.Child):
            return child
        with self._lock:
            if modules not in self._unfit and not self._stop.is_set():
                self._unfit.add(modules)
                note(f"meta.preload: {', '.join(modules)}: not used, {child}")
        return None

    def close(self) -> None:
        """End the fork servers."""
        with self._lock:
            for server in self._servers.values():
                server.close()
            self._servers.clear()


class _Server:
    """One fork server: a folder, an environment, imported modules."""

    def __init__(self, modules: tuple[str, ...], cwd: str, env: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # whole messages
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(_PROGRAM), str(theirs.fileno()), *modules],
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._lock = threading.Lock()
        self._state: str | None = _STARTING  # then None for ready, or why it cannot be used
        self._deadline = time.monotonic() + READY_SECONDS

    def fork(self, words: list[Any], task: launcher.Task, stop: threading.Event) -> launcher.Child | str:
        """A child that runs the modules, or why there is none. Waits for the imports, but not once ``stop`` is set."""
        while self._look() == _STARTING:
            if stop.is_set():
                return "the run was stopped"
            if time.monotonic() > self._deadline:
                return f"importing takes more than {READY_SECONDS:g} s"
        if self._state:
            return self._state
        env = {name: task.env[name] for name in PER_STAGE if name in task.env}
        trace = {"output": str(task.trace.output.absolute()), "record": str(task.trace.record.absolute())}
        answers, theirs = os.pipe()
        try:
            message = json.dumps({"commands": words, "env": env, **trace}).encode()
            with self._lock:
                socket.send_fds(self._socket, [message], [task.out, task.source, task.life, theirs])
        except OSError:
            os.close(answers)
            return _GONE
        finally:
            os.close(theirs)
        stream = os.fdopen(answers, "rb")
        first = _answer(stream)
        if "pid" in first:
            return launcher.Child(first["pid"], lambda: _ended(stream), counts=False)
        stream.close()
        return f"{first['stale']} has changed since" if "stale" in first else _GONE

    def _look(self) -> str | None:
        """The state; a short wait where it is not known yet."""
        with self._lock:
            if self._state == _STARTING and select.select([self._socket], [], [], 0.05)[0]:
                said = self._socket.recv(2**16)
                self._state = json.loads(said)["unfit"] if said else _GONE
            return self._state

    def close(self) -> None:
        self._socket.close()
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:  # still importing
            self._process.kill()
            self._process.wait()


def _answer(stream: IO[bytes]) -> dict[str, Any]:
    line = stream.readline()
    found: dict[str, Any] = json.loads(line) if line.endswith(b"\n") else {}
    return found


def _ended(stream: IO[bytes]) -> launcher.Ended:
    """How the commands ended, once they have; an end that nobody saw is a kill."""
    with stream:
        facts = _answer(stream)
    return launcher.Ended(facts["code"], facts["cpu"]) if facts else launcher.Ended(launcher.UNSEEN)
