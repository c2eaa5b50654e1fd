"""Where the time of a study went, and how far its run is from the bound that stages and cores set.

The bound is the larger of the critical path, the longest chain of stages that wait for each other, and of the CPU
seconds of all stages over the cores used: no order of starting them could be faster.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import history
from benchmarks.study.clocks import FOLDER, PARTS
from flows import dag
from flows.journal import Journal


@dataclass(frozen=True)
class Bound:
    """Seconds: the longest chain of stages, CPU work of all over cores, and the wall time of the run."""

    path: float
    work: float
    wall: float

    @property
    def seconds(self) -> float:
        return max(self.path, self.work)

    def __str__(self) -> str:
        over = self.wall / self.seconds
        return (
            f"critical path {self.path:.0f} s, CPU work over cores {self.work:.0f} s; "
            f"the run took {self.wall:.0f} s, {over:.2f} times the larger"
        )


def bound(graph: dag.Graph, records: Mapping[str, Mapping[str, float]], wall: float, cores: int) -> Bound:
    """The bound of the stages that ran.

    Args:
        records: Of each stage ``seconds`` and ``cpu_seconds``; those without one did not run.
    """
    ran = {name: graph[name] for name in graph if name in records}
    seconds = {name: record["seconds"] for name, record in records.items()}
    path = max(dag.longest_paths(ran, seconds).values(), default=0.0)
    return Bound(path, sum(record["cpu_seconds"] for record in records.values()) / cores, wall)


def ran(folder: Path) -> dict[str, dict[str, float]]:
    """Of each stage that ran in this project its last ``seconds`` and ``cpu_seconds``."""
    found = Journal(folder).history()
    return {name: {key: records[-1][key] for key in ("seconds", "cpu_seconds")} for name, records in found.items()}


def clocks(folder: Path) -> dict[str, dict[str, float]]:
    """{command: seconds by part} as the stages of this project left them."""
    files = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / FOLDER).glob("*.json"))]
    return {" ".join(file["command"]): {part: file[part] for part in PARTS} for file in files}


def table(
    stages: Mapping[str, str], records: Mapping[str, Mapping[str, float]], parts: Mapping[str, Mapping[str, float]]
) -> list[str]:
    """Lines of a table: each kind of stage, all, and then the stages that took longest.

    Args:
        stages: {stage: its command, a key of ``parts``}.
        records: Of each stage ``seconds`` and ``cpu_seconds``.
        parts: Of each command its seconds by part; what a stage took beyond them is its process's start
            and end.
    """
    kinds: dict[str, list[str]] = {}
    for name in records:
        if name in stages:
            kinds.setdefault(name.split("@")[0], []).append(name)
    lines = history.head("stage", "stages", "seconds", "CPU", "start, end", *PARTS).splitlines()

    def line(what: str, names: Iterable[str]) -> None:
        chosen = list(names)
        whole, cpu = (sum(records[name][key] for name in chosen) for key in ("seconds", "cpu_seconds"))
        sums = [sum(parts.get(stages[name], {}).get(part, 0.0) for name in chosen) for part in PARTS]
        cells = [whole, cpu, whole - sum(sums), *sums]
        lines.append(history.row(what, len(chosen), *(f"{cell:.1f}" for cell in cells)))

    for kind, names in kinds.items():
        line(kind, names)
    everything = [name for names in kinds.values() for name in names]
    line("all", everything)
    for name in sorted(everything, key=lambda name: -records[name]["seconds"])[:5]:
        line(name, [name])
    return lines
