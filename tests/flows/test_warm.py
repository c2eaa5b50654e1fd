"""Forked commands do what plain ones do; whenever they could not, the plain one runs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from doors import HOUSE, Project

from flows import process, warm
from flows.errors import StageFailed, Stopped
from flows.trace import Trace

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are used on Linux only")

SLOW = 'import os\nos.mkdir(f"import-{os.getpid()}")\nos.environ["SLOW_SET"] = "1"\nSTATE = []\n'
# What a program can see of how it was started. Prints as it goes, so that a crash comes after some lines.
SHOW = """
import atexit, json, os, random, signal, sys
import slow
atexit.register(print, "at exit")
slow.STATE.append(1)
print(json.dumps({
    "argv": sys.argv[1:], "file": os.path.basename(sys.argv[0]), "name": __name__, "main": __file__ == sys.argv[0],
    "package": __package__, "path": sys.path, "cwd": os.getcwd(), "state": slow.STATE, "flags": repr(sys.flags),
    "env": {k: v for k, v in sorted(os.environ.items()) if k not in ("_", "SHLVL", "PWD", "OLDPWD")},
    "leads": os.getpgid(0) == os.getsid(0), "stdin": sys.stdin.read(), "tty": sys.stdout.isatty(),
    "buffered": sys.stdout.line_buffering, "threads": len(os.listdir("/proc/self/task")),
    "signals": [str(signal.getsignal(n)) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)],
    "blocked": [str(n) for n in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
    "fds": sorted(os.listdir("/proc/self/fd"), key=int)[:-1], "umask": os.umask(0o22),
    "modules": [m for m in sys.modules if m.startswith("flows")], "same": sys.modules["__main__"].__dict__ is globals(),
}))
print("to stderr", file=sys.stderr)
"""


@dataclass
class House:
    """A folder with a slow module, and both ways to run `python -m` in it."""

    root: Path
    pool: warm.Pool
    stop: threading.Event
    notes: list[str] = field(default_factory=list)

    def run(self, command: str, *, forked: bool = True, env: dict[str, str] | None = None, **how) -> list[str]:
        """The lines it printed; in a fork, or plainly."""
        lines: list[str] = []
        trace = how.pop("trace", None)
        started = how.pop("started", lambda group: None)
        process.run(
            [["/bin/sh", "-c", command]],
            cwd=str(self.root),
            env={**os.environ, **(env or {})},
            hooks=process.Hooks(lines.append, started),
            limits=process.Limits(stop=self.stop, **how),
            trace=trace,
            start=self.pool.starter(("slow",) if forked else (), self.notes.append),
        )
        return lines

    def imports(self) -> int:
        """How often the slow module has been imported since the last question."""
        found = list(self.root.glob("import-*"))
        for folder in found:
            folder.rmdir()
        return len(found)

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.root / f"{name}.py").write_text(text)
        time.sleep(0.02)  # a file must be older than the imports that read it, by the disk's coarse clock


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    stop = threading.Event()
    pool = warm.Pool(stop)
    found = House(tmp_path, pool, stop)
    found.write(slow=SLOW, show=SHOW)
    try:
        yield found
    finally:
        pool.close()


def test_a_forked_command_sees_what_a_plain_one_sees(house: House):
    command = "python -m show --study tables -x a=1"
    env = {"DVC_STAGE": "train@a"}
    plain = house.run(command, forked=False, env=env)
    assert house.imports() == 1
    forked = house.run(command, env=env)
    again = house.run(command, env=env)
    assert house.imports() == 1  # by the fork server, once for both
    assert house.notes == []
    assert _facts(plain)["env"]["SLOW_SET"] == "1"
    for lines in (forked, again):
        assert _facts(lines) == _facts(plain)
        assert lines == plain


def _facts(lines: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(next(line for line in lines if line.startswith("{")))
    return found


def test_each_command_starts_from_what_the_imports_left(house: House):
    house.write(other="import slow, random\nslow.STATE.append(2)\nprint(len(slow.STATE), random.random())\n")
    said = [house.run("python -m other")[0].split() for _ in range(2)]
    assert [count for count, _ in said] == ["1", "1"]
    assert said[0][1] != said[1][1]  # unseeded randomness differs, as it does between plain processes


def test_unseeded_numpy_differs_between_forks(house: House):
    house.write(slow="import os\nos.environ['OPENBLAS_NUM_THREADS'] = '1'\nimport numpy.random\n", other=NUMPY)
    first, second = house.run("python -m other"), house.run("python -m other")
    assert house.notes == []
    assert first != second


NUMPY = "import numpy\nprint(numpy.random.random())\n"


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import sys; sys.exit(7)", "exit code 7"),
        ("import sys; sys.exit('no')", "exit code 1"),
        ("1 / 0", "exit code 1"),
        ("import os; os._exit(9)", "exit code 9"),
        ("import os; os.kill(os.getpid(), 9)", "SIGKILL"),
        ("import os; os.abort()", "SIGABRT"),
        ("import os; os.killpg(0, 9)", "SIGKILL"),  # its launcher too
    ],
)
def test_a_failure_is_told_as_of_a_plain_command(house: House, program: str, message: str):
    house.write(bad=f"import slow\nprint('first', flush=True)\n{program}\n")
    for forked in (True, False):
        with pytest.raises(StageFailed, match=message):
            house.run("python -m bad", forked=forked)
    assert house.run("python -m show")  # and the next is well
    assert house.imports() == 2  # one plain, one fork server


def test_a_traceback_and_an_unknown_module_are_printed(house: House):
    house.write(bad="import slow\n1 / 0\n")
    for command, last in (("python -m bad", "ZeroDivisionError: division by zero"), ("python -m nope", "nope")):
        lines: list[str] = []
        with pytest.raises(StageFailed, match="exit code 1"):
            process.run(
                [["/bin/sh", "-c", command]],
                cwd=str(house.root),
                env=dict(os.environ),
                hooks=process.Hooks(lines.append),
                start=house.pool.starter(("slow",)),
            )
        assert lines[-1].endswith(last), lines


def test_a_timeout_and_a_stop_end_it(house: House):
    house.write(long="import slow, os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)\n")
    with pytest.raises(StageFailed, match="past its timeout"):
        house.run("python -m long", timeout=1.5)
    assert gone(house.root / "pid")
    threading.Timer(0.5, house.stop.set).start()
    with pytest.raises(Stopped):
        house.run("python -m long")
    assert gone(house.root / "pid")


def test_who_ignores_term_is_killed_after_the_grace(house: House):
    program = "import slow, os, signal, time\nsignal.signal(15, signal.SIG_IGN)\n"
    house.write(deaf=program + "open('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)\n")
    with pytest.raises(StageFailed, match="past its timeout"):
        house.run("python -m deaf", timeout=1.5, grace=0.5)
    assert gone(house.root / "pid")


def test_changed_code_or_settings_are_seen(house: House):
    house.write(slow=SLOW + "VALUE = open('settings').read()\n", other="import slow\nprint(slow.VALUE)\n")
    (house.root / "settings").write_text("one")
    time.sleep(0.02)
    assert house.run("python -m other") == ["one"]
    (house.root / "settings").write_text("two")
    assert house.run("python -m other") == ["two"]
    assert house.notes == [f"meta.preload: slow: not used, {house.root / 'settings'} has changed since"]
    assert house.run("python -m other") == ["two"]
    assert len(house.notes) == 1


def test_another_environment_has_imports_of_its_own(house: House):
    house.write(slow=SLOW + "SEEN = os.environ.get('KNOB')\n", other="import slow\nprint(slow.SEEN)\n")
    assert [house.run("python -m other", env={"KNOB": k}) for k in "121"] == [["1"], ["2"], ["1"]]
    assert house.imports() == 2


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ("import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()", "threads"),
        ("KEPT = open('show.py')", "show.py open"),
        ("import subprocess\nCHILD = subprocess.Popen(['sleep', '60'])", "process"),
        ("raise RuntimeError('broken')", "broken"),
        ("open('settings', 'w').write('mine')", "changed while it was read"),
    ],
)
def test_imports_that_a_fork_cannot_copy_are_left_to_plain_commands(house: House, extra: str, reason: str):
    house.write(slow=SLOW + extra + "\n", other="print('ran')\n")
    assert house.run("python -m other") == ["ran"]
    assert house.run("python -m other") == ["ran"]
    (note,) = house.notes
    assert reason in note
    for child in psutil.process_iter():  # the one of the second case
        with contextlib.suppress(psutil.Error):
            if child.cmdline() == ["sleep", "60"] and child.environ().get("SLOW_SET"):
                child.kill()


@pytest.mark.parametrize(
    "command",
    [
        "python -m show > out",
        "python -m show && true",
        "KNOB=1 python -m show",
        "python -m show '*'",
        "python -m show $HOME",
        "python show.py",
        "python -u -m show",
        "/usr/bin/env python -m show",
        "cd . ; python -m show",
        "python -m show\ntrue",
    ],
)
def test_only_a_plain_module_command_is_forked(command: str):
    env = process.environment(os.environ)
    assert warm.module_command(["/bin/sh", "-c", command], env) is None


def test_a_python_that_is_not_ours_is_not_forked(tmp_path: Path):
    (tmp_path / "python").symlink_to("/bin/true")
    assert warm.module_command(["/bin/sh", "-c", "python -m show"], {"PATH": str(tmp_path)}) is None
    env = process.environment(os.environ)
    assert warm.module_command(["/bin/sh", "-c", "python -m show a"], env) == ("show", "a")


def server(house: House) -> psutil.Process:
    (found,) = [p for p in psutil.Process().children() if any("forkserver.py" in word for word in p.cmdline())]
    return found


def test_when_the_fork_server_is_killed_its_commands_live_and_the_next_start_plainly(house: House):
    house.write(slowly="import slow, time\ntime.sleep(0.7)\nprint('done')\n")
    lines = house.run("python -m slowly", started=lambda group: server(house).kill())
    assert lines == ["done"]
    assert house.run("python -m slowly") == ["done"]
    assert len(house.notes) == 1


def test_a_command_that_outlives_its_run_leaves_its_output_and_how_it_ended(tmp_path: Path):
    (tmp_path / "slow.py").write_text("")
    words = "import slow, time\nfor i in range(10):\n    print('line', i, flush=True)\n    time.sleep(0.2)\n"
    (tmp_path / "talks.py").write_text(words)
    time.sleep(0.02)
    program = f"""
