"""EMNIST: read out of an archive in the official format, without the parts that are not asked for."""

import gzip
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.common import sources
from tasks.common.errors import UserError
from tasks.common.schema.datasets import Emnist
from tasks.datasets import emnist, idx
from tests.tasks.download.packing import digest, zipped

RNG = np.random.default_rng(0)
UPRIGHT = {"train": RNG.integers(0, 256, (6, 28, 28), np.uint8), "test": RNG.integers(0, 256, (3, 28, 28), np.uint8)}
LABELS = {"train": np.array([45, 36, 15, 0, 46, 10], np.uint8), "test": np.array([41, 39, 4], np.uint8)}
IMAGES_NAME = "gzip/emnist-balanced-train-images-idx3-ubyte.gz"


def official() -> dict[str, bytes]:
    """Members of NIST's archive, two of its sets: every image is stored with its columns as rows."""
    members = {"gzip/": b""}
    for kind, offset in (("balanced", 0), ("letters", 1)):
        for part in ("train", "test"):
            stored = UPRIGHT[part].transpose(0, 2, 1) + np.uint8(offset)
            start = f"gzip/emnist-{kind}-{part}"
            members[f"{start}-images-idx3-ubyte.gz"] = gzip.compress(idx.written(stored), mtime=5)
            members[f"{start}-labels-idx1-ubyte.gz"] = gzip.compress(idx.written(LABELS[part]), mtime=5)
        members[f"gzip/emnist-{kind}-mapping.txt"] = b"0 48\n"
    return members


@pytest.fixture
def small(sample: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The archive with six images to train and three to test on; no place has it yet."""
    archive = type(sample)({"gzip.zip": zipped(official())})
    monkeypatch.setattr(emnist, "SUMS", archive.sums)
    monkeypatch.setattr(emnist, "URLS", ())
    return archive


@pytest.fixture
def served(small: Any, web: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same at an official place."""
    web.files = {f"cs_links/{name}": content for name, content in small.contents.items()}
    monkeypatch.setattr(emnist, "URLS", (f"{web.url}/cs_links",))
    return web


def made() -> dict[str, Any]:
    return emnist.load(Emnist(kind="emnist"), 1)


def test_the_arrays_are_those_of_the_contract_and_images_stand_upright(served: Any) -> None:
    data = made()
    assert {name: (array.shape, array.dtype.str) for name, array in sorted(data.items())} == {
        "classes": ((47,), "<U1"),
        "test_x": ((3, 28, 28), "|u1"),
        "test_y": ((3,), "<i8"),
        "train_x": ((6, 28, 28), "|u1"),
        "train_y": ((6,), "<i8"),
    }
    for part in ("train", "test"):
        np.testing.assert_array_equal(data[f"{part}_x"], UPRIGHT[part])
        np.testing.assert_array_equal(data[f"{part}_y"], LABELS[part])
    assert "".join(data["classes"][data["train_y"]]) == "raF0tA"


def test_every_source_gives_the_same_bytes(
    served: Any, small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = {digest(made()), digest(made())}
    assert served.asked == [("cs_links/gzip.zip", "")], "the cache has it afterwards"
    (sources.cache("emnist") / "gzip.zip").unlink()
    monkeypatch.setattr(emnist, "URLS", ())
    (tmp_path / "mirror/emnist").mkdir(parents=True)
    (tmp_path / "mirror/emnist/gzip.zip").write_bytes(small.contents["gzip.zip"])
    monkeypatch.setenv("HEADWATER_MIRROR", str(tmp_path / "mirror"))
    hashes.add(digest(made()))
    served.files = {"mirror/emnist/gzip.zip": small.contents["gzip.zip"]}
    monkeypatch.setenv("HEADWATER_MIRROR", f"{served.url}/mirror")
    hashes.add(digest(made()))
    assert len(hashes) == 1


def test_only_what_is_asked_for_is_unpacked(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked = []
    read = zipfile.ZipFile.read

    def watched(self: zipfile.ZipFile, name: str) -> bytes:
        unpacked.append(name)
        return read(self, name)

    monkeypatch.setattr(zipfile.ZipFile, "read", watched)
    made()
    assert len(unpacked) == 4
    assert all("balanced" in name for name in unpacked)
    assert [path.name for path in sources.cache("emnist").iterdir()] == ["gzip.zip"]


def test_a_download_that_stops_goes_on_in_the_next_run(served: Any, small: Any) -> None:
    half = len(small.contents["gzip.zip"]) // 2
    served.stop = lambda start: 0 if start else half
    with pytest.raises(UserError, match=r"gzip\.zip: the connection ended before the file did .*are kept"):
        made()
    assert [path.name for path in sources.cache("emnist").iterdir()] == ["gzip.zip.part"]
    served.stop, served.sent = None, 0
    np.testing.assert_array_equal(made()["train_x"], UPRIGHT["train"])
    assert served.sent == len(small.contents["gzip.zip"]) - half


def test_a_damaged_archive_is_refused_and_not_kept(served: Any, small: Any) -> None:
    content = small.contents["gzip.zip"]
    served.files["cs_links/gzip.zip"] = content[:400] + bytes([content[400] ^ 1]) + content[401:]
    with pytest.raises(UserError, match=r"gzip\.zip holds [0-9,]+ bytes with sha256 .*; it is deleted"):
        made()
    assert list(sources.cache("emnist").iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({IMAGES_NAME: None}, "it is not there"),
        ({IMAGES_NAME: gzip.compress(b"x")}, "starts with b'x'; an idx file"),
        ({IMAGES_NAME: gzip.compress(idx.written(UPRIGHT["train"]))[:-9]}, "damaged or cut short"),
    ],
)
def test_an_archive_with_something_else_in_it_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = tmp_path / "gzip.zip"
    path.write_bytes(zipped({name: content for name, content in (official() | change).items() if content is not None}))
    with pytest.raises(UserError, match=rf"{IMAGES_NAME[5:]} in {path}: .*{message}.*Delete the archive"):
        emnist.member(path, IMAGES_NAME[5:])


def test_without_internet_it_says_what_helps(small: Any) -> None:
    with pytest.raises(UserError, match=r"no source gave gzip\.zip") as raised:
        made()
    assert "HEADWATER_MIRROR=<folder or URL> that has emnist/<file> in it" in str(raised.value)
    assert f"or gzip.zip put into the folder {sources.cache('emnist')}." in str(raised.value)
