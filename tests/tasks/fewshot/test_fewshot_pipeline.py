"""Few-shot tasks in dvc.yaml and params.yaml: who may open the novel classes, and that all is as the table has it."""

from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo

from tasks.common import params
from tasks.common.schema.fewshot import METHODS

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def deps() -> dict[str, set[str]]:
    """Files and folders that each stage of the project depends on."""
    with Repo(str(ROOT)) as repo:
        stages: list[Any] = list(repo.index.stages)
    return {one.addressing: {dep.def_path for dep in one.deps if not hasattr(dep, "params")} for one in stages}


def test_only_the_report_of_a_task_can_reach_its_novel_classes(deps: dict[str, set[str]]) -> None:
    for task in params.load(ROOT / "params.yaml").run.fewshot.names:
        novel = f"data/fewshot/{task}/novel.npz"
        near = {name for name, files in deps.items() if any(f"{novel}/".startswith(f"{file}/") for file in files)}
        assert near == {f"fewshot-report@{task}"}


def test_what_is_trained_does_not_hang_on_the_page(deps: dict[str, set[str]]) -> None:
    training = {name: files for name, files in deps.items() if name.startswith("fewshot@")}
    assert training
    for files in training.values():
        assert not files & {"tasks/fewshot", "tasks/fewshot/page.py", "tasks/report"}


def test_every_method_is_run_and_tasks_differ_in_their_shots_alone() -> None:
    settings = params.load(ROOT / "params.yaml")
    assert set(settings.run.fewshot.methods) == set(METHODS)
    one, five = (settings.fewshot.tasks[f"omniglot-5way-{shots}shot"] for shots in (1, 5))
    assert one.model_copy(update={"shots": 5, "question": five.question}) == five
