"""Kill the engine, or fill its disk, at every step of a stage; then see what the next run makes of it.

Run: python tests/flows/kill_matrix.py [SHORT]       some minutes; prints a table

One project (below), one fault a case, for 1 and 4 jobs; the fault hits stage `mid`. Afterwards the next run, by the
engine and in turn by `dvc repro`, must end well, run no stage again whose command had ended, leave `dvc status` clean,
no process, and never two commands at one output. Where the run's guard dies with it ("both"), the command goes on: the
engine must wait for it and take its result; DVC refuses until it has ended, and then runs the stage again. Plain DVC is
put through the same where it has such a step.

::

    a ─> mid ─> end        side
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

import psutil  # noqa: E402
import yaml  # noqa: E402
from doors import HOUSE, Project, make  # noqa: E402
from dvc.exceptions import DvcException  # noqa: E402
from faults import STEPS  # noqa: E402

KINDS = ("kill", "both", "term", "full", "io")
FAULTS = Path(__file__).with_name("faults.py")
ENDED = ("exited", "hashed", "cache", "lock", "committed")  # at these steps the command of `mid` has ended well


@dataclass(frozen=True)
class Verdict:
    """What was found after one case; ``wrong`` is empty when all is as promised."""

    wrong: tuple[str, ...]
    repeated: tuple[str, ...]  # finished stages that ran again


def project(folder: Path) -> Project:
    """Commands note that they ran, and cry when another works on the same output."""
    with contextlib.redirect_stdout(io.StringIO()):
        made = make(folder / "project")

    def stage(name: str, *deps: str) -> dict[str, object]:
        alone = f"mkdir ../{name}.busy 2>/dev/null || echo {name} >> ../doubled"
        work = f"sleep 0.3; cat /dev/null {' '.join(deps)} > {name}.txt; echo {name} >> {name}.txt"
        note = f"echo {name} >> ../ran; rmdir ../{name}.busy"
        return {"cmd": f"{alone}; {work}; {note}", "deps": ["seed.txt", *deps], "outs": [f"{name}.txt"]}

    made.write(seed__txt="seed\n")
    made.stages(a=stage("a"), mid=stage("mid", "a.txt"), end=stage("end", "mid.txt"), side=stage("side"))
    return made


def case(jobs: int, when: str, step: str, kind: str, next_door: str) -> Verdict:
    """One fault in the engine, then one run of ``next_door``."""
    with _folder() as folder:
        made = project(Path(folder))
        run = _start([str(FAULTS), str(made.root), str(jobs), when, step, "mid", kind], made.root)
        run.communicate(timeout=120)
        return _after(
            made, step in ENDED or (kind == "both" and next_door == "engine"), next_door, alone=kind == "both"
        )


def dvc_case(step: str) -> Verdict:
    """The same for plain DVC: killed in the command, after it, or while it writes dvc.lock."""
    program = """
import os, signal, sys
from dvc.repo import Repo
from dvc.stage import Stage
from dvc.utils.serialize import _yaml
step = sys.argv[1]
die = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
def of_mid(function, act):
    def wrapper(self, *a, **k):
        if self.addressing == "mid": act(self)
        return function(self, *a, **k)
    return wrapper
if step == "exited": Stage.save = of_mid(Stage.save, die)
if step == "lock":
    dump = _yaml._dump
    def torn(data, stream): die() if "mid" in data.get("stages", {}) else dump(data, stream)
    Stage.dump = of_mid(Stage.dump, lambda self: setattr(_yaml, "_dump", torn))
