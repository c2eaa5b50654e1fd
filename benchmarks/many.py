"""Many short stages through a lasting Prefect server: does its SQLite database keep up, and what does it cost?

Run: python benchmarks/many.py [STAGES] [JOBS]      500 stages and 8 jobs by default; minutes

The server is the one `headwater ui` starts: all services, SQLite, a home of its own. Afterwards each stage's state, as
the server keeps it, is held against what the run did, and the server's log is searched for errors of its database. The
figures are printed and go to benchmarks/history.csv.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

HOUSE = Path(__file__).parents[1]
sys.path[:0] = [str(HOUSE), str(HOUSE / "tests" / "flows")]

import psutil  # noqa: E402
import yaml  # noqa: E402
from doors import make  # noqa: E402
from services import Prefect, environment  # noqa: E402

from benchmarks import history  # noqa: E402


def states(prefect: Prefect, stages: int, limit: float = 300.0) -> Counter[str]:
    """How many task runs are in which state, once the server has recorded all it was told, or after ``limit`` s."""
    end = time.monotonic() + limit
    while True:
        found: list[dict[str, Any]] = []
        while page := prefect.ask("task_runs/filter", {"limit": 200, "offset": len(found), "sort": "ID_DESC"}):
            found += page
        counts = Counter(run["state_name"] for run in found)
        if counts["Completed"] >= stages or time.monotonic() > end:
            return counts
        time.sleep(2)


def main(stages: int = 500, jobs: int = 8) -> None:
    folder = Path(tempfile.mkdtemp(prefix="bench-many-"))
    prefect = Prefect(folder / "home", environment(DVC_NO_ANALYTICS="1"))
    try:
        project = make(folder / "project")
        declared = {f"s{i}": {"cmd": f"echo {i} > {i}.txt", "outs": [f"{i}.txt"]} for i in range(stages)}
        (project.root / "dvc.yaml").write_text(yaml.safe_dump({"stages": declared}))
        prefect.start()
        assert prefect.service
        server = psutil.Process(prefect.service.process.pid)
        before, begun = sum(server.cpu_times()[:2]), time.monotonic()
        home = {"PREFECT_HOME": str(folder / "client")}
        run = prefect.headwater(project.root, folder / "run.log", "run", "--jobs", str(jobs), **home)
        _, status, used = os.wait4(run.process.pid, 0)
        wall = time.monotonic() - begun
        assert status == 0, run.said()
        counts = states(prefect, stages)
        log = prefect.service.said()
        figures: dict[str, float | int] = {
            "wall_s": round(wall, 1),
            "run_cpu_s": round(used.ru_utime + used.ru_stime, 1),
            "server_cpu_s": round(sum(server.cpu_times()[:2]) - before, 1),
            "load": round(os.getloadavg()[0], 1),
            "database_mib": sum(file.stat().st_size for file in prefect.home.glob("prefect.db*")) / 2**20,
            "states kept": counts["Completed"],
            "database is locked": log.count("OperationalError) database is locked"),
            "errors in the server's log": log.count("Traceback (most recent call last)"),
        }
        print(history.head("stages, jobs", *figures))
        print(history.row(f"{stages}, {jobs}", *(f"{value:.4g}" for value in figures.values())))
        if counts["Completed"] < stages:
            print(f"states were lost: {dict(counts)}")
        history.note(f"many stages {stages} jobs {jobs}", figures)
    finally:
        prefect.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
