"""Imports modules once and forks a process for each command that wants them: the program behind `warm.py`.

Run as a script of its own, `python forkserver.py SOCKET [MODULE ...]`, by the very interpreter and in the folder and
environment that `python -m` would have. Standard library only, and none of `flows`: a command's own modules may bear
any name. What it does, in the order it matters:

- Imports the modules, and says over the socket "ready", or why it must not be used: a fork copies one thread and no
  device, so anything beyond memory that an import left (threads, open files, devices, processes) rules it out.
- Keeps what they made from the garbage collector: it would go through all of it in each fork, and copy the memory that
  forks share, as it writes to what it visits. With TensorFlow that was half of a short stage's time.
- For each request forks a launcher, in a session of its own, which forks each of the stage's commands; these go on
  exactly as ``python -m MODULE ARGS...`` does.
- Refuses with "stale" once a file that was read while importing has changed.
- When the socket ends, ends itself, but no launcher.
"""

import builtins
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import time
import types
from typing import Any

_TELL = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
_BEFORE = tuple(map(signal.getsignal, _TELL))  # as a fresh interpreter has them
_opened: set[str] | None = set()  # files opened so far; None once nobody asks any more


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _opened is not None and isinstance(arguments[0], (str, bytes, os.PathLike)):
        _opened.add(os.path.abspath(os.fsdecode(arguments[0])))


def _signature(path: str) -> tuple[int, int, int, int] | None:
    """None for what is not there: should it come into being, that is a change."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _files() -> dict[str, Any]:
    """{file: signature} of all that the imports read, or looked for: sources, and what they opened themselves."""
    assert _opened is not None
    sources = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    paths = {os.path.abspath(path) for path in sources if path} | _opened
    read = (p for p in paths if not p.startswith(("/proc/", "/sys/", "/dev/")) and "__pycache__" not in p)
    return {path: _signature(path) for path in read if not os.path.isdir(path)}


def _descriptors() -> dict[str, str]:
    found = {}
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the one of this very listing
            found[number] = os.readlink(f"/proc/self/fd/{number}")
    return found


def _unfit(before: dict[str, str], files: dict[str, Any], begun: int) -> str | None:
    """Why a fork would not be the same as a fresh process, or None."""
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        return f"importing them starts threads ({threads - 1}), which a fork does not copy"
    left = sorted(set(_descriptors().values()) - set(before.values()))
    if left:
        return f"importing them leaves {left[0]} open, which forked processes would share"
    with open(f"/proc/self/task/{os.getpid()}/children") as stream:
        if stream.read().strip():
            return "importing them starts a process"
    changed = [path for path, signature in files.items() if signature and signature[1] >= begun]
    return f"{changed[0]} changed while it was read" if changed else None


def _become(words: list[str], out: int, env: dict[str, str]) -> str:
    """Turn this fresh child into what ``python -m`` would be at the start of its module; the module's name."""
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.closerange(3, 256)  # the launcher's own: none was open when the imports were done
    os.environ.update(env)
    importlib.invalidate_caches()
    if "numpy.random" in sys.modules:  # as `random` does by itself at a fork: else unseeded stages would agree
        sys.modules["numpy.random"].seed()
    sys.argv = ["-m", *words[1:]]
    sys.orig_argv = [sys.executable, "-m", *words]
    sys.modules["__main__"] = main = types.ModuleType("__main__")
    main.__dict__["__builtins__"] = builtins
    return words[0]


