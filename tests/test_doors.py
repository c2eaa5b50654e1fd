"""The pipeline at smoke size, in copies of the project.

`headwater run` runs every method that generated data can show in one copy, `dvc repro` a selection of methods in
another. That both leave the same entries in dvc.lock is also the proof that each of these stages gives the same bytes
when it is executed again.
"""

import sys
from typing import Any

import pytest

from tests.copies import Copy, copy, cut

FEW: dict[str, list[str]] = {
    "pretrain": ["supervised"],
    "transfer": ["scratch", "scratch-tuned", "fine-tuning"],
    "origins": [],
    "sources": [],
    "distill": ["logits", "student-scratch"],
    "mtl": ["single-task"],
}
STAGES = 17
KINDS = {"pretrain", "transfer", "budgets", "screen", "origins", "distill", "mtl", "adapt", "oracle"}
DONE_BY_EDIT = {"distill@tables-logits", "evaluate@tables", "export@tables", "index", "report@tables"}
MAYBE = {"shipped@tables"}  # if that method is among those exported
# Where there are fewer methods to choose a teacher from.
FEWER = {"screen@tables", "teach@tables", "distill@tables-student-scratch"}
# Folders that still have what methods gave that are no longer chosen.
LARGER = {
    f"data/{name}" for name in ("pretrain/tables", "methods/tables", "methods/tables/transfer", "evaluate", "shipped")
}


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy of study `tables` with the methods in `FEW`, which `dvc repro` has run."""
    project = copy(tmp_path_factory.mktemp("dvc"), ["tables"], FEW)
    assert len(project.dvc()) == STAGES
    return project


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy with every method, which `headwater run` has run."""
    project = copy(
        tmp_path_factory.mktemp("headwater"), ["tables", "tables-shift"], {"sources": ["denoising", "masked"]}
    )
    assert sorted(project.headwater()) == sorted(project.lock()["stages"])
    return project


@pytest.mark.timeout(600)
def test_every_stage_of_every_method_runs_and_dvc_finds_it_done(every: Copy):
    assert {name.split("@")[0] for name in every.lock()["stages"]} >= KINDS
    assert every.dvc() == []
    assert every.call(sys.executable, "-m", "dvc", "status") == "Data and pipelines are up to date.\n"


@pytest.mark.timeout(600)
def test_after_dvc_repro_headwater_runs_nothing(few: Copy):
    assert few.headwater() == []


def test_the_results_are_metrics_and_plots_to_dvc(few: Copy):
    shown = few.call(sys.executable, "-m", "dvc", "metrics", "show", "--json")
    assert '"fine-tuning"' in shown
    few.call(sys.executable, "-m", "dvc", "plots", "show", "--out", "plots")
    page = (few.root / "plots" / "index.html").read_text()
    assert "curves/logits.csv" in page.replace("\\", "/")
    assert "confusion/logits.csv" in page.replace("\\", "/")


@pytest.mark.timeout(600)
def test_a_changed_temperature_runs_what_hangs_on_it_through_either_door_to_the_same_bytes(few: Copy, every: Copy):
    def change(content: Any) -> None:
        cut(content, ["tables"], FEW)
        content["distill"]["logits"].update(temperature=2.0)

    for project in (few, every):
        project.edit(change)
    assert {*few.dvc()} - MAYBE == DONE_BY_EDIT
    assert {*every.headwater()} - MAYBE == DONE_BY_EDIT | FEWER
    one, other = compared(few), compared(every)
    assert one == {name: other[name] for name in one}


def compared(project: Copy) -> dict[str, Any]:
    """Entries of dvc.lock, without the deps that are `LARGER` in one copy."""
    stages: dict[str, Any] = project.lock()["stages"]
    return {
        name: entry | {"deps": [dep for dep in entry.get("deps", []) if dep["path"] not in LARGER]}
        for name, entry in stages.items()
    }
