"""A whole study by `headwater run` and by a plain script that does the same trainings: `make bench`.

Run:  python -m benchmarks.study [STUDY] [--sample N] [--repeats R] [--jobs J]

Both start from nothing but the downloaded data, in temporary copies of the project, one after the other on the same
machine. The plain script (`benchmarks.study.plain`) is slow, so it may do a sample: every N-th of the methods, with the
repeats given; its trainings' time is then multiplied up to all of them, source models, split and evaluation not. The
result is printed and added to benchmarks/history.csv: ratios hold, seconds are one machine's.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from flows import dag
from flows.store import Store

ROOT = Path(__file__).parents[2]
HISTORY = ROOT / "benchmarks" / "history.csv"
ENVIRONMENT = os.environ | {"DVC_NO_ANALYTICS": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
ONCE = ("download", "split", "pretrain", "evaluate", "report")


def run(command: list[str], folder: Path) -> str:
    """What a command printed; ends everything if it fails."""
    environment = ENVIRONMENT | {"PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def copy(folder: Path, study: str, repeats: int | None = None) -> Path:
    """The project as it is committed, in a cache of its own, with the study's data downloaded."""
    run(["git", "clone", "--quiet", str(ROOT), str(folder)], ROOT)
    (folder / "dvc.lock").unlink(missing_ok=True)
    if repeats:
        yaml = YAML()
        params = yaml.load((folder / "params.yaml").read_text(encoding="utf-8"))
        params["sizes"][params["size"]]["repeats"] = repeats
        with (folder / "params.yaml").open("w", encoding="utf-8") as file:
            yaml.dump(params, file)
    sets = YAML(typ="safe").load((folder / "params.yaml").read_text(encoding="utf-8"))["run"]["studies"][study]
    run([sys.executable, "-m", "flows.cli", "run", *{f"download@{sets[end]}" for end in ("source", "target")}], folder)
    return folder


def commands(folder: Path, study: str) -> dict[str, list[str]]:
    """{stage: module and flags} of all that a study needs, in an order that serves."""
    home = Path.cwd()
    graph = Store(folder).graph()  # goes there
    os.chdir(home)
    names = [name for name in dag.order(graph) if (graph[name].key or "").startswith(study)]
    found = {name: graph[name].command[0].split() for name in names}
    return {name: words[words.index("-m") + 1 :] for name, words in found.items()}


def plain(folder: Path, study: str, sample: int, repeats: int, of: int) -> tuple[float, int]:
    """Seconds the plain script would take for all methods and repeats, and how many methods it did."""
    everything = commands(folder, study)
    once = [name for name in everything if name.split("@")[0].split("-")[0] in ONCE or name.startswith("teach")]
    methods = [name for name in everything if name not in once]
    chosen = methods[::sample]
    config = folder / "plain.json"
    config.write_text(json.dumps([words for name, words in everything.items() if name in (*once, *chosen)]))
    print(f"plain script: {len(chosen)} of {len(methods)} methods, {repeats} of {of} repeats", flush=True)
    took: dict[str, float] = json.loads(run([sys.executable, "-m", "benchmarks.study.plain", str(config)], folder))
    seconds = {name: took.get(" ".join(words), 0.0) for name, words in everything.items()}
    scale = len(methods) / len(chosen) * of / repeats
    return sum(seconds[name] for name in once) + scale * sum(seconds[name] for name in chosen), len(chosen)


def main() -> None:
    """Measure both, print and note the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", nargs="?", default="fashion-sandal")
    parser.add_argument("--sample", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    settings = YAML(typ="safe").load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    of = settings["sizes"][settings["size"]]["repeats"]
    with tempfile.TemporaryDirectory() as home:
        ours = copy(Path(home, "ours"), options.study)
        begun = time.perf_counter()
        run([sys.executable, "-m", "flows.cli", "run", options.study, "--jobs", str(options.jobs)], ours)
        seconds = time.perf_counter() - begun
        print(f"headwater run {options.study} --jobs {options.jobs}: {seconds:.0f} s", flush=True)
        script = copy(Path(home, "plain"), options.study, options.repeats)
        plainly, methods = plain(script, options.study, options.sample, options.repeats, of)
    print(f"plain script: {plainly:.0f} s for all; ratio {seconds / plainly:.2f}")
    note(
        study=options.study,
        jobs=options.jobs,
        methods_sampled=methods,
        headwater_seconds=round(seconds),
        plain_seconds=round(plainly),
        ratio=round(seconds / plainly, 3),
    )


def note(**figures: Any) -> None:
    """Add a line to the history."""
    commit = run(["git", "rev-parse", "--short", "HEAD"], ROOT).strip()
    line = {"date": datetime.date.today().isoformat(), "commit": commit, **figures}
    fresh = not HISTORY.exists()
    with HISTORY.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(line), lineterminator="\n")
        if fresh:
            writer.writeheader()
        writer.writerow(line)


if __name__ == "__main__":
    main()
