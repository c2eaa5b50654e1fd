"""Letter Recognition: UCI's file from the web, or rebuilt to the byte out of R's package."""

import bz2
import gzip
import lzma
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.common import catalogue, deb, sources
from tasks.common.errors import UserError
from tasks.common.fetch import UnavailableError
from tasks.common.schema.datasets import Letters
from tasks.datasets import letters, rda
from tests.tasks.download.packing import digest

RNG = np.random.default_rng(0)
NAMES, NUMBERS = RNG.integers(0, 26, 20_000), RNG.integers(0, 16, (20_000, 16))
TEXT = "".join(
    f"{chr(65 + name)},{','.join(map(str, row))}\n" for name, row in zip(NAMES.tolist(), NUMBERS.tolist(), strict=True)
).encode()


def flags(kind: int, *, attributes: bool = False, tag: bool = False) -> bytes:
    return struct.pack(">i", kind | attributes << 9 | tag << 10)


def text(value: str) -> bytes:
    return flags(9) + struct.pack(">i", len(value)) + value.encode()


def strings(values: list[str]) -> bytes:
    return flags(16) + struct.pack(">i", len(values)) + b"".join(map(text, values))


def pairs(content: dict[str, bytes]) -> bytes:
    """A pair list; a name that was met before would be a reference, so each is used once."""
    return b"".join(flags(2, tag=True) + flags(1) + text(key) + value for key, value in content.items()) + flags(254)


def saved(name: str, first: np.ndarray, levels: list[str], others: np.ndarray, version: int = 2) -> bytes:
    """What R's `save` writes for a data frame with a factor and columns of numbers, uncompressed."""
    count = struct.pack(">i", len(first))
    factor = flags(13, attributes=True) + count + (first + 1).astype(">i4").tobytes()
    factor += pairs({"levels": strings(levels)})
    numbers = b"".join(flags(14) + count + column.astype(">f8").tobytes() for column in others.T)
    columns = flags(19, attributes=True) + struct.pack(">i", 1 + others.shape[1]) + factor + numbers
    columns += pairs({"names": strings(["lettr", *(f"x{n}" for n in range(others.shape[1]))])})
    head = f"RDX{version}\nX\n".encode() + struct.pack(">3i", version, 0x20A01, 0x20300)
    return head + (struct.pack(">i", 5) + b"UTF-8" if version == 3 else b"") + pairs({name: columns})


LEVELS = [chr(65 + label) for label in range(26)]
SAVED = saved("LetterRecognition", NAMES, LEVELS, NUMBERS)


@pytest.fixture
def small(sample: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Letters of the official number and format; no place has them yet."""
    file = type(sample)({letters.FILE: TEXT})
    monkeypatch.setattr(letters, "SUMS", file.sums)
    monkeypatch.setattr(letters, "URLS", ())
    monkeypatch.setattr(shutil, "which", lambda _: None)  # no apt
    return file


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Makes Debian's package one that holds the given file."""

    def put(content: bytes) -> None:
        def files(name: str, room: Path) -> Path:
            assert name == "r-cran-mlbench"
            path = room / "files" / letters.PACKAGED
            path.parent.mkdir(parents=True)
            path.write_bytes(content)
            return room / "files"

        monkeypatch.setattr(deb, "files", files)

    return put


def made() -> dict[str, Any]:
    return letters.load(Letters(kind="letters"), 1)


def test_the_arrays_are_those_of_the_contract(small: Any, web: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    web.files = {f"uci/{letters.FILE}": TEXT}
    monkeypatch.setattr(letters, "URLS", (f"{web.url}/uci",))
    data = made()
    assert {name: (array.shape, array.dtype.str) for name, array in data.items()} == {
        "train_x": ((16_000, 16), "<f4"),
        "train_y": ((16_000,), "<i8"),
        "test_x": ((4_000, 16), "<f4"),
        "test_y": ((4_000,), "<i8"),
        "classes": ((26,), "<U1"),
    }
    np.testing.assert_array_equal(np.concatenate([data["train_x"], data["test_x"]]), NUMBERS)
    np.testing.assert_array_equal(np.concatenate([data["train_y"], data["test_y"]]), NAMES)
    assert (data["classes"][0], data["classes"][25]) == ("A", "Z")


def test_every_source_gives_the_same_bytes(
    small: Any, web: Any, package: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = sources.cache("letters") / letters.FILE
    package(lzma.compress(SAVED, preset=0))
    hashes = {digest(made())}
    assert kept.read_bytes() == TEXT, "what is kept is UCI's file"
    kept.unlink()
    web.files = {f"uci/{letters.FILE}": TEXT, f"mirror/letters/{letters.FILE}": TEXT}
    monkeypatch.setattr(letters, "URLS", (f"{web.url}/uci",))
    hashes.add(digest(made()))
    kept.unlink()
    monkeypatch.setenv("HEADWATER_MIRROR", f"{web.url}/mirror")
    hashes.add(digest(made()))
    kept.unlink()
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / letters.FILE).write_bytes(TEXT)
    monkeypatch.setenv("HEADWATER_MIRROR", str(tmp_path / "mirror"))
    hashes.add(digest(made()))
    assert len(hashes) == 1
    assert not kept.exists(), "the mirror went first"


def test_the_official_place_goes_before_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = [source.label for source in letters.places()]
    assert labels == [str(sources.cache("letters")), *letters.URLS, "Debian package r-cran-mlbench"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lzma.compress(SAVED, preset=0)[:-50], "LetterRecognition.rda is damaged or cut short"),
        (SAVED[:-50_000], "LetterRecognition.rda ends after"),
        (b"<html>no</html>", "LetterRecognition.rda starts with"),
        (saved("Other", NAMES, LEVELS, NUMBERS), "has no data frame 'LetterRecognition'"),
        (saved("LetterRecognition", NAMES, LEVELS, NUMBERS[::-1]), r"holds [0-9,]+ bytes with sha256"),
        (saved("LetterRecognition", NAMES, LEVELS[::-1], NUMBERS), r"holds [0-9,]+ bytes with sha256"),
    ],
)
def test_a_package_that_holds_something_else_is_refused(small: Any, package: Any, content: bytes, message: str) -> None:
    package(content)
    with pytest.raises(UserError, match=rf"Debian package r-cran-mlbench: .*{message}"):
        made()
    assert list(sources.cache("letters").iterdir()) == []


