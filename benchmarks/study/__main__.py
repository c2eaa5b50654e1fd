"""A whole study by `headwater run` and by a plain script that does the same trainings: `make bench`.

Run:  python -m benchmarks.study [STUDY] [--jobs J] [--repeats R] [--rates N] [--size full] [--only ours]

Both start from nothing but the downloaded data, in temporary copies of the project as it is committed, one after the
other on the same machine. Ours does everything, with one thread a stage as params.yaml says, J stages at a time. The
plain script (`benchmarks.study.plain`) would take hours, so it does a sample, and its time is multiplied up:

  --repeats 1   of each method's repeats (0: all); they train as many epochs on as many samples each
  --rates 1     of each search's rates, source models' too (0: all); likewise

What is done once (split, source models, teacher, screening, evaluation, report, export) is multiplied by nothing but
its rates. The plain script has TensorFlow's own settings: as many threads as cores, no determinism. The result is
printed, and added to benchmarks/history.csv: the ratio holds, seconds are one machine's.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from benchmarks import history
from benchmarks.study import copies, where

METHODS = ("transfer", "origins", "budgets", "distill", "mtl", "adapt")  # stages that repeat their trainings


def ours(home: Path, study: str, jobs: int, change: dict[str, Any]) -> float:
    """Seconds of `headwater run`; prints where they went, and the bound."""
    folder = copies.make(home, study, change, clocks=True)
    already, begun = where.ran(folder), time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    copies.run([sys.executable, "-m", "flows.cli", "run", study, "--jobs", str(jobs)], folder)
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    records = {name: record for name, record in where.ran(folder).items() if name not in already}
    words = {name: " ".join(command) for name, command in copies.commands(folder, study).items()}
    print(f"headwater run {study} --jobs {jobs}: {wall:.0f} s, {len(records)} stages, {cpu:.0f} s of CPU in all")
    print(*where.table(words, records, where.clocks(folder)), sep="\n")
    limit = where.bound(copies.stages(folder, study), records, wall, min(jobs, os.cpu_count() or 1))
    print(limit, flush=True)
    figures = {"wall_s": wall, "critical_path_s": limit.path, "work_s": limit.work, "over_bound": wall / limit.seconds}
    history.note(f"study {study} jobs {jobs} {sized(change)}", {**figures, "cpu_s": cpu, "stages": len(records)})
    return wall


def plain(home: Path, study: str, change: dict[str, Any], options: argparse.Namespace) -> float:
    """Seconds that the plain script would take for all methods, repeats and rates."""
    settings = YAML(typ="safe").load((copies.ROOT / "params.yaml").read_text(encoding="utf-8"))
    size = change.get("size", settings["size"])
    of: int = settings["sizes"][size]["repeats"]
    repeats = options.repeats or of
    native = {"threads": os.cpu_count() or 1, "onednn": True, "deterministic": False}
    folder = copies.make(home, study, {**change, f"sizes.{size}.repeats": repeats, "runtime": native})
    everything = copies.commands(folder, study)
    rates = options.rates or "all"
    print(f"plain script: {repeats} of {of} repeats, {rates} of each search's rates, times multiplied", flush=True)
    config = folder / "plain.json"
    config.write_text(json.dumps({"commands": [*everything.values()], "rates": options.rates}), encoding="utf-8")
    begun = time.perf_counter()
    said = copies.run([sys.executable, "-m", "benchmarks.study.plain", str(config)], folder)
    took: dict[str, float] = json.loads(said.splitlines()[-1])
    sampled = time.perf_counter() - begun
    whole = scaled({name: took[" ".join(words)] for name, words in everything.items()}, of / repeats)
    print(f"plain script: {sampled:.0f} s for the sample, {whole:.0f} s for everything")
    history.note(f"study {study} plain {sized(change)}, {sample(options)}", {"sample_s": sampled, "plain_s": whole})
    return whole


def scaled(seconds: dict[str, float], times: float) -> float:
    """Seconds of all stages, those that repeat their trainings so many times.

    >>> scaled({"pretrain@a": 10.0, "distill-basics@a": 2.0}, 5)
    20.0
    """
    repeating = {name for name in seconds if name.split("@")[0].split("-")[0] in METHODS}
    return sum(spent * (times if name in repeating else 1) for name, spent in seconds.items())


def sized(change: dict[str, Any]) -> str:
    return str(change.get("size", "as declared"))


def sample(options: argparse.Namespace) -> str:
    return f"plain: {options.repeats or 'all'} repeats {options.rates or 'all'} rates"


def main() -> None:
    """Measure both, print and note the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", nargs="?", default="fashion-sandal")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--rates", type=int, default=1)
    parser.add_argument(
        "--size", default="full", help="a key of params.yaml's `sizes`; smoke tries the benchmark itself"
    )
    parser.add_argument("--only", choices=["ours", "plain"])
    options = parser.parse_args()
    change = {"size": options.size}
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="bench-study-") as home:
        if options.only != "plain":
            found["ours"] = ours(Path(home, "ours"), options.study, options.jobs, change)
        if options.only != "ours":
            found["plain"] = plain(Path(home, "plain"), options.study, change, options)
    if len(found) == 2:
        ratio = found["ours"] / found["plain"]
        print(f"{options.study}: ours {found['ours']:.0f} s, plain {found['plain']:.0f} s, ratio {ratio:.3f}")
        history.note(f"study {options.study} jobs {options.jobs} {sized(change)}, {sample(options)}", {"ratio": ratio})


if __name__ == "__main__":
    main()
