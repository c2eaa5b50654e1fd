"""The pipeline at smoke size, in copies of the project.

Each door runs a selection of methods from nothing in a copy of its own. That both leave the same dvc.lock is also
the proof that every stage gives the same bytes when it is executed again. Every stage of every method that generated
data can show runs in a third copy.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
CARRIED = ("flows", "tasks", "data/.gitignore", ".dvcignore", "dvc.yaml", "params.yaml", "pyproject.toml")
FEW: dict[str, list[str]] = {
    "pretrain": ["supervised", "denoising"],
    "transfer": ["scratch", "scratch-tuned", "fine-tuning", "lora"],
    "origins": ["fine-tuning"],
    "sources": ["denoising"],
    "distill": ["logits", "student-scratch"],
    "mtl": ["uncertainty", "equal-weights", "single-task"],
}
STAGES = 17
DONE_BY_EDIT = ["distill@tables-logits", "evaluate@tables", "report@tables"]


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
    """The project as it stands, cut down to some studies at smoke size; ``methods`` replaces suite ``dense``'s."""

    def cut(content: Any) -> None:
        content["run"]["studies"] = {name: one for name, one in content["run"]["studies"].items() if name in studies}
        content["run"]["datasets"] = [*studies]  # generated ones have their study's name
        for suite in content["suites"].values():
            suite["studies"] = [name for name in suite["studies"] if name in studies]
        content["suites"]["dense"]["methods"] |= methods
        content["size"] = "smoke"

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
    project.edit(cut)
    return project


def a_few(root: Path) -> Copy:
    """Study `tables` with the methods in `FEW`."""
    return copy(root, ["tables"], FEW)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy that `dvc repro` has run."""
    project = a_few(tmp_path_factory.mktemp("dvc"))
    assert len(project.dvc()) == STAGES
    return project


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy that `headwater run` has run."""
    project = a_few(tmp_path_factory.mktemp("headwater"))
    assert len(project.headwater()) == STAGES
    return project


@pytest.mark.timeout(600)
def test_every_stage_of_every_method_runs(tmp_path: Path):
    project = copy(tmp_path, ["tables", "tables-shift"], {})
    ran = project.headwater()
    lock = project.lock()["stages"]
    assert sorted(ran) == sorted(lock)
    assert {name.split("@")[0] for name in ran} >= {
        "pretrain",
        "transfer",
        "origins",
        "distill",
        "mtl",
        "adapt",
        "oracle",
    }
    assert "Data and pipelines are up to date" in project.call(sys.executable, "-m", "dvc", "status")


@pytest.mark.timeout(600)
def test_after_dvc_repro_headwater_runs_nothing(first: Copy):
    assert first.headwater() == []


@pytest.mark.timeout(600)
def test_after_headwater_dvc_repro_runs_nothing(second: Copy):
    assert second.dvc() == []
    assert second.call(sys.executable, "-m", "dvc", "status") == "Data and pipelines are up to date.\n"


def test_two_executions_of_every_stage_gave_the_same_bytes(first: Copy, second: Copy):
    assert first.lock() == second.lock()


def test_the_results_are_metrics_and_plots_to_dvc(second: Copy):
    shown = second.call(sys.executable, "-m", "dvc", "metrics", "show", "--json")
    assert '"fine-tuning"' in shown
    second.call(sys.executable, "-m", "dvc", "plots", "show", "--out", "plots")
    page = (second.root / "plots" / "index.html").read_text()
    assert "curves/logits.csv" in page.replace("\\", "/")
    assert "confusion/logits.csv" in page.replace("\\", "/")


@pytest.mark.timeout(600)
def test_a_changed_temperature_runs_that_method_evaluate_and_report_through_either_door(first: Copy, second: Copy):
    for project in (first, second):
        project.edit(lambda content: content["distill"]["logits"].update(temperature=2.0))
    assert sorted(first.dvc()) == DONE_BY_EDIT
    assert sorted(second.headwater()) == DONE_BY_EDIT
    assert first.lock() == second.lock()
