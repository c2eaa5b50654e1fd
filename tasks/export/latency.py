"""How long one prediction takes on this machine, now. Printed and not kept: no result may hang on a clock.

In:   data/export/<study>/; data/split/<study>/target.npz
Run:  python -m tasks.export.latency --study tables    about 10 s
"""

from time import perf_counter_ns

import numpy as np

from tasks.common import entry
from tasks.common.artifacts import read_json, read_npz
from tasks.common.errors import UserError
from tasks.common.samples import SPLIT, Array
from tasks.common.stages import DATA
from tasks.export import FILES, INDEX
from tasks.export.running import Runner, load

FIRST, TIMES = 50, 1000
"""Predictions that are not counted, and those that are."""


def milliseconds(runner: Runner, rows: Array) -> Array:
    """Times of `TIMES` predictions of one raw sample each, taken from ``rows`` in turn; scaling and rounding count."""
    taken = []
    for turn in range(FIRST + TIMES):
        one = rows[turn % len(rows)][None]
        begin = perf_counter_ns()
        runner(one)
        taken.append(perf_counter_ns() - begin)
    return np.array(taken[FIRST:]) / 1e6


def main(study: str) -> None:
    """Print the median and the 95th percentile of one prediction for each exported file."""
    folder = DATA / "export" / study
    if not (folder / INDEX).exists():
        raise UserError(f"{folder} has no exported models; run `headwater run export@{study}` first.")
    rows = read_npz(SPLIT / study / "target.npz")["train_x"][0]
    for method in read_json(folder / INDEX):
        for kind, name in FILES.items():
            p50, p95 = np.percentile(milliseconds(load(folder / method / name)[0], rows), [50, 95])
            print(f"{study} {method} {kind}: p50 {p50:.3f} ms, p95 {p95:.3f} ms")


if __name__ == "__main__":
    entry.run(main)
