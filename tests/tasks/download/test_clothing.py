"""Clothing photos: the same arrays from the official archive, however it is packed, and from the small one."""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tasks.common import catalogue, sources
from tasks.common.errors import UserError
from tasks.common.schema.datasets import Clothing
from tasks.datasets import clothing
from tests.tasks.download.packing import digest, zipped

CLASSES = catalogue.KINDS["clothing"].classes
SIZES = {"train": (400, 533), "validation": (533, 400), "test": (400, 711)}  # width, height
ROOT = "clothing-dataset-small-1/"


def pixels(label: int, folder: str) -> np.ndarray:
    """A photo (height, width, 3): each class has a colour, and left of the middle another than right of it."""
    width, height = SIZES[folder]
    image = np.zeros((height, width, 3), np.uint8)
    image[:] = 20 * label + 40, 30, 60
    image[:, width // 2 :, 2] = 220
    image[height // 3 : height // 2, :, 1] = np.arange(width) // 3
    return image


def jpeg(image: np.ndarray | Image.Image) -> bytes:
    room = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(room, "JPEG", quality=95)
    return room.getvalue()


@pytest.fixture(scope="module")
def members() -> dict[str, bytes]:
    """The official archive: a photo of each class in each folder, of two names in `train`."""
    found = {ROOT: b"", f"{ROOT}README.md": b"photos"}
    for label, name in enumerate(CLASSES):
        for folder in SIZES:
            found[f"{ROOT}{folder}/{name}/b.jpg"] = jpeg(pixels(label, folder))
        found[f"{ROOT}train/{name}/a.jpg"] = jpeg(pixels(label, "train")[::-1])
    return found


@pytest.fixture(scope="module")
def small_members(members: dict[str, bytes]) -> dict[str, bytes]:
    """The small archive, as the real one was made of the official one."""
    found = {"LICENSE": b"CC0"}
    for name, content in members.items():
        if name.endswith(".jpg"):
            image, room = Image.open(io.BytesIO(content)), io.BytesIO()
            image.thumbnail((128, 171), Image.Resampling.BICUBIC)
            image.save(room, "JPEG", quality=86)
            found[name.removeprefix(ROOT)] = room.getvalue()
    return found


def total(members: dict[str, bytes]) -> str:
    """The archive's digest by its definition: what `sha256sum` says of the lines that `sha256sum` writes."""
    photos = {name.removeprefix(ROOT): content for name, content in members.items() if name.endswith(".jpg")}
    lines = "".join(f"{hashlib.sha256(photos[name]).hexdigest()}  {name}\n" for name in sorted(photos))
    return hashlib.sha256(lines.encode()).hexdigest()


@pytest.fixture
def contents(
    members: dict[str, bytes], small_members: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> dict[str, bytes]:
    """The two archives by name; no place has them yet."""
    both = {clothing.SMALL: small_members, clothing.OFFICIAL: members}
    monkeypatch.setattr(clothing, "SUMS", {name: total(photos) for name, photos in both.items()})
    monkeypatch.setattr(clothing, "URLS", {clothing.SMALL: (), clothing.OFFICIAL: ()})
    return {name: zipped(photos) for name, photos in both.items()}


def put(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder


def made(side: int = 24) -> dict[str, Any]:
    return clothing.load(Clothing(kind="clothing", side=side), 1)


def test_the_arrays_are_those_of_the_contract(contents: dict[str, bytes]) -> None:
    put(sources.cache("clothing"), clothing.SMALL, contents[clothing.SMALL])
    data = made()
    assert {name: (array.shape, array.dtype.str) for name, array in data.items()} == {
        "classes": ((10,), "<U10"),
        "train_x": ((30, 24, 24, 3), "|u1"),
        "train_y": ((30,), "<i8"),
        "test_x": ((10, 24, 24, 3), "|u1"),
        "test_y": ((10,), "<i8"),
    }
    assert data["classes"].tolist() == sorted(CLASSES)
    assert data["train_y"].tolist() == [label for label in range(10) for _ in range(3)]
    assert data["test_y"].tolist() == list(range(10))
    red = data["train_x"][..., 0].mean(axis=(1, 2))
    np.testing.assert_allclose(red, 20 * data["train_y"] + 40, atol=6)  # each photo has its class's colour


def test_a_photo_is_cut_to_its_central_square_and_not_squeezed() -> None:
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, 100:200] = 90, 120, 250  # the central square; black beyond it
    for photo in (wide, wide.transpose(1, 0, 2)):
        inner = clothing.square(Image.fromarray(photo), 20)[2:-2, 2:-2]  # pixels at the rim see a little beyond it
        np.testing.assert_array_equal(inner, np.full((16, 16, 3), (90, 120, 250)))


def test_every_pixel_of_the_square_counts() -> None:
    """One bright line of a hundred must not fall between the samples of a filter that looks at a few."""
    for column in range(100):
        line = np.zeros((100, 100, 3), np.uint8)
        line[:, column] = 255
        assert clothing.square(Image.fromarray(line), 20).mean() == pytest.approx(2.55, rel=0.25)


@pytest.mark.parametrize("side", [24, 96, 128])
def test_both_archives_give_the_same_bytes(contents: dict[str, bytes], side: int) -> None:
    folder, hashes = sources.cache("clothing"), set()
    for name, content in contents.items():
        put(folder, name, content)
        hashes.add(digest(made(side)))
        (folder / name).unlink()
    assert len(hashes) == 1


def test_beyond_what_the_small_archive_has_only_the_official_one_is_taken(contents: dict[str, bytes]) -> None:
    folder = put(sources.cache("clothing"), clothing.SMALL, contents[clothing.SMALL])
    with pytest.raises(UserError, match=r"no source gave 11961516.*\.zip\. (.|\n)*Up to `side: 128`, clothing-small"):
        made(129)
    put(folder, clothing.OFFICIAL, contents[clothing.OFFICIAL])
    edges = [np.abs(np.diff(made(side)["test_x"][0, -1, :, 2].astype(int))).max() for side in (128, 400)]
    assert edges[1] > edges[0], "the edge between two colours is as sharp as the official photo has it"


def test_every_source_gives_the_same_bytes(
    contents: dict[str, bytes], web: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.files = {f"archive/{name}": content for name, content in contents.items()}
    monkeypatch.setattr(clothing, "URLS", {clothing.SMALL: (), clothing.OFFICIAL: (f"{web.url}/archive",)})
    hashes = {digest(made()), digest(made())}
    assert [path for path, _ in web.asked] == [f"archive/{clothing.OFFICIAL}"], "the cache has it afterwards"
    (sources.cache("clothing") / clothing.OFFICIAL).unlink()
    monkeypatch.setenv("HEADWATER_MIRROR", str(tmp_path / "mirror"))
    put(tmp_path / "mirror" / "clothing", clothing.SMALL, contents[clothing.SMALL])
    hashes.add(digest(made()))
    web.files = {f"mirror/clothing/{clothing.SMALL}": contents[clothing.SMALL]}
    monkeypatch.setenv("HEADWATER_MIRROR", f"{web.url}/mirror")
    hashes.add(digest(made()))
    assert len(hashes) == 1
    assert web.asked[1:] == [(f"mirror/clothing/{clothing.SMALL}", "")]


def test_an_archive_packed_anew_is_the_same_archive(contents: dict[str, bytes], members: dict[str, bytes]) -> None:
    room = io.BytesIO()
    with zipfile.ZipFile(room, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(members.items(), reverse=True):
            archive.writestr(zipfile.ZipInfo(name.replace(ROOT, "another-root/"), (2031, 2, 3, 4, 5, 6)), content)
    assert room.getvalue() != contents[clothing.OFFICIAL]
    put(sources.cache("clothing"), clothing.OFFICIAL, room.getvalue())
    assert len(made()["train_x"]) == 30


FIRST = f"{ROOT}train/dress/a.jpg"


def tampered(members: dict[str, bytes], case: str) -> bytes:
    """The official archive with something else in it."""
    without = {name: content for name, content in members.items() if name != FIRST}
    changed = {
        "a photo is missing": without,
        "a photo is renamed": without | {f"{ROOT}train/dress/c.jpg": members[FIRST]},
        "another class": without | {f"{ROOT}train/hat/a2.jpg": members[FIRST]},
        "another folder": without | {f"{ROOT}test/dress/a.jpg": members[FIRST]},
        "another photo": members | {FIRST: members[FIRST.replace("a.jpg", "b.jpg")]},
        "unknown class": members | {f"{ROOT}train/socks/a.jpg": members[FIRST]},
        "twice": members | {FIRST.replace(ROOT, "other/"): members[FIRST]},
        "bomb": members | {FIRST: bytes(2**20 + 1)},
        "many files": members | {f"{ROOT}{number}": b"" for number in range(10_001)},
    }
    return zipped(changed[case])


@pytest.mark.parametrize(
    ("case", "message"),
    [
        *[
            (case, "holds photos with digest [0-9a-f]{12}…, expected [0-9a-f]{12}…")
            for case in ("a photo is missing", "a photo is renamed", "another class", "another folder", "another photo")
        ],
        ("unknown class", "has 'train/socks/a.jpg', which is of no known class"),
        ("twice", "has 'train/dress/a.jpg' twice"),
        ("bomb", "has 'train/dress/a.jpg' with 1,048,577 bytes; photos have 1,048,576 at most"),
        ("many files", "holds 10,0[0-9]{2} files; expected 10,000 at most"),
    ],
)
def test_an_archive_with_something_else_in_it_is_refused_and_not_kept(
    contents: dict[str, bytes], members: dict[str, bytes], case: str, message: str
) -> None:
    folder = put(sources.cache("clothing"), clothing.OFFICIAL, tampered(members, case))
    with pytest.raises(UserError, match=rf"11961516[0-9a-f]*\.zip .*{message}.*; it is deleted"):
        made()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:5000] + bytes(200) + content[5200:],
        lambda content: b"<!doctype html>moved",
        lambda content: b"",
    ],
)
def test_a_damaged_archive_is_refused(contents: dict[str, bytes], damage: Any) -> None:
    folder = put(sources.cache("clothing"), clothing.OFFICIAL, damage(contents[clothing.OFFICIAL]))
    with pytest.raises(UserError, match=r"is no archive of these photos: .*; it is deleted"):
        made()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xd8\xff\xe0 half a photo", "is no photo that can be read"),
        (b"GIF89a", "is no photo that can be read"),
        (jpeg(np.zeros((40, 30), np.uint8)), "is 30 × 40, mode L; expected RGB, 4 megapixels"),
        (jpeg(Image.new("RGB", (2049, 2048))), "is 2,049 × 2,048, mode RGB; expected RGB, 4 megapixels"),
        (jpeg(pixels(3, "train"))[:4000], "is no photo that can be read"),
    ],
)
def test_a_photo_that_is_none_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"train/dress/a.jpg": content}))
    with pytest.raises(UserError, match=rf"a\.zip: train/dress/a\.jpg {message}\. Delete the archive and run again\."):
        clothing.images(tmp_path / "a.zip", 24)


@pytest.mark.network
def test_the_real_archive_has_what_the_catalogue_says(real_mirror: None) -> None:
    data = made(96)
    assert (data["train_x"].shape, data["test_x"].shape) == ((3409, 96, 96, 3), (372, 96, 96, 3))
    assert np.bincount(data["train_y"]).min() == catalogue.KINDS["clothing"].per_class
    assert np.bincount(data["test_y"], minlength=10).min() == 12
    assert len({image.tobytes() for part in ("train", "test") for image in data[f"{part}_x"]}) == 3781
