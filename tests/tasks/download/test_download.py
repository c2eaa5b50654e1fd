"""The download stage: the contract's arrays, the same bytes from every source, errors without a traceback."""

import hashlib
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks import download
from tasks.common import artifacts, integrity, sources
from tasks.common.errors import UserError
from tasks.datasets import fashion, idx

ROOT = Path(__file__).parents[3]
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (5, 28, 28), np.uint8)
LABELS = np.array([9, 0, 3, 3, 1], np.uint8)


def written(array: np.ndarray[Any, Any]) -> bytes:
    """An idx file by the format's definition."""
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def test_idx_reads_what_the_format_says() -> None:
    for array in (IMAGES, LABELS, np.zeros((0, 28, 28), np.uint8)):
        np.testing.assert_array_equal(idx.parse(written(array)), array)
    assert idx.parse(b"\0\0\x08\x01\0\0\x01\x02" + bytes(258)).shape == (258,), "lengths are big-endian"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "starts with b''"),
        (b"\0\0\x0d\x01" + bytes(4), "unsigned bytes"),
        (written(IMAGES)[:9], "ends within its header, after 9 of 16"),
        (written(LABELS)[:-1], "has 12 bytes; its header promises 13"),
        (written(LABELS) + b"\0", "has 14 bytes; its header promises 13"),
    ],
)
def test_a_broken_idx_file_says_where(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        idx.parse(content)


@pytest.fixture
def small(sample: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Fashion-MNIST with five images, and a copy of the project's params.yaml in an empty folder."""
    contents = dict(zip(fashion.SUMS, map(written, (IMAGES, LABELS, IMAGES[::-1], LABELS[::-1])), strict=True))
    clothes = type(sample)(contents)
    monkeypatch.setattr(fashion, "SUMS", clothes.sums)
    monkeypatch.setattr(fashion, "URLS", ())
    monkeypatch.setattr(shutil, "which", lambda _: None)  # no apt
    project = tmp_path / "project"
    project.mkdir()
    shutil.copy(ROOT / "params.yaml", project)
    monkeypatch.chdir(project)
    return clothes


def fresh(folder: Path) -> str:
    """Hash of what the stage writes, which is removed."""
    download.main("fashion-mnist")
    path = folder / "data/raw/fashion-mnist.npz"
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    path.unlink()
    return found


def test_the_stage_writes_the_arrays_of_the_contract(small: Any, tmp_path: Path) -> None:
    small.put(sources.cache("fashion-mnist"))
    download.main("fashion-mnist")
    arrays = artifacts.read_npz(tmp_path / "project/data/raw/fashion-mnist.npz")
    assert sorted(arrays) == ["classes", "test_x", "test_y", "train_x", "train_y"]
    np.testing.assert_array_equal(arrays["train_x"], IMAGES)
    np.testing.assert_array_equal(arrays["test_x"], IMAGES[::-1])
    assert arrays["train_y"].tolist() == [9, 0, 3, 3, 1]
    assert arrays["test_y"].tolist() == [1, 3, 3, 0, 9]
    assert arrays["train_x"].dtype == np.uint8
    assert arrays["train_y"].dtype == np.int64
    assert [arrays["classes"][label] for label in (0, 3, 9)] == ["T-shirt/top", "Dress", "Ankle boot"]


def test_every_source_gives_the_same_bytes(
    small: Any, web: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, cache = tmp_path / "project", sources.cache("fashion-mnist")
    small.put(cache)
    hashes = {fresh(project)}
    shutil.rmtree(cache)
    small.put(tmp_path / "keras/datasets/fashion-mnist")
    hashes.add(fresh(project))
    shutil.rmtree(tmp_path / "keras")
    web.files = {f"public/{name}": content for name, content in small.packed(date=77).items()}
    monkeypatch.setattr(fashion, "URLS", (f"{web.url}/public",))
    hashes.add(fresh(project))
    assert len(hashes) == 1
    assert len(list(cache.iterdir())) == 4, "what was downloaded is kept for the next time"


def test_the_mirror_goes_before_all_and_debian_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_MIRROR", "/the/mirror")
    labels = [source.label for source in fashion.places()]
    assert labels == [
        "/the/mirror/fashion-mnist",
        "/the/mirror",
        str(sources.cache("fashion-mnist")),
        str(Path(os.environ["KERAS_HOME"]) / "datasets/fashion-mnist"),
        "/usr/share/datasets/fashion-mnist",
        *fashion.URLS,
        "Debian package dataset-fashion-mnist",
    ]


def test_no_source_is_one_error_that_says_what_helps(small: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        download.main("fashion-mnist")
    message = str(raised.value)
    assert "no source gave train-images-idx3-ubyte.gz, train-labels" in message
    assert "Debian package dataset-fashion-mnist: there is no apt-get" in message
    assert "HEADWATER_MIRROR=<folder or URL>" in message
    assert str(tmp_path / "cache/fashion-mnist") in message
    assert not (tmp_path / "project/data").exists()


def test_tables_are_the_same_bytes_each_time(small: Any, tmp_path: Path) -> None:
    hashes = set()
    for _ in range(2):
        download.main("tables")
        hashes.add((tmp_path / "project/data/raw/tables.npz").read_bytes())
    assert len(hashes) == 1


def test_a_misspelt_name_is_one_line_without_a_traceback(tmp_path: Path) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "tasks.download", "--dataset", "fashion-mnits"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "--dataset is 'fashion-mnits'" in done.stderr
    assert "Did you mean 'fashion-mnist'?" in done.stderr


@pytest.mark.long
@pytest.mark.skipif(shutil.which("apt-get") is None, reason="needs apt")
def test_debians_package_is_fashion_mnist(tmp_path: Path) -> None:
    """The real package, 31 MB, by whatever right this user has; its content has the public checksums."""
    source = sources.debian(fashion.PACKAGE, fashion.PACKAGE_FOLDER, tmp_path / "cache", fashion.SUMS)
    found = sources.obtain("fashion-mnist", fashion.SUMS, [source])
    images = idx.parse(integrity.content(found["train-images-idx3-ubyte.gz"]))
    assert images.shape == (60000, 28, 28)
    labels = idx.parse(integrity.content(found["t10k-labels-idx1-ubyte.gz"]))
    assert np.bincount(labels).tolist() == [1000] * 10
