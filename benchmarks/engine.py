"""The engine against serial `dvc repro`, side by side: medians and their ratios.

Run: python benchmarks/engine.py [REPEATS] [PART ...]       parts: trivial sleep idle lock prefect; about 15 minutes

Both doors are whole commands in processes of their own, imports included, in temporary projects, one right after the
other, so that a busy machine slows both; their CPU seconds, beside the wall time, hardly depend on what else runs (the
Prefect server's own are not in them). A Prefect server stands ready for `headwater run`, as `headwater ui` gives;
what it costs to go without is the part `prefect`.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

HOUSE = Path(__file__).parents[1]
sys.path.insert(0, str(HOUSE))

import yaml  # noqa: E402
from dvc.repo import Repo  # noqa: E402

from flows import server  # noqa: E402
from flows.guard import Guard  # noqa: E402
from flows.lockfile import LockFile  # noqa: E402

DVC = ["-m", "dvc", "repro", "-q"]
RUN = ["-m", "flows.cli", "run", "--jobs", "4"]


@contextlib.contextmanager
def project(stages: dict[str, Any]) -> Iterator[Path]:
    """A fresh DVC project with these stages."""
    folder = Path(tempfile.mkdtemp(prefix="bench-engine-"))
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            Repo.init(str(folder), no_scm=True).close()
        (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Took(NamedTuple):
    """Seconds of wall time, and of CPU time with all that the command started and waited for."""

    wall: float
    cpu: float


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def seconds(arguments: list[str], where: Path, **env: str) -> Took:
    """What one command took, which must end well."""
    begun, before = time.perf_counter(), cpu()
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=where,
        env={**os.environ, "PYTHONPATH": str(HOUSE), **env},
        capture_output=True,
    )
    took = Took(time.perf_counter() - begun, cpu() - before)
    if done.returncode:
        raise SystemExit(f"{arguments} ended with {done.returncode}: {done.stdout.decode()}{done.stderr.decode()}")
    return took


def median(times: list[Took]) -> Took:
    return Took(statistics.median(t.wall for t in times), statistics.median(t.cpu for t in times))


def row(what: str, serial: list[Took], engine: list[Took], note: str = "") -> None:
    left, right = median(serial), median(engine)
    print(
        f"| {what} | {left.wall:.2f} s | {right.wall:.2f} s | {right.wall / left.wall:.2f} "
        f"| {left.cpu:.2f} s | {right.cpu:.2f} s | {note} |",
        flush=True,
    )


def pairs(
    stages: dict[str, Any], repeats: int, before: Callable[[Path], None] = lambda p: None
) -> tuple[list[Took], list[Took]]:
    """Times of both doors, each on a fresh project; ``before`` prepares one."""
    found: tuple[list[Took], list[Took]] = ([], [])
    for _ in range(repeats):
        for times, command in zip(found, (DVC, RUN), strict=True):
            with project(stages) as folder:
                before(folder)
                times.append(seconds(command, folder))
    return found


def trivial(repeats: int) -> None:
    """Stages whose command is `echo`: what is left is the doors' own cost. Slope: per stage beyond the start-up."""
    medians: dict[int, tuple[Took, Took]] = {}
    for count in (24, 200):
        stages = {f"s{i}": {"cmd": f"echo {i} > o{i}", "outs": [f"o{i}"]} for i in range(count)}
        serial, engine = pairs(stages, repeats)
        medians[count] = (median(serial), median(engine))
        row(f"{count} trivial stages", serial, engine)
    first, last = medians[24], medians[200]
    wall = [(last[door].wall - first[door].wall) / 176 * 1000 for door in (0, 1)]
    used = [(last[door].cpu - first[door].cpu) / 176 * 1000 for door in (0, 1)]
    print(
        f"| per trivial stage | {wall[0]:.0f} ms | {wall[1]:.0f} ms | {wall[1] / wall[0]:.2f} "
        f"| {used[0]:.0f} ms | {used[1]:.0f} ms | slope |",
        flush=True,
    )