Repo().reproduce()
"""
    with _folder() as folder:
        made = project(Path(folder))
        run = _start(["-c", program, step], made.root)
        if step == "started":
            while not (made.root.parent / "mid.busy").exists():
                time.sleep(0.01)
            run.kill()
        run.communicate(timeout=120)
        return _after(made, step != "started", "dvc", patience=0.0)


@contextlib.contextmanager
def _folder() -> Iterator[str]:
    """A folder for one case, left before it goes."""
    with tempfile.TemporaryDirectory(prefix="kill-matrix-") as folder:
        yield folder
        os.chdir("/")


def _start(arguments: list[str], where: Path) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PYTHONPATH": str(HOUSE), "DVC_NO_ANALYTICS": "1"}
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=where, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _after(made: Project, ended: bool, next_door: str, patience: float = 3.5, *, alone: bool = False) -> Verdict:
    """What the fault left, and what the next run makes of it.

    Args:
        ended: No command may run again.
        patience: The guard's grace, in seconds.
        alone: There is no guard left: commands may live on.
    """
    wrong: list[str] = []
    lock = made.root / "dvc.lock"
    try:
        torn = lock.exists() and "stages" not in (yaml.safe_load(lock.read_text()) or {})
    except yaml.YAMLError:
        torn = True
    if torn:
        wrong.append("dvc.lock torn")
    orphans = _commands(made)
    if orphans and not alone and not _gone(orphans, patience):
        wrong.append("a command lives on")
    if not alone:
        _tidied(made, patience)
    for busy in made.root.parent.glob("*.busy"):
        if not _commands(made):
            busy.rmdir()  # left by a killed command; a live one's mark stays, to catch a second writer
    before = made.log()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            if next_door == "engine":
                bad = {name: o.message for name, o in made.engine(jobs=2).items() if not o.done}
                wrong += [f"next run: {name} {message}" for name, message in bad.items()]
            else:
                _dvc(made, alone)
            if stale := made.stale():
                wrong.append(f"not up to date after it: {sorted(stale)}")
    except Exception as error:
        wrong.append(f"next run refused: {str(error).splitlines()[0][:80]}")
    for process in _commands(made):
        process.kill()
    if (made.root.parent / "doubled").exists():
        wrong.append("two commands at one output")
    finished = {*before, "mid"} if ended else set(before) - {"mid"}
    repeated = sorted(name for name in finished if made.log().count(name) > 1)
    return Verdict(tuple(wrong), tuple(repeated))


def _dvc(made: Project, alone: bool) -> None:
    """`dvc repro`; where a command may live on, again for as long as DVC says that it is in the way."""
    end = time.monotonic() + 20
    while True:
        try:
            made.dvc()
            return
        except DvcException as error:
            if not alone or "is busy" not in str(error.__cause__) or time.monotonic() > end:
                raise
        time.sleep(0.5)


def _commands(made: Project) -> list[psutil.Process]:
    """Living processes that stand in the project's folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.cwd() == str(made.root) and process.status() != "zombie":
                found.append(process)
    return found


def _tidied(made: Project, seconds: float) -> None:
    """Wait for the guard to take what it ended out of DVC's rwlock."""
    rwlock, end = made.root / ".dvc" / "tmp" / "rwlock", time.monotonic() + seconds
    while time.monotonic() < end and rwlock.exists() and "headwater" in rwlock.read_text():
        time.sleep(0.05)


def _gone(processes: list[psutil.Process], seconds: float) -> bool:
    return not psutil.wait_procs(processes, timeout=seconds)[1]


def cases(short: bool) -> list[tuple[int, str, str, str, str]]:
    """(jobs, when, step, kind, next door) of every case."""
    found = []
    for jobs in (1, 4):
        for kind in KINDS:
            for step in STEPS if kind != "both" else ("started", "exited"):
                whens = ["in"] if step in ("claim", "cache", "lock") else ["before", "after"]
                for when in whens:
                    doors = ["engine"] if kind not in ("kill", "both") else ["engine", "dvc"]
                    found += [(jobs, when, step, kind, door) for door in doors]
    return found[:: len(found) // 8] if short else found


def _cell(problems: list[str]) -> str:
    """One cell of the table: each problem once, or how many cases went well."""
    return "; ".join(dict.fromkeys(filter(None, problems))) or (f"well ({len(problems)})" if problems else "")


def main(short: bool = False) -> int:
    scratch = Path(tempfile.mkdtemp(prefix="kill-matrix-"))
    for name in ("DVC_SITE_CACHE_DIR", "DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR"):
        os.environ[name] = str(scratch / name)
    os.environ["DVC_NO_ANALYTICS"] = "1"
    logging.disable(logging.ERROR)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    rows: dict[tuple[str, str], list[str]] = {}
    bad = 0
    for number, (jobs, when, step, kind, door) in enumerate(cases(short), 1):
        verdict = case(jobs, when, step, kind, door)
        again = [*verdict.repeated] if door == "engine" else []  # DVC cannot know of a result that was never recorded
        problem = [*verdict.wrong, *(f"{name} ran again" for name in again)]
        bad += bool(problem)
        rows.setdefault((f"{when} {step}", kind), []).append("; ".join(problem))
        if problem:
            print(f"{jobs} jobs, {kind} {when} {step}, then {door}: {'; '.join(problem)}", flush=True)
        if number % 20 == 0:
            print(f"{number} cases, {bad} bad", flush=True)
    print("\n| fault at | " + " | ".join(KINDS) + " |\n|" + "---|" * (len(KINDS) + 1))
    for place in dict.fromkeys(place for place, _ in rows):
        print(f"| {place} | " + " | ".join(_cell(rows.get((place, kind), [])) for kind in KINDS) + " |")
    for step in () if short else ("started", "exited", "lock"):
        verdict = dvc_case(step)
        said = [*verdict.wrong, *(f"{name} ran again" for name in verdict.repeated)]
        print(f"| plain `dvc repro`, killed at {step} | {'; '.join(said) or 'well'} | | | | |")
    shutil.rmtree(scratch, ignore_errors=True)
    print(f"\n{sum(map(len, rows.values()))} cases, {bad} bad")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main("short" in sys.argv[1:]))
