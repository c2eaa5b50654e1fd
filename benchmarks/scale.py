"""Synthetic DAGs of 100, 1,000 and 10,000 stages: what a run costs before, beside and after the commands.

Run:  python -m benchmarks.scale [--sizes 100 1000] [--parts open idle record run]

Stages stand in layers of 50; each reads a parameter and the outputs of two stages of the layer above. All are recorded
in dvc.lock as done, so that nothing has to be executed for it. Each part is a process of its own:

open     dvc.yaml, dvc.lock and the graph are read, stages chosen, checked and ordered (imports not included)
idle     `headwater run` with nothing to do, its start-up included, after a first one that hashes the files
record   one stage's entry in dvc.lock replaced
run      `headwater run` with one stage to run and the others up to date: each of them becomes a task of Prefect's

Seconds, the largest memory a process held, and what Prefect's database grew to. Printed and added to history.csv. With
more than 5,000 stages `run` takes many minutes and has to be named.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import history
from benchmarks.processes import cost

ROOT = Path(__file__).parents[1]
WIDTH = 50  # stages of a layer
PARTS = ("open", "idle", "record", "run")
LONG = 5000  # stages beyond which `run` has to be asked for


def name(number: int) -> str:
    return f"s{number:05d}"


def above(number: int) -> list[int]:
    """The two stages that a stage reads: the one right above it and that one's neighbour; none in the first layer."""
    layer, place = divmod(number, WIDTH)
    return [] if layer == 0 else [(layer - 1) * WIDTH + place, (layer - 1) * WIDTH + (place + 1) % WIDTH]


def declared(count: int) -> dict[str, Any]:
    """The content of dvc.yaml."""
    return {
        "stages": {
            name(i): {
                "cmd": f"echo {i} > o/{i}.txt",
                "deps": [f"o/{j}.txt" for j in above(i)],
                "params": ["rate"],
                "outs": [f"o/{i}.txt"],
            }
            for i in range(count)
        }
    }


def recorded(count: int) -> dict[str, Any]:
    """The content of dvc.lock once all have run."""

    def file(i: int) -> dict[str, Any]:
        text = f"{i}\n".encode()
        digest = hashlib.md5(text, usedforsecurity=False).hexdigest()
        return {"path": f"o/{i}.txt", "hash": "md5", "md5": digest, "size": len(text)}

    stages: dict[str, Any] = {}
    for i in range(count):
        deps = sorted((file(j) for j in above(i)), key=lambda entry: str(entry["path"]))
        stages[name(i)] = {"cmd": f"echo {i} > o/{i}.txt", **({"deps": deps} if deps else {})}
        stages[name(i)] |= {"params": {"params.yaml": {"rate": 0.1}}, "outs": [file(i)]}
    return {"schema": "2.0", "stages": stages}


@contextlib.contextmanager
def project(count: int) -> Iterator[Path]:
    """A DVC project of so many stages, all done."""
    import yaml
    from dvc.repo import Repo

    folder = Path(tempfile.mkdtemp(prefix="bench-scale-"))
    try:
        logging.getLogger("dvc").setLevel(logging.ERROR)
        Repo.init(str(folder), no_scm=True).close()
        (folder / "params.yaml").write_text("rate: 0.1\n")
        content = recorded(count)
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        for where, data in (("dvc.yaml", declared(count)), ("dvc.lock", content)):
            (folder / where).write_text(yaml.dump(data, sort_keys=False, Dumper=dumper))
        (folder / "o").mkdir()
        for i in range(count):
            digest = content["stages"][name(i)]["outs"][0]["md5"]
            cached = folder / ".dvc" / "cache" / "files" / "md5" / digest[:2] / digest[2:]
            cached.parent.mkdir(parents=True, exist_ok=True)
            for file in (folder / "o" / f"{i}.txt", cached):
                file.write_text(f"{i}\n")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def call(folder: Path, *words: str) -> dict[str, float]:
    """A process of the project's: seconds of wall and CPU time, and its own peak memory in MiB."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
    environment |= {"DVC_NO_ANALYTICS": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PYTHONPATH": str(ROOT)}
    environment |= {"PREFECT_HOME": str(folder / ".prefect"), "DVC_SITE_CACHE_DIR": str(folder / ".site")}
    found = cost(words, folder, environment)
    return found.figures | (json.loads(found.said.splitlines()[-1]) if words[0] == "benchmarks.scale" else {})


def measure(part: str, folder: Path, count: int) -> dict[str, float]:
    """The figures of one part."""
    if part in ("open", "record"):
        return call(folder, "benchmarks.scale", "--inside", part)
    if part == "idle":
        first = call(folder, "flows.cli", "run")
        return {**call(folder, "flows.cli", "run"), "first_s": first["wall_s"]}
    lines = (folder / "dvc.yaml").read_text()
    last = f"echo {count - 1} > o/{count - 1}.txt"
    (folder / "dvc.yaml").write_text(lines.replace(last, f"{last}; true"))
    found = call(folder, "flows.cli", "run", "--jobs", "2")
    database = sum(file.stat().st_size for file in (folder / ".prefect").rglob("*.db*")) / 2**20
    return {**found, "database_mib": database}


def inside(part: str) -> dict[str, float]:
    """What `open` and `record` do, in the project's folder."""
    from flows import dag
    from flows import meta as metas
    from flows.lockfile import LockFile
    from flows.store import Store

    if part == "open":
        begun = time.perf_counter()
        graph = Store().graph()
        read = time.perf_counter() - begun
        chosen = dag.select(graph)
        metas.check(chosen)
        dag.longest_paths(chosen, {})
        return {"read_s": read, "plan_s": time.perf_counter() - begun - read}
    lock, times = LockFile(Path("dvc.lock")), []
    entry = lock.stage(name(0))
    for number in range(20):
        begun = time.perf_counter()
        lock.replace(name(0), {**entry, "cmd": f"echo {number}"})
        times.append(time.perf_counter() - begun)
    lock.replace(name(0), entry)
    return {"replace_ms": 1000 * sorted(times)[len(times) // 2], "lock_mib": Path("dvc.lock").stat().st_size / 2**20}


def main() -> None:
    """Measure, print a table, note the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--parts", nargs="+", choices=PARTS)
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(inside(options.inside)))
        return
    print(history.head("stages", "part", "figures"), flush=True)
    for count in options.sizes:
        with project(count) as folder:
            for part in options.parts or PARTS:
                if part == "run" and count > LONG and not options.parts:
                    continue
                figures = measure(part, folder, count)
                told = ", ".join(f"{key} {value:.2f}" for key, value in figures.items())
                print(history.row(count, part, told), flush=True)
                history.note(f"scale {count} {part}", figures)


if __name__ == "__main__":
    main()
