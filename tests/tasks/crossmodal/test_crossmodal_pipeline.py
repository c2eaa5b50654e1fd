"""Cross-modal tasks in dvc.yaml: who may open the images of held-out classes, and what a change of the page reruns."""

from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo

from tasks.common import params
from tests.contracts.imports import ROOT


@pytest.fixture(scope="module")
def stages() -> dict[str, tuple[set[str], set[str]]]:
    """(dependencies, outputs) of each stage of the project, parameters aside."""
    with Repo(str(ROOT)) as repo:
        found: list[Any] = list(repo.index.stages)
    return {
        one.addressing: (
            {dep.def_path for dep in one.deps if not hasattr(dep, "params")},
            {out.def_path for out in one.outs},
        )
        for one in found
    }


def test_only_the_report_of_a_task_can_reach_its_held_out_images(stages: dict[str, tuple[set[str], set[str]]]) -> None:
    for task in params.load(ROOT / "params.yaml").run.crossmodal.names:
        closed = f"data/crossmodal/{task}/held-out.npz"
        near = {name for name, (deps, _) in stages.items() if any(f"{closed}/".startswith(f"{dep}/") for dep in deps)}
        assert near == {f"crossmodal-report@{task}"}


def test_what_is_trained_does_not_hang_on_the_page_and_the_report_writes_it(
    stages: dict[str, tuple[set[str], set[str]]],
) -> None:
    training = {name: deps for name, (deps, _) in stages.items() if name.startswith("crossmodal@")}
    assert training
    for deps in training.values():
        assert not deps & {
            "tasks/crossmodal",
            "tasks/crossmodal/page.py",
            "tasks/crossmodal/wording.py",
            "tasks/report",
        }
    pages = {out for name, (_, outs) in stages.items() if name.startswith("crossmodal-report@") for out in outs}
    for task in params.load(ROOT / "params.yaml").run.crossmodal.names:
        assert str(Path("data/crossmodal") / task / "index.html") in pages
