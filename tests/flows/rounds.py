"""Two `headwater run` and one `dvc repro` at the same time in one workspace, round after round.

Run: python tests/flows/rounds.py [ROUNDS] [SEED]       about 20 s a round

In each round a fresh project is brought up to date by all three, `dvc repro` joining anywhere between the start and the
middle of the others. All must end well, every stage must have run exactly once, and `dvc status` must be clean.

DVC does not wait for a file that another process is making. It ends with "... is busy, it is being blocked by: (PID
...): headwater run: STAGE", leaves everything as it was, and is started again here for as long as it says so. Its flag
`--wait-for-lock` is for its other lock, the repository's, which the engine holds for milliseconds at a time.

::

    a0 ─┬─> b0 ─┬─> c0 ─┬─> d
    a1 ─┼─> b1 ─┼─> c1 ─┤        each of b and c reads two of the row above it
    a2 ─┴─> b2 ─┴─> c2 ─┘
"""

from __future__ import annotations

import collections
import contextlib
import io
import logging
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from doors import HOUSE, Project, make  # noqa: E402

from flows import server  # noqa: E402
from flows.guard import Guard  # noqa: E402

DVC = ["-m", "dvc", "--wait-for-lock", "repro"]
RUN = ["-m", "flows.cli", "run", "--jobs", "2"]
PATIENCE = 120.0  # seconds a round may take


@dataclass(frozen=True)
class Round:
    """What came of one.

    Attributes:
        wrong: Empty when all is as promised.
        refused: How often DVC had to start again.
        shares: How many stages each of the three ran, the largest number first.
    """

    wrong: tuple[str, ...]
    refused: int
    shares: tuple[int, ...]


def project(folder: Path, rng: random.Random) -> Project:
    with contextlib.redirect_stdout(io.StringIO()):
        made = make(folder / "project")
    made.write(seed__txt="seed\n")

    def stage(name: str, *deps: str) -> dict[str, object]:
        work = f"echo {name} >> ../ran; echo run-$HEADWATER_RUN >> ../by; sleep {rng.uniform(0.2, 1.5):.2f}"
        return {"cmd": f"{work}; cat {' '.join(deps)} > {name}.txt", "deps": [*deps], "outs": [f"{name}.txt"]}

    stages = {f"a{i}": stage(f"a{i}", "seed.txt") for i in range(3)}
    for row, above in (("b", "a"), ("c", "b")):
        stages |= {f"{row}{i}": stage(f"{row}{i}", f"{above}{i}.txt", f"{above}{(i + 1) % 3}.txt") for i in range(3)}
    stages["d"] = stage("d", "c0.txt", "c1.txt", "c2.txt")
    made.stages(**stages)
    return made


def play(folder: Path, rng: random.Random) -> Round:
    """One round in ``folder``; PREFECT_API_URL names a server."""
    made = project(folder, rng)
    wrong: list[str] = []
    refused = 0

    def door(command: list[str], delay: float) -> None:
        nonlocal refused
        time.sleep(delay)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            done = subprocess.run(
                [sys.executable, *command],
                cwd=made.root,
                env={**os.environ, "PYTHONPATH": str(HOUSE)},
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
            if command is not DVC or "is busy, it is being blocked by" not in done.stderr:
                break
            refused += 1
        if done.returncode:
            wrong.append(f"{' '.join(command)} ended with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")

    delays = (rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0, 7))
    doors = [threading.Thread(target=door, args=each) for each in zip((RUN, RUN, DVC), delays, strict=True)]
    for thread in doors:
        thread.start()
    for thread in doors:
        thread.join()
    ran, stages = sorted(made.log()), sorted([*(f"{row}{i}" for row in "abc" for i in range(3)), "d"])
    if ran != stages:
        wrong.append(f"ran {ran}, not each of {stages} once")
    if stale := made.stale():
        wrong.append(f"not up to date: {sorted(stale)}")
    by = (made.root.parent / "by").read_text().split()
    return Round(tuple(wrong), refused, tuple(n for _, n in collections.Counter(by).most_common()))


def main(rounds: int = 20, seed: int = 0) -> int:
    scratch = Path(tempfile.mkdtemp(prefix="rounds-"))
    for name in ("DVC_SITE_CACHE_DIR", "DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR"):
        os.environ[name] = str(scratch / name)
    os.environ |= {"DVC_NO_ANALYTICS": "1", "PREFECT_HOME": str(scratch / "prefect")}
    logging.disable(logging.ERROR)
    server.settings(scratch)
    guard = Guard()
    temporary = server.Temporary(guard)
    bad = refused = 0
    try:
        os.environ["PREFECT_API_URL"] = temporary.wait()
        for number in range(seed, seed + rounds):
            found = play(scratch / str(number), random.Random(number))
            bad, refused = bad + bool(found.wrong), refused + found.refused
            print(f"round {number}: stages run by each: {found.shares}, DVC refused {found.refused} times", flush=True)
            for text in found.wrong:
                print(f"round {number}: {text}", flush=True)
    finally:
        temporary.close()
        guard.close()
        os.chdir("/")
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"{rounds} rounds, {bad} bad; DVC said {refused} times that a file is busy, and was started again")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
