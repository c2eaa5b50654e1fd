"""`dvc plots show` with the project's own definitions, templates and page, on files as `evaluate` writes them."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from dvc.repo import Repo

from tasks.evaluate.plots import write_plots
from tests.copies import ROOT

CLASSES = ["shirt", "sandal"]
CURVE = [
    {"repeat": 0, "epoch": epoch, "loss": 0.6, "validation_loss": loss, "validation_accuracy": 0.5}
    for epoch, loss in ((1, 0.7), (2, 0.4))
]
LOGITS = {"fine-tuning": np.array([[[2.0, 0.0], [2.0, 0.0], [0.0, 2.0]]]), "fixed": np.zeros((1, 3, 2))}


@pytest.fixture(scope="module")
def plots(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, dict[str, Any]]]:
    """The page, and {title: Vega-Lite specification} of its plots."""
    root = tmp_path_factory.mktemp("plots")
    Repo.init(str(root), no_scm=True).close()
    shutil.copytree(ROOT / ".dvc" / "plots", root / ".dvc" / "plots")
    shutil.copy(ROOT / ".dvc" / "config", root / ".dvc" / "config")
    with (root / ".dvc" / "config").open("a") as file:
        file.write("[core]\n    no_scm = true\n")
    declared = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["evaluate"]["do"]["plots"]
    here = json.loads(json.dumps(declared).replace("${key}", "tables"))
    (root / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"evaluate": {"cmd": "true", "plots": here}}}))
    folder = root / "data" / "evaluate" / "tables"
    folder.mkdir(parents=True)
    write_plots(
        folder, {"fine-tuning": {"curves": CURVE}, "fixed": {"curves": []}}, LOGITS, np.array([0, 1, 1]), CLASSES
    )
    env = os.environ | {"DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(root / "site")}
    command = [sys.executable, "-m", "dvc", "plots", "show", "--out", "page"]
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = Path(root / "page" / "index.html").read_text()
    specs = [json.loads(text) for text in re.findall(r"var spec = (\{.*\});", page)]
    return page, {Path(spec["title"]["text"]).relative_to("data/evaluate/tables").as_posix(): spec for spec in specs}


def test_every_method_that_trains_has_a_curve_and_every_one_a_matrix(plots):
    assert sorted(plots[1]) == ["confusion/fine-tuning.csv", "confusion/fixed.csv", "curves/fine-tuning.csv"]


def test_axes_are_named_with_their_units(plots):
    curve, matrix = plots[1]["curves/fine-tuning.csv"]["encoding"], plots[1]["confusion/fine-tuning.csv"]["spec"]
    assert (curve["x"]["field"], curve["x"]["title"]) == ("epoch", "epoch")
    assert (curve["y"]["field"], curve["y"]["title"]) == ("validation_loss", "validation loss (nats)")
    x, y = (matrix["encoding"][axis] for axis in "xy")
    assert (x["field"], x["title"]) == ("predicted", "predicted class")
    assert (y["field"], y["title"]) == ("actual", "actual class")


def test_a_matrix_gives_shares_of_the_actual_class(plots):
    """DVC's own template divides by what stands on the y axis; so does ours, which says so and writes figures."""
    spec = plots[1]["confusion/fine-tuning.csv"]["spec"]
    (of_class,) = (step for step in spec["transform"] if step.get("joinaggregate", [{}])[0].get("as") == "of_class")
    assert of_class["groupby"] == ["actual"]
    assert [layer["mark"] for layer in spec["layer"]] == ["rect", "text"]
    rows = plots[1]["confusion/fine-tuning.csv"]["data"]["values"]
    assert [(row["actual"], row["predicted"], int(row["samples"])) for row in rows] == [
        ("sandal", "sandal", 1),
        ("sandal", "shirt", 1),
        ("shirt", "shirt", 1),
    ]


def test_the_page_is_the_projects_own_and_nothing_in_a_template_is_left_open(plots):
    assert "flex-wrap" in plots[0]
    assert "DVC_METRIC" not in plots[0]
    assert not re.search(r"\{(plot_divs|scripts|refresh_tag)\}", plots[0])
