"""Copies of the project for tests: some studies, at smoke size, with a cache and a Prefect home of their own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
CARRIED = ("flows", "tasks", "data/.gitignore", ".dvcignore", "dvc.yaml", "params.yaml", "pyproject.toml")


@dataclass(frozen=True)
class Copy:
    """A copy of the project with one study, small, and a Prefect home of its own."""

    root: Path

    def call(self, *command: str) -> str:
        """Run a command of this environment in the copy; what it printed."""
        own = {"PREFECT_HOME": str(self.root / ".prefect"), "DVC_SITE_CACHE_DIR": str(self.root / ".site")}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            command,
            cwd=self.root,
            env=os.environ | own | {"PATH": path, "DVC_NO_ANALYTICS": "1", "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=540,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def dvc(self) -> list[str]:
        """`dvc repro`: the stages it ran."""
        said = self.call(sys.executable, "-m", "dvc", "repro")
        return [line.split("'")[1] for line in said.splitlines() if line.startswith("Running stage ")]

    def headwater(self) -> list[str]:
        """`headwater run`: the stages it ran."""
        said = self.call(sys.executable, "-m", "flows.cli", "run", "--jobs", "2")
        return [words[1] for words in map(str.split, said.splitlines()) if words[:1] == ["ran"]]

    def lock(self) -> Any:
        """dvc.lock as data."""
        return YAML(typ="safe").load((self.root / "dvc.lock").read_text())

    def edit(self, change: Callable[[Any], object]) -> None:
        """Change params.yaml as data."""
        path, yaml = self.root / "params.yaml", YAML(typ="safe")
        content = yaml.load(path.read_text())
        change(content)
        with path.open("w") as file:
            yaml.dump(content, file)


def copy(root: Path, studies: Collection[str], methods: Mapping[str, list[str]]) -> Copy:
    """The project as it stands, `cut` down to some studies at smoke size."""
    project = whole(root)
    project.edit(lambda content: cut(content, studies, methods))
    return project


def cut(content: Any, studies: Collection[str], methods: Mapping[str, list[str]]) -> None:
    """Leave some studies on generated data, at smoke size, in params.yaml; ``methods`` replaces suite ``dense``'s."""
    content["run"]["studies"] = {name: one for name, one in content["run"]["studies"].items() if name in studies}
    # Generated data sets have their study's name.
    content["run"] |= {"datasets": [*studies], "given": {}, "embedded": {}, "weights": []}
    for other in ("fewshot", "crossmodal"):
        content["run"][other] |= {"tasks": {}, "names": []}
    for suite in content["suites"].values():
        suite["studies"] = [name for name in suite["studies"] if name in studies]
    content["suites"]["dense"]["methods"] |= methods
    content["suites"]["dense"]["budgets"] = {"methods": ["fine-tuning"], "percent": [200]}
    content["size"] = "smoke"


def whole(root: Path) -> Copy:
    """The project as it stands, all studies at full size."""
    for name in CARRIED:
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, target)
    project = Copy(root)
    for command in ("git init --quiet", f"{sys.executable} -m dvc init --quiet"):
        project.call(*command.split())
    return project
