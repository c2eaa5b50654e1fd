"""What a command costs, as the system counts it of its process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Seconds of wall and CPU time, the most memory the process had in MiB, and what it printed, errors included."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    said: str

    @property
    def figures(self) -> dict[str, float]:
        """The numbers by their names."""
        return {"wall_s": self.wall_s, "cpu_s": self.cpu_s, "peak_mib": self.peak_mib}


def cost(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Cost:
    """Run ``python -m`` with these words to its end; one that fails ends the benchmark with the end of what it said."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        command = [sys.executable, "-m", *words]
        process = subprocess.Popen(command, cwd=folder, env=dict(environment), stdout=output, stderr=output)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - begun
        output.seek(0)
        said = output.read().decode(errors="replace")
    if status:
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode}:\n{said[-3000:]}")
    in_a_mib = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, KiB elsewhere
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / in_a_mib, said)