class _Launcher:
    """What the script in `launcher.py` does, for one stage: run its commands, outlive the run, write how they ended."""

    def __init__(self, request: dict[str, Any], out: int, source: int, life: int, reply: int) -> None:
        self.request, self.out, self.source, self.life, self.reply = request, out, source, life, reply
        self.told = False
        self.kept: int | None = None  # the file for what is printed once the run is gone
        self.cpu = 0.0

    def run(self) -> str:
        """Returns in a command's own process alone, with the module to run."""
        os.setsid()
        for number in _TELL:
            signal.signal(number, self._tell)
        self._answer(pid=os.getpid())
        if not os.read(self.life, 1):  # the run died before it had told its guard
            os._exit(1)
        code = 0
        for words in self.request["commands"]:
            signal.pthread_sigmask(signal.SIG_BLOCK, _TELL)  # until it is clear whose signal it is
            pid = os.fork()
            if pid == 0:
                for number, handler in zip(_TELL, _BEFORE, strict=True):
                    signal.signal(number, handler)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, _TELL)
                return _become(words, self.out, self.request["env"])
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _TELL)
            code = self._attend(pid)
            if code:
                break
        self._record(code)
        self._answer(code=code, cpu=self.cpu)
        os.close(self.out)
        while self.kept is not None and self._drain():
            pass
        os._exit(code)

    def _tell(self, number: int, frame: object) -> None:
        self.told = True

    def _answer(self, **facts: Any) -> None:
        with contextlib.suppress(OSError):  # the run is gone
            os.write(self.reply, json.dumps(facts).encode() + b"\n")

    def _attend(self, pid: int) -> int:
        """Wait for a command, as a shell's exit code; once the run is gone, read what it would have read."""
        end = os.pidfd_open(pid)
        while True:
            awake = self.kept is not None
            ready = select.select([end, self.source if awake else self.life], [], [])[0]
            if end in ready:
                break
            if awake:
                self._drain()
            else:  # the life line has come to its end
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
                self.kept = os.open(self.request["output"], flags, 0o666)
        os.close(end)
        _, status, used = os.wait4(pid, 0)
        self.cpu += used.ru_utime + used.ru_stime
        code = os.waitstatus_to_exitcode(status)
        return 128 - code if code < 0 else code

    def _drain(self) -> bool:
        """Move some output into the file; False at its end. A full disk is no reason to stop reading."""
        data = os.read(self.source, 65536)
        with contextlib.suppress(OSError):
            os.write(self.kept or 1, data)
        return bool(data)

    def _record(self, code: int) -> None:
        with contextlib.suppress(OSError), open(self.request["record"], "w") as stream:
            stream.write(f"{code} {'told' if self.told else ''}\n")


def _serve(server: socket.socket, files: dict[str, Any]) -> str:
    """Answer requests until the socket ends; returns in a command's process alone, with the module to run."""
    launchers: dict[int, int] = {}  # {pidfd: pid}
    while True:
        for ready in select.select([server.fileno(), *launchers], [], [])[0]:
            if ready in launchers:
                os.waitpid(launchers.pop(ready), 0)
                os.close(ready)
                continue
            message, fds, _, _ = socket.recv_fds(server, 2**20, 4)
            if not message:  # the run is over; what still goes on has its launcher
                os._exit(0)
            stale = next((path for path, signature in files.items() if _signature(path) != signature), None)
            if stale:
                os.write(fds[-1], json.dumps({"stale": stale}).encode() + b"\n")
            elif (pid := os.fork()) == 0:
                server.close()
                for descriptor in launchers:
                    os.close(descriptor)
                return _Launcher(json.loads(message), *fds).run()
            else:
                launchers[os.pidfd_open(pid)] = pid
            for descriptor in fds:
                os.close(descriptor)


def main() -> str:
    """Import, report, serve; returns in a command's process alone, with the module to run."""
    global _opened
    begun = time.time_ns()
    server = socket.socket(fileno=int(sys.argv[1]))
    names = sys.argv[2:]
    if not sys.flags.safe_path:
        sys.path[0] = os.getcwd()  # what `python -m` puts there, instead of this file's folder
    before = _descriptors()
    sys.addaudithook(_audit)
    gc.disable()
    why = None
    try:
        for name in names:
            importlib.import_module(name)
    except BaseException as error:  # the plain command will meet it as well, and say it in full
        why = f"importing them fails: {error!r}"
    gc.freeze()
    gc.enable()
    files = _files()
    _opened = None
    sys.stdout.flush()
    why = why or _unfit(before, files, begun)
    server.send(json.dumps({"unfit": why}).encode())
    if why:
        os._exit(0)
    return _serve(server, files)


if __name__ == "__main__":
    # What the interpreter itself calls for `python -m`; at the top level, so that the end of the module is the end of
    # the process: exit codes, tracebacks, threads and `atexit` as ever.
    runpy._run_module_as_main(main())  # type: ignore[attr-defined]
