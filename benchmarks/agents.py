"""Many agents on one Prefect server: what their coordinator's questions and their own signs of life cost it.

Run:  python -m benchmarks.agents [AGENTS ...] [--seconds 30] [--beat 10]     10 and 100 by default

No command runs anywhere. A real server on loopback, with SQLite, has one flow run for each agent; then threads do for
each what `headwater run` does while a stage is away, ask for its state and wait a second, and what an agent does, leave
a sign of life each ten seconds, and ask whether it is still wanted. Printed, and added to history.csv: how many
questions a second were answered of those that were due, how long an answer took, and how many cores server and
questions used. They share this machine's, so a server on a machine of its own bears more; agents' own signs are
counted with the questions.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil

from benchmarks import history
from flows.agents.flow import ALIVE, BEAT_SECONDS, answering
from flows.agents.pool import POLL

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "flows"))

from services import Prefect, environment  # type: ignore[import-not-found]


def repeat(action: Callable[[], Any], pause: float, stop: threading.Event, took: list[float], lost: list[str]) -> None:
    """Do it, wait, do it again; how long each took, and what the server refused."""
    while not stop.wait(pause):
        begun = time.perf_counter()
        try:
            action()
        except Exception as error:
            lost.append(repr(error)[:100])
        else:
            took.append(time.perf_counter() - begun)


def measure(prefect: Prefect, agents: int, seconds: float, beat: float) -> dict[str, float]:
    """The figures of so many agents."""
    flow = prefect.ask("flows/", {"name": "headwater-stage"})["id"]
    running = {"type": "RUNNING", "name": "Running"}
    runs = [UUID(prefect.ask("flow_runs/", {"flow_id": flow, "state": running})["id"]) for _ in range(agents)]

    def look(run: UUID) -> None:
        with answering() as client:
            client.read_flow_run(run)

    def live(run: UUID) -> None:
        with answering() as client:
            client.read_flow_run(run)
            client.update_flow_run_labels(run, {ALIVE: time.monotonic()})

    stop, asked, lived, lost = threading.Event(), list[float](), list[float](), list[str]()
    threads = [threading.Thread(target=repeat, args=(lambda r=r: look(r), POLL, stop, asked, lost)) for r in runs]
    threads += [threading.Thread(target=repeat, args=(lambda r=r: live(r), beat, stop, lived, lost)) for r in runs]
    assert prefect.service
    server = psutil.Process(prefect.service.process.pid)
    before, own, begun = sum(server.cpu_times()[:2]), time.process_time(), time.perf_counter()
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    stop.set()
    wall = time.perf_counter() - begun
    used, own = sum(server.cpu_times()[:2]) - before, time.process_time() - own
    for thread in threads:
        thread.join()
    for why, count in Counter(lost).most_common(3):
        print(f"refused {count} times: {why}", file=sys.stderr)
    answered = sorted(asked) or [float("nan")]
    return {
        "questions_per_s": len(asked) / wall,
        "due_per_s": agents / POLL,
        "answer_median_s": statistics.median(answered),
        "answer_p95_s": answered[int(0.95 * (len(answered) - 1))],
        "signs_of_life": len(lived),
        "refused": len(lost),
        "server_cores": used / wall,
        "questions_cores": own / wall,
        "database is locked": prefect.service.said().count("OperationalError) database is locked"),
    }


def main() -> None:
    """Measure, print a table, note the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agents", type=int, nargs="*", default=[10, 100])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--beat", type=float, default=BEAT_SECONDS)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-agents-"))
    prefect = Prefect(folder / "home", environment())
    try:
        prefect.start()
        os.environ["PREFECT_API_URL"] = prefect.api
        for number, agents in enumerate(options.agents):
            figures = measure(prefect, agents, options.seconds, options.beat)
            if number == 0:
                print(history.head("agents", *figures))
            print(history.row(agents, *(f"{value:.3g}" for value in figures.values())), flush=True)
            history.note(f"agents {agents}", figures)
    finally:
        prefect.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
