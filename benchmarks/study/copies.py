"""A copy of the project, as it is committed, that a whole study runs in: a cache and a Prefect home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from flows import dag
from flows.store import Store

ROOT = Path(__file__).parents[2]
BEFORE = ("download", "own", "weights", "own-weights", "embed")  # what both ways find there: data sets
CLOCKS = "\n\nfrom benchmarks.study import clocks  # noqa: E402\n\nrun = clocks.around(run)\n"


def run(command: list[str], folder: Path) -> str:
    """What a command printed; its errors are shown as they come, and if it fails all ends."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_API")}
    environment |= {"DVC_NO_ANALYTICS": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PYTHONPATH": str(folder)}
    environment |= {"PREFECT_HOME": str(folder / ".prefect"), "DVC_SITE_CACHE_DIR": str(folder / ".site")}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout


def make(folder: Path, study: str, change: dict[str, Any], *, clocks: bool = False) -> Path:
    """The project, without results but for the study's data sets.

    Args:
        change: {"a.b": value} for params.yaml; a key that is not there is made.
        clocks: Whether its stages leave `benchmarks.study.clocks`.
    """
    run(["git", "clone", "--quiet", str(ROOT), str(folder)], ROOT)
    (folder / "dvc.lock").unlink(missing_ok=True)
    path, yaml = folder / "params.yaml", YAML()
    yaml.width = 4096  # lines of params.yaml stay lines
    params = yaml.load(path.read_text(encoding="utf-8"))
    for key, value in change.items():
        *above, last = key.split(".")
        block = params
        for name in above:
            block = block[name]
        block[last] = value
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(params, file)
    data = [name for name in stages(folder, study) if name.split("@")[0] in BEFORE]
    run([sys.executable, "-m", "flows.cli", "run", *data], folder)
    if clocks:
        with (folder / "tasks" / "common" / "entry.py").open("a", encoding="utf-8") as file:
            file.write(CLOCKS)
    return folder


def stages(folder: Path, study: str) -> dag.Graph:
    """All that a study needs, in an order that serves."""
    home = Path.cwd()
    try:
        return dag.select(Store(folder).graph(), [study])
    finally:
        os.chdir(home)  # the store goes to the project


def commands(folder: Path, study: str) -> dict[str, list[str]]:
    """{stage: module and flags} of all that a study needs but its data sets, in an order that serves."""
    found = {name: stage.command[0].split() for name, stage in stages(folder, study).items()}
    return {name: words[words.index("-m") + 1 :] for name, words in found.items() if name.split("@")[0] not in BEFORE}