def test_a_package_without_the_file_is_refused(small: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deb, "files", lambda name, room: room)
    with pytest.raises(UserError, match=f"the package has no {letters.PACKAGED}"):
        made()


def test_a_damaged_download_is_refused_and_not_kept(small: Any, web: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    web.files = {f"uci/{letters.FILE}": TEXT[:-100]}
    monkeypatch.setattr(letters, "URLS", (f"{web.url}/uci",))
    with pytest.raises(UserError) as raised:
        made()
    assert f"{letters.FILE} holds {len(TEXT) - 100:,} bytes with sha256" in str(raised.value)
    assert "there is no apt-get" in str(raised.value)
    assert list(sources.cache("letters").iterdir()) == []


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_a_data_frame_is_read_however_r_packed_it(version: int, pack: Callable[[bytes], bytes]) -> None:
    content = saved("frame", np.array([1, 0, 1]), ["no", "yes"], np.array([[1.5], [-2.0], [np.inf]]), version)
    found = rda.frame(pack(content), "frame")
    assert list(found) == ["lettr", "x0"]
    assert found["lettr"].tolist() == ["yes", "no", "yes"]
    assert found["x0"].tolist() == [1.5, -2.0, np.inf]


def test_a_symbol_met_before_is_a_reference() -> None:
    """R writes the name of an attribute once; `names` stands here in both lists."""
    head = b"RDX2\nX\n" + struct.pack(">3i", 2, 0, 0)
    named = strings(["a"])
    inner = flags(13, attributes=True) + struct.pack(">2i", 1, 7) + pairs({"names": named})
    outer = flags(19, attributes=True) + struct.pack(">i", 1) + inner
    again = flags(2, tag=True) + struct.pack(">i", 2 << 8 | 255) + named + flags(254)
    found = rda.frame(head + flags(2, tag=True) + flags(1) + text("frame") + outer + again + flags(254), "frame")
    assert {key: column.tolist() for key, column in found.items()} == {"a": [7]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "ends after 0 bytes"),
        (b"RDX2\nA\n" + bytes(12), "starts with b'RDX2"),
        (SAVED[:7] + struct.pack(">3i", 2, 0, 0) + flags(24) + bytes(4), "type 24"),
        (SAVED[:7] + struct.pack(">3i", 2, 0, 0) + flags(254), "no data frame"),
        (SAVED[:7] + struct.pack(">3i", 2, 0, 0) + pairs({"LetterRecognition": strings(["a"])}), "no data frame"),
        (gzip.compress(SAVED, 1)[:-9], "damaged or cut short"),
    ],
)
def test_a_file_that_is_no_data_frame_says_why(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rda.frame(content, "LetterRecognition")


@pytest.mark.long
@pytest.mark.skipif(shutil.which("apt-get") is None, reason="needs apt")
def test_debians_package_is_ucis_file(tmp_path: Path) -> None:
    """The real package, 1 MB, by whatever right this user has; what is rebuilt has the public checksum."""
    place = sources.package("package", sources.cache("letters"), letters.SUMS, letters.rebuild)
    sources.obtain("letters", letters.SUMS, [place])
    data = made()
    assert data["train_x"][0].tolist() == [2, 8, 3, 5, 1, 8, 13, 0, 6, 6, 10, 8, 0, 8, 0, 8]
    assert data["classes"][data["train_y"][:4]].tolist() == ["T", "I", "D", "N"]
    assert np.bincount(data["train_y"]).min() == catalogue.KINDS["letters"].per_class


def test_what_deb_says_is_the_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(UnavailableError, match="there is no apt-get"):
        letters.rebuild(tmp_path)
