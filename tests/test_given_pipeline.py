"""A study of one's own photos and of weights of one's own, from files to the exported model, through both doors."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tasks import models
from tasks.common.schema.study import Backbone
from tasks.models import surgery
from tests.copies import copy

METHODS = {
    "pretrain": ["given"],
    "start": "given",
    "transfer": ["scratch", "scratch-tuned", "feature-extraction", "fine-tuning"],
    "distill": [],
}
STUDY = ("split", "given", "screen", "evaluate", "report", "export", "shipped")


def photos(folder: Path) -> None:
    """Two classes of small colour photos: the redder and the bluer ones."""
    rng = np.random.default_rng(0)
    for channel, name in ((0, "cat"), (2, "dog")):
        (folder / name).mkdir(parents=True)
        for number in range(40):
            pixels = rng.integers(0, 128, (36, 36, 3))
            pixels[..., channel] += 100
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{number}.png")


def add(content: Any) -> None:
    """The study ``mine``, the only one."""
    content["run"] |= {
        "studies": {"mine": {"source": "pets", "target": "pets", "suite": "photos"}},
        "datasets": [],
        "files": {"pets": "pets"},
        "weight_files": {"mine": "mine.weights.h5"},
        "given": {"mine": "mine"},
    }
    for suite in content["suites"].values():
        suite["studies"] = []
    content["suites"]["photos"] |= {"studies": ["mine"], "methods": METHODS}
    content["datasets"] |= {
        "pets": {"kind": "own-images", "classes": ["cat", "dog"], "side": 32},
        "mine": {"kind": "own-weights", "of": "efficientnet-lite0"},
    }
    network = {"kind": "backbone", "name": "efficientnet-lite0"}
    data = {
        "source": {"classes": "none"},
        "target": {"classes": "all", "labelled": 10, "validation": 10},
        "scaling": "centred",
    }
    student = content["studies"]["clothing"]["student"]
    content["studies"]["mine"] = {"question": "Does it help?", "data": data, "network": network, "student": student}
    content["overrides"]["mine"] = content["overrides"]["clothing"]


@pytest.mark.long
def test_a_study_of_own_photos_and_own_weights_runs_to_the_exported_model(tmp_path: Path):
    project = copy(tmp_path / "project", [], {})
    photos(project.root / "pets")
    backbone = Backbone(kind="backbone", name="efficientnet-lite0")
    body = surgery.features(models.build(backbone, (32, 32, 3), 2, seed=5))
    body.save_weights(project.root / "mine.weights.h5")
    project.edit(add)
    ran = project.headwater()
    assert {*ran} >= {"own@pets", "own-weights@mine", *(f"{name}@mine" for name in STUDY)}
    assert project.dvc() == []
    assert (project.root / "data/report/mine/verdict.txt").is_file()
