"""Every stage of every method that generated data can show, at smoke size."""

import sys
from pathlib import Path

import pytest

from tests.copies import copy


@pytest.mark.timeout(600)
def test_every_stage_of_every_method_runs(tmp_path: Path):
    project = copy(tmp_path, ["tables", "tables-shift"], {})
    ran = project.headwater()
    lock = project.lock()["stages"]
    assert sorted(ran) == sorted(lock)
    assert {name.split("@")[0] for name in ran} >= {
        "pretrain",
        "transfer",
        "budgets",
        "screen",
        "origins",
        "distill",
        "mtl",
        "adapt",
        "oracle",
    }
    assert "Data and pipelines are up to date" in project.call(sys.executable, "-m", "dvc", "status")
