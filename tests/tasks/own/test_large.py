"""A folder of images that memory has no room for: the same files as of one that fits, and never read whole."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tasks import split
from tasks.common import lazy, samples
from tasks.common.artifacts import read_json, write_npz
from tasks.common.errors import UserError
from tasks.common.lazy import Rows
from tasks.common.schema.run import Size
from tasks.common.schema.study import Data
from tasks.own.images import Pictures
from tasks.split import overlap
from tests.tasks.own.making import IMAGES, images, load

BLOCK = 5


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every image is large; how many were read at a time."""
    monkeypatch.setattr(lazy, "LIMIT", 0)
    monkeypatch.setattr(lazy, "BLOCK", BLOCK * 8 * 8 * 3 * 4)
    counts: list[int] = []
    read = Rows.__array__

    def counting(self: Rows, *given: Any, **named: Any) -> Any:
        counts.append(self.index.size)
        return read(self, *given, **named)

    monkeypatch.setattr(Rows, "__array__", counting)
    return counts


@pytest.mark.parametrize("test", [0.3, "given"])
def test_a_large_folder_gives_the_file_of_a_small_one(
    test: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pets"
    for part in ("train", "test") if test == "given" else ("",):
        images(folder / part, 9)
    settings = dict(IMAGES) | {"test": test}
    write_npz(tmp_path / "small.npz", **load(folder, settings))
    monkeypatch.setattr(lazy, "LIMIT", 0)
    arrays = load(folder, settings)
    assert isinstance(arrays["train_x"], Pictures)
    write_npz(tmp_path / "large.npz", **arrays)
    assert (tmp_path / "small.npz").read_bytes() == (tmp_path / "large.npz").read_bytes()


def test_a_broken_image_is_told_when_it_is_read_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = images(tmp_path / "pets")
    (folder / "cat/3.png").write_bytes(b"no image")
    monkeypatch.setattr(lazy, "LIMIT", 0)
    arrays = load(folder, IMAGES)
    with pytest.raises(UserError, match=r"'cat/3\.png' is no image that can be read"):
        write_npz(tmp_path / "raw" / "pets.npz", **arrays)
    assert not list((tmp_path / "raw").iterdir())


PARTS = ("source", "target", "unlabelled", "oracle", "scaling", "test")


SHARED = {"source and target": {"exact": 1, "near": 1, "same group": 0}}


def pets(folder: Path, count: int, seed: int) -> None:
    """Images of cats and dogs; another seed gives others."""
    rng = np.random.default_rng(seed)
    for name in IMAGES["classes"]:
        (folder / name).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(rng.integers(0, 250, (8, 8, 3), np.uint8)).save(folder / name / f"{number}.png")


def cut(home: Path, raw: Path) -> None:
    """All parts of a study whose source and target are the same file."""
    data = Data.model_validate(
        {
            "source": {"classes": "all"},
            "target": {"classes": "all", "labelled": 6, "validation": 6, "unlabelled": 8},
            "scaling": "standardise",
            "auxiliary": ["ink"],
            "duplicates": "drop",
        }
    )
    source, target = (lazy.read(raw / f"{name}.npz") for name in ("source", "target"))
    split.write(home, source, target, data, 1, Size(repeats=2))


def test_a_study_of_large_images_is_cut_the_same_and_block_by_block(tmp_path: Path, limited: list[int]) -> None:
    pets(tmp_path / "source", 30, seed=1)
    pets(tmp_path / "target", 20, seed=2)
    for number, noise in ((3, 0), (5, 1)):  # one of the target's is the source's, and one nearly
        pixels = np.asarray(Image.open(tmp_path / f"source/dog/{number}.png"))
        Image.fromarray(pixels + noise).save(tmp_path / f"target/dog/{number}.png")
    for name in ("source", "target"):
        write_npz(tmp_path / f"{name}.npz", **load(tmp_path / name, IMAGES))
    cut(tmp_path / "large", tmp_path)
    assert read_json(tmp_path / "large/notes.json")["shared"] == SHARED
    assert 0 < max(limited) <= BLOCK
    limited.clear()
    with pytest.MonkeyPatch.context() as whole:
        whole.setattr(lazy, "LIMIT", 2**20)
        cut(tmp_path / "small", tmp_path)
    assert not limited
    for name in (*(f"{part}.npz" for part in PARTS), "notes.json"):
        assert (tmp_path / "large" / name).read_bytes() == (tmp_path / "small" / name).read_bytes(), name


def test_a_stage_gets_the_rows_of_each_repeat(
    tmp_path: Path, limited: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed, name in enumerate(("source", "target")):
        pets(tmp_path / name, 40, seed)
        write_npz(tmp_path / f"{name}.npz", **load(tmp_path / name, IMAGES))
    cut(tmp_path / "study", tmp_path)
    monkeypatch.setattr(samples, "SPLIT", tmp_path)
    limited.clear()
    source, target, unlabelled = samples.source("study"), samples.target("study"), samples.unlabelled("study")
    assert not limited
    monkeypatch.setattr(lazy, "LIMIT", 2**20)
    expected = [samples.source("study"), *samples.target("study")]
    for ours, theirs in zip([source, *target], expected, strict=True):
        for part in ("train", "validation"):
            x = getattr(ours, part).x
            assert isinstance(x, Rows)
            np.testing.assert_array_equal(np.asarray(x), getattr(theirs, part).x)
    for x, other in zip(unlabelled, samples.unlabelled("study"), strict=True):
        np.testing.assert_array_equal(np.asarray(x), other)


def test_small_versions_are_means_of_squares() -> None:
    x = np.random.default_rng(0).normal(size=(2, 70, 64, 3)).astype(np.float32)
    small = overlap.shrunk(x)
    assert small.shape == (2, 23, 32, 3)
    np.testing.assert_allclose(small[1, 2, 3], x[1, 6:9, 6:8].mean(axis=(0, 1)), rtol=1e-5)