import os, threading
from pathlib import Path
from flows import process, warm
from flows.trace import Trace
process.run([["/bin/sh", "-c", "python -m talks"]], cwd={str(tmp_path)!r}, env=dict(os.environ),
            trace=Trace(Path({str(tmp_path / "out")!r}), Path({str(tmp_path / "exit")!r})),
            hooks=process.Hooks(lambda line: print(line, flush=True)),
            start=warm.Pool(threading.Event()).starter(("slow",)))
"""
    run = subprocess.Popen([sys.executable, "-c", program], cwd=HOUSE, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    assert run.stdout.readline() == "line 0\n"
    run.send_signal(signal.SIGKILL)
    run.wait()
    trace = Trace(tmp_path / "out", tmp_path / "exit")
    until(lambda: trace.ending() is not None)
    ending = trace.ending()
    assert ending is not None
    assert ending.well
    assert trace.output.read_text().splitlines()[-1] == "line 9"


def test_a_command_that_was_told_to_end_does_not_count_as_done(house: House):
    program = "import slow, signal, sys, time\nsignal.signal(15, lambda *_: sys.exit(0))\n"
    house.write(polite=program + "open('ready', 'w')\ntime.sleep(60)\n")
    trace = Trace(house.root / "out", house.root / "exit")

    def tell(group: int) -> None:
        until((house.root / "ready").exists)
        os.killpg(group, signal.SIGTERM)

    def started(group: int) -> None:  # the command begins once this is over
        threading.Thread(target=tell, args=[group]).start()

    house.run("python -m polite", trace=trace, started=started)
    ending = trace.ending()
    assert ending is not None
    assert (ending.code, ending.told) == (0, True)


def test_stages_fork_through_headwater_and_leave_what_dvc_repro_leaves(project: Project, twin: Project, served: str):
    """Three stages that name a module, one that does not; the same dvc.lock as through plain processes."""
    for one in (project, twin):
        one.write(slow__py=SLOW, work__py="import slow, sys\nopen(sys.argv[1], 'w').write(repr(sys.argv[1:]))\n")
        one.write(__dvcignore="__pycache__\n")
        meta = {"preload": "slow"}
        one.stages(
            **{n: {"cmd": f"python -m work {n} x", "deps": ["slow.py"], "outs": [n], "meta": meta} for n in "abc"},
            d={
                "cmd": "python -m work d; ls -d import-* | wc -l > e; rmdir import-*",
                "outs": ["d", "e"],
                "deps": ["a", "b", "c"],
            },
        )
        time.sleep(0.02)
    assert "4 ran" in project.headwater("run", "--jobs", "2")
    assert (project.root / "e").read_text().strip() == "2"  # the fork server, and `d` itself
    assert "4 ran" in twin.headwater("run", "--jobs", "2", "--no-preload")
    assert (twin.root / "e").read_text().strip() == "4"
    for entry in (*project.lock()["stages"].values(), *twin.lock()["stages"].values()):
        entry["outs"] = [out for out in entry["outs"] if out["path"] != "e"]
    assert project.lock()["stages"]["a"] == twin.lock()["stages"]["a"]
    assert project.dvc() == []
    assert at_work(project) == []


@pytest.mark.parametrize("guarded", [True, False])
def test_a_run_killed_outright_leaves_no_second_writer(project: Project, served: str, guarded: bool):
    """The guard ends the fork; where it was killed too, the next run waits for the fork and takes its result."""
    work = "import slow, os, time\nopen('../ran', 'a').write('x\\n')\nopen('../pid', 'w').write(str(os.getpid()))\n"
    work += "time.sleep(4)\nopen('a', 'w').write('done')\n"
    project.write(slow__py=SLOW, work__py=work, __dvcignore="__pycache__\n")
    project.stages(a={"cmd": "python -m work", "outs": ["a"], "meta": {"preload": "slow"}})
    time.sleep(0.02)
    env = {**os.environ, "PYTHONPATH": str(HOUSE)}
    run = subprocess.Popen([sys.executable, "-m", "flows.cli", "run"], cwd=project.root, env=env)
    pid = project.root.parent / "pid"
    until(lambda: pid.exists() and bool(pid.read_text()), 60)
    for child in psutil.Process(run.pid).children():
        if "-S" in child.cmdline() and not guarded:
            child.kill()
    run.kill()
    run.wait()
    if guarded:
        until(lambda: gone(pid))
    else:
        assert not gone(pid)
    assert "1 recovered" in (said := project.headwater("run")) or guarded, said
    assert len(project.log()) == (2 if guarded else 1)
    assert project.stale() == {}
    assert project.dvc() == []
    assert at_work(project) == []


def test_a_module_name_that_is_none_is_refused(project: Project):
    project.stages(a={"cmd": "true", "outs": ["a"], "meta": {"preload": "not a module"}})
    assert "meta.preload is 'not a module'; expected a module's name" in project.headwater("run", code=2)


def at_work(project: Project) -> list[list[str]]:
    """Command lines of Python processes in the project's folder."""
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if one.cwd() == str(project.root) and one.pid != os.getpid() and "python" in one.name():
                found.append(one.cmdline())
    return found


def gone(path: Path) -> bool:
    pid = int(path.read_text())
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)
