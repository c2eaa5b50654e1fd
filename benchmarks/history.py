"""What benchmarks tell: tables on the screen, and benchmarks/history.csv, what was measured, when, on which commit.

The file has one figure a line. Ratios of two things measured in one run hold from machine to machine; seconds and bytes
are one machine's, so each line says how many cores it had.
"""

import csv
import datetime
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
HISTORY = ROOT / "benchmarks" / "history.csv"
COLUMNS = ("date", "commit", "cores", "benchmark", "figure", "value")


def commit(root: Path = ROOT) -> str:
    """The commit that was measured, with a + where files but the history differ from it; nothing outside of git."""
    said = [
        subprocess.run(["git", *command.split()], cwd=root, capture_output=True, text=True, check=False).stdout.strip()
        for command in ("rev-parse --short HEAD", f"status --porcelain --untracked-files=no . :!*{HISTORY.name}")
    ]
    return said[0] + "+" * bool(said[1])


def note(benchmark: str, figures: Mapping[str, float | int | str], path: Path = HISTORY) -> None:
    """Add the figures of one benchmark; floats with four digits."""
    fresh = not path.exists()
    about = [datetime.date.today().isoformat(), commit(), os.cpu_count(), benchmark]
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if fresh:
            writer.writerow(COLUMNS)
        for figure, value in figures.items():
            writer.writerow([*about, figure, f"{value:.4g}" if isinstance(value, float) else value])


def head(*cells: object) -> str:
    """The first two lines of a table in Markdown: the names of its columns, and what makes it one."""
    return row(*cells) + "\n" + "|---" * len(cells) + "|"


def row(*cells: object) -> str:
    """A line of such a table."""
    return f"| {' | '.join(map(str, cells))} |"
