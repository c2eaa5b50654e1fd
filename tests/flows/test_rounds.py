"""The short form of `make rounds`: two `headwater run` and one `dvc repro` at the same time in one workspace."""

from __future__ import annotations

import random
from pathlib import Path

import rounds


def test_two_runs_and_a_dvc_repro_at_once_run_each_stage_once(tmp_path: Path, served: str):
    found = rounds.play(tmp_path / "round", random.Random(0))
    assert found.wrong == ()
    assert sum(found.shares) == 10
