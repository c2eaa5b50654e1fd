"""A small DVC project, and both doors to it: `dvc repro` and the engine."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from dvc.repo import Repo

from flows import dag
from flows import meta as metas
from flows.engine import Options, Outcome, Run
from flows.guard import Guard
from flows.store import Store

HOUSE = Path(__file__).parents[2]


class Project:
    """A DVC project in a folder; both doors, and what they leave."""

    def __init__(self, root: Path) -> None:
        self.root = root
        Repo.init(str(root), no_scm=True).close()

    def write(self, **files: str) -> None:
        """Files by name, ``__`` for a dot: ``params__yaml="lr: 1"``."""
        for name, text in files.items():
            path = self.root / name.replace("__", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))

    def stages(self, **stages: Any) -> None:
        (self.root / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))

    def dvc(self, **options: Any) -> list[str]:
        """`dvc repro` in this process; the names of the stages that were not up to date."""
        with contextlib.chdir(self.root), Repo() as repo:
            return [stage.addressing for stage in repo.reproduce(**options)]

    def stale(self) -> dict[str, Any]:
        """`dvc status`: {} when all is up to date."""
        with contextlib.chdir(self.root), Repo() as repo:
            return dict(repo.status())

    def engine(self, *targets: str, stop: threading.Event | None = None, **options: Any) -> dict[str, Outcome]:
        """The engine with plain threads in Prefect's place."""
        store, guard = Store(self.root), Guard()
        try:
            graph = dag.select(store.graph(), targets)
            run = Run(graph, store, metas.check(graph), guard, Options(**{"jobs": 4, **options}))
            run.stop = stop or run.stop
            with ThreadPoolExecutor(run.options.jobs) as pool:

                def submit(name: str, work: Any, done: Any) -> None:
                    pool.submit(work).add_done_callback(lambda _: done(name))

                run.loop(submit)
            return run.outcomes
        finally:
            guard.close()
            store.close()

    def headwater(self, *arguments: str, code: int | None = 0) -> str:
        """The command line, in a process of its own; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "flows.cli", *arguments],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(HOUSE)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        said = done.stdout + done.stderr
        assert code is None or done.returncode == code, said
        assert "Traceback" not in said
        return said

    def lock(self) -> Any:
        path = self.root / "dvc.lock"
        return yaml.safe_load(path.read_text()) if path.exists() else {}

    def tree(self, folder: str) -> dict[str, bytes]:
        """Every file below ``folder`` and its bytes."""
        base = self.root / folder
        return {str(p.relative_to(base)): p.read_bytes() for p in sorted(base.rglob("*")) if p.is_file()}

    def log(self) -> list[str]:
        """Lines that test commands appended to `ran` in the project's parent folder: what really ran."""
        path = self.root.parent / "ran"
        return path.read_text().split() if path.exists() else []


def make(root: Path) -> Project:
    root.mkdir(parents=True)
    return Project(root)


def diamond(project: Project) -> None:
    """src ─> left, right ─> join, with a param, a folder output, a metric and a matrix.

    ::

        src ─┬─> side@left ──┬─> join
             └─> side@right ─┘
    """
    project.write(
        params__yaml="knob: 1\n",
        seed__txt="seed\n",
        code__py="import sys; print(sys.argv)\n",
        __dvcignore="__pycache__\n",
    )
    ran = "echo $DVC_STAGE >> ../ran"
    project.stages(
        src={"cmd": [ran, "tr a-z A-Z < seed.txt > src.txt"], "deps": ["seed.txt"], "outs": ["src.txt"]},
        side={
            "matrix": {"side": ["left", "right"]},
            "cmd": [ran, "mkdir ${item.side}; cp src.txt params.yaml ${item.side}/"],
            "deps": ["src.txt"],
            "params": ["knob"],
            "outs": ["${item.side}"],
        },
        join={
            "cmd": [ran, "cat left/src.txt right/src.txt > all.txt; echo '{\"n\": 2}' > n.json"],
            "deps": ["left", "right", "code.py"],
            "outs": ["all.txt"],
            "metrics": [{"n.json": {"cache": False}}],
        },
    )