def sleep(repeats: int) -> None:
    """60 stages of 1 s on 4 jobs: ideal 15 s. Beside it the same of 0 stages to run, for the start-up alone."""
    stages = {f"s{i}": {"cmd": f"sleep 1; echo {i} > o{i}", "outs": [f"o{i}"]} for i in range(60)}
    serial, engine = pairs(stages, max(1, repeats // 3))
    one = {"s": {"cmd": "echo 1 > o", "outs": ["o"]}}
    start = median(pairs(one, repeats)[1]).wall
    ideal = 15.0
    over = (median(engine).wall - start) / ideal
    row("60 stages of 1 s, 4 jobs", serial, engine, f"{over:.2f} of the ideal 15 s after a start-up of {start:.1f} s")


def idle(repeats: int) -> None:
    """Nothing to do, with three outputs of 20 MB; no server, as an idle run does not ask for one."""
    for count in (60, 300):
        stages: dict[str, Any] = {
            f"s{i}": {"cmd": f"echo {i} > o{i}", "deps": [f"o{i - 1}"] if i else [], "outs": [f"o{i}"]}
            for i in range(count)
        }
        for i in range(3):
            stages[f"s{i}"]["cmd"] = f"head -c 20000000 /dev/zero | tr '\\0' '{i}' > o{i}"
        with project(stages) as folder:
            seconds(DVC, folder)
            serial, engine = [], []
            for _ in range(repeats + 2):
                serial.append(seconds(DVC, folder))
                engine.append(seconds(RUN, folder, PREFECT_API_URL=""))
            row(f"idle, {count} stages", serial, engine)


def lock(repeats: int) -> None:
    """Recording one stage in a dvc.lock of n entries."""
    from dvc.dvcfile import Lockfile
    from dvc.stage.loader import StageLoader

    for count in (100, 1000, 3000):
        stages = {f"s{i}": {"cmd": f"echo {i} > o{i}", "outs": [f"o{i}"]} for i in range(count)}
        with project(stages) as folder, contextlib.chdir(folder):
            entry = {"outs": [{"path": "o", "hash": "md5", "md5": "0" * 32, "size": 1}]}
            data = {f"s{i}": {"cmd": f"echo {i}", **entry} for i in range(count)}
            path = folder / "dvc.lock"
            path.write_text(yaml.safe_dump({"schema": "2.0", "stages": data}, sort_keys=False))
            repo = Repo()
            stage: Any = next(s for s in repo.index.stages if s.name == "s1")
            StageLoader.fill_from_lock(stage, {"cmd": "x", **entry})
            serial, engine = [], []
            mine = LockFile(path)
            for i in range(repeats):
                stage.cmd = f"echo dvc {i}"
                begun = time.perf_counter()
                Lockfile(repo, str(path)).dump(stage)
                serial.append(time.perf_counter() - begun)
                mine.stage("s1")  # the file was replaced under it: read again, outside the measured time
                begun = time.perf_counter()
                mine.replace("s1", {"cmd": f"echo {i}", **entry})
                engine.append(time.perf_counter() - begun)
            repo.close()
            left, right = (statistics.median(t) * 1000 for t in (serial, engine))
            print(
                f"| one record, dvc.lock of {count} | {left:.0f} ms | {right:.0f} ms | {right / left:.3f} | | | |",
                flush=True,
            )


def prefect(repeats: int) -> None:
    """One trivial stage: with a server, and without one in a home that is old, new, or the first on the machine."""
    stages = {"s": {"cmd": "echo 1 > o", "outs": ["o"]}}
    plain: list[Took] = []
    cases: dict[str, list[Took]] = {
        "a server ready": [],
        "no server": [],
        "no server, the project's first run": [],
        "no server, the machine's first run": [],
    }
    for _ in range(repeats):
        for case, times in cases.items():
            with project(stages) as folder:
                env = {"PREFECT_API_URL": ""}
                if "first" in case:
                    env["PREFECT_HOME"] = str(folder / ".prefect")
                if "machine" in case:
                    env["XDG_CACHE_HOME"] = str(folder / ".cache")
                times.append(seconds(RUN, folder, **({} if "ready" in case else env)))
        with project(stages) as folder:
            plain.append(seconds(DVC, folder))
    for case, times in cases.items():
        row(f"one stage, {case}", plain, times)


PARTS = {"trivial": trivial, "sleep": sleep, "idle": idle, "lock": lock, "prefect": prefect}


def main(repeats: int = 3, *parts: str) -> None:
    scratch = Path(tempfile.mkdtemp(prefix="bench-engine-home-"))
    for name in ("DVC_SITE_CACHE_DIR", "DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR"):
        os.environ[name] = str(scratch / name)
    os.environ |= {"DVC_NO_ANALYTICS": "1", "PREFECT_HOME": str(scratch / "prefect")}
    os.environ["XDG_CACHE_HOME"] = str(scratch / "cache")
    logging.getLogger("dvc").setLevel(logging.ERROR)
    server.settings(scratch)
    guard = Guard()
    print("| what | `dvc repro` | `headwater run` | ratio | CPU: `dvc repro` | `headwater run` | |")
    print("|---" * 7 + "|", flush=True)
    temporary = server.Temporary(guard)
    try:
        os.environ["PREFECT_API_URL"] = temporary.wait()
        for part in parts or PARTS:
            PARTS[part](repeats)
    finally:
        temporary.close()
        guard.close()
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main(*(int(word) if word.isdigit() else word for word in sys.argv[1:]))  # type: ignore[arg-type]
