"""`headwater backbones`: what it prints, and that the page about backbones shows the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tasks import backbones_table
from tasks.common.backbones import BACKBONES

ROOT = Path(__file__).parents[2]


WITHOUT_TENSORFLOW = (
    "import runpy, sys; sys.modules['tensorflow'] = None; runpy.run_module('tasks.backbones_table', None, '__main__')"
)


def asked(*arguments: str, code: int = 0) -> str:
    """What it prints; where TensorFlow is not needed, there is none."""
    how = ("-c", WITHOUT_TENSORFLOW) if "--no-measure" in arguments or code else ("-m", "tasks.backbones_table")
    done = subprocess.run([sys.executable, *how, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_without_measuring_it_tells_all_of_them():
    rows = json.loads(asked("--no-measure", "--json"))
    assert [row["name"] for row in rows] == list(BACKBONES)
    for row in rows:
        facts = BACKBONES[row["name"]]
        assert (row["parameters"], row["layers"], row["side"]) == (facts.parameters, facts.layers, facts.side)
        assert (row["multiply_adds"], row["top1"], row["published"]) == (
            facts.multiply_adds,
            facts.top1,
            facts.published,
        )
        assert row["milliseconds"] is None


def test_each_accuracy_has_the_number_of_its_source():
    said = asked("--no-measure", "vgg16", "mobilenet-v3-small", "resnet50")
    lines = {line.split()[0]: line for line in said.splitlines() if line.strip()}
    assert "71.3 % [1]" in lines["vgg16"]
    assert "68.1 % [2]" in lines["mobilenet-v3-small"]
    assert "74.9 % [1]" in lines["resnet50"]
    assert BACKBONES["vgg16"].published in lines["[1]"]
    assert BACKBONES["mobilenet-v3-small"].published in lines["[2]"]


def test_a_name_that_is_none_has_its_nearest():
    said = asked("resnet5O", code=2)
    assert said.startswith("error: there is no backbone 'resnet5O'; known: efficientnet-lite0, vgg16")
    assert "Did you mean 'resnet50'?" in said


def test_it_measures_how_long_a_prediction_takes():
    (row,) = json.loads(asked("mobilenet", "--json"))
    assert 1 < row["milliseconds"] < 60_000  # one image has half a billion multiply-adds


def test_weights_that_were_fetched_are_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HEADWATER_CACHE", str(tmp_path))
    monkeypatch.delenv("HEADWATER_MIRROR", raising=False)
    assert backbones_table.weights("vgg16") == "download"
    assert backbones_table.weights("efficientnet-lite0") == "package"
    file = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    for folder in (tmp_path / "vgg16", tmp_path / "mirror" / "vgg16"):
        folder.mkdir(parents=True)
        (folder / file).touch()
        assert backbones_table.weights("vgg16") == "here"
        (folder / file).unlink()
        monkeypatch.setenv("HEADWATER_MIRROR", str(tmp_path / "mirror"))


@pytest.mark.parametrize("name", BACKBONES)
def test_the_page_shows_what_is_known(name: str):
    facts = BACKBONES[name]
    page = (ROOT / "docs" / "backbones.md").read_text(encoding="utf-8")
    expected = (
        f"| `{name}` | {facts.parameters / 1e6:.1f} M | {facts.side}, {facts.smallest} | {100 * facts.top1:.1f} % "
        f"| {facts.multiply_adds / 1e9:.2f} G | {len(facts.ends)} | {facts.scaling} |"
    )
    assert expected in page
