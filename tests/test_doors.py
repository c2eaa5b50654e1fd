"""The pipeline at smoke size, in copies of the project.

Each door runs a selection of methods from nothing in a copy of its own. That both leave the same dvc.lock is also
the proof that every stage gives the same bytes when it is executed again. `test_smoke` runs all methods.
"""

import sys
from pathlib import Path

import pytest

from tests.copies import Copy, copy

FEW: dict[str, list[str]] = {
    "pretrain": ["supervised", "denoising"],
    "transfer": ["scratch", "scratch-tuned", "fine-tuning"],
    "origins": ["fine-tuning"],
    "sources": ["denoising"],
    "distill": ["logits", "student-scratch"],
    "mtl": ["equal-weights", "single-task"],
}
STAGES = 20
DONE_BY_EDIT = {"distill@tables-logits", "evaluate@tables", "export@tables", "index", "report@tables"}
MAYBE = {"shipped@tables"}  # if that method is among those exported


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
    ran = first.dvc()
    assert {*ran} - MAYBE == DONE_BY_EDIT
    assert sorted(second.headwater()) == sorted(ran)
    assert first.lock() == second.lock()
