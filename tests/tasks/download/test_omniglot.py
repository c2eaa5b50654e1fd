"""Omniglot: read from archives in the official layout, the same bytes from each source."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tasks.common import catalogue, sources
from tasks.common.errors import UserError
from tasks.common.schema.datasets import Omniglot
from tasks.datasets import images, omniglot
from tests.tasks.download.packing import digest, zipped

SMALL = ("Early_Aramaic", "Tagalog")  # one of each archive; 22 and 17 characters
BOTH = ("images_background_small1.zip", "images_background_small2.zip")


def drawing(label: int, person: int) -> np.ndarray:
    """Ink as (105, 105) bool: a block whose place tells the character and whose height the person."""
    ink = np.zeros((105, 105), bool)
    ink[5 : 25 + 3 * person, 4 * (label % 24) : 4 * (label % 24) + 9] = True
    return ink


def png(ink: np.ndarray) -> bytes:
    """A file as Omniglot has them: one bit a pixel, white paper."""
    room = io.BytesIO()
    Image.fromarray(~ink).save(room, "png")
    return room.getvalue()


def archive(name: str, alphabet: str) -> dict[str, bytes]:
    """Members of an archive with one alphabet: a folder a character, a file a person, and the folders themselves."""
    root = name.removesuffix(".zip")
    members = {f"{root}/": b"", f"{root}/{alphabet}/": b""}
    for label, character in enumerate(catalogue.characters(alphabet)):
        members[f"{root}/{character}/"] = b""
        for person in range(1, 21):
            members[f"{root}/{character}/{900 + label:04}_{person:02}.png"] = png(drawing(label, person - 1))
    return members


@pytest.fixture(scope="module")
def members() -> dict[str, dict[str, bytes]]:
    return {name: archive(name, alphabet) for name, alphabet in zip(BOTH, SMALL, strict=True)}


@pytest.fixture
def small(sample: Any, members: dict[str, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The two archives with one alphabet each; no place has them yet."""
    official = type(sample)({name: zipped(content) for name, content in members.items()})
    monkeypatch.setattr(omniglot, "SUMS", official.sums)
    monkeypatch.setattr(omniglot, "URLS", ())
    return official


def put(official: Any, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in official.contents.items():
        (folder / name).write_bytes(content)
    return folder


def made(alphabets: Any = SMALL, seed: int = 1, side: int = 28) -> dict[str, Any]:
    chosen = alphabets if isinstance(alphabets, str) else list(alphabets)
    return omniglot.load(Omniglot(kind="omniglot", alphabets=chosen, side=side), seed)


def test_the_arrays_are_those_of_the_contract(small: Any) -> None:
    put(small, sources.cache("omniglot"))
    data = made()
    assert {name: (array.shape, array.dtype.str) for name, array in sorted(data.items())} == {
        "classes": ((242,), "<U31"),
        "test_x": ((39 * 5, 28, 28), "|u1"),
        "test_y": ((39 * 5,), "<i8"),
        "train_x": ((39 * 15, 28, 28), "|u1"),
        "train_y": ((39 * 15,), "<i8"),
    }
    names = {part: data["classes"][data[f"{part}_y"]].tolist() for part in ("train", "test")}
    wanted = [name for alphabet in SMALL for name in catalogue.characters(alphabet)]
    assert names["train"] == [name for name in wanted for _ in range(15)]
    assert names["test"] == [name for name in wanted for _ in range(5)]
    assert made(side=35)["train_x"].shape == (39 * 15, 35, 35)


def test_training_and_test_part_are_all_drawings_once_and_ink_is_bright(small: Any) -> None:
    put(small, sources.cache("omniglot"))
    data = made(["Tagalog"])
    for label, name in enumerate(catalogue.characters("Tagalog")):
        mine = [data[f"{part}_x"][data["classes"][data[f"{part}_y"]] == name] for part in ("train", "test")]
        ink = np.stack([drawing(label, person) for person in range(20)])
        expected = images.shrink(np.where(ink, 255, 0).astype(np.uint8), 28)
        assert sorted(map(bytes, np.concatenate(mine))) == sorted(map(bytes, expected))


def test_the_seed_chooses_the_test_part_whatever_alphabets_are_chosen(small: Any) -> None:
    put(small, sources.cache("omniglot"))
    both, one, other = made(), made(["Tagalog"]), made(["Tagalog"], seed=2)
    assert digest(both) == digest(made())
    np.testing.assert_array_equal(both["test_x"][-17 * 5 :], one["test_x"])
    np.testing.assert_array_equal(both["train_x"][-17 * 15 :], one["train_x"])
    assert (one["test_x"] != other["test_x"]).any()
    assert (one["test_y"] == other["test_y"]).all()
    first, second = (one["test_x"][one["test_y"] == label] for label in np.unique(one["test_y"])[:2])
    heights = [x.max(axis=2).astype(bool).sum(axis=1).tolist() for x in (first, second)]
    assert heights[0] != heights[1], "not the same people for every character"


def test_every_source_gives_the_same_bytes(
    small: Any, web: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.files = {f"raw/{name}": content for name, content in small.contents.items()}
    monkeypatch.setattr(omniglot, "URLS", (f"{web.url}/raw",))
    hashes = {digest(made()), digest(made())}
    assert [path for path, _ in web.asked] == [f"raw/{name}" for name in BOTH], "the cache has them afterwards"
    for path in sources.cache("omniglot").iterdir():
        path.unlink()
    monkeypatch.setattr(omniglot, "URLS", ())
    monkeypatch.setenv("HEADWATER_MIRROR", str(put(small, tmp_path / "mirror" / "omniglot").parent))
    hashes.add(digest(made()))
    web.files = {f"mirror/omniglot/{name}": content for name, content in small.contents.items()}
    monkeypatch.setenv("HEADWATER_MIRROR", f"{web.url}/mirror")
    hashes.add(digest(made()))
    assert len(hashes) == 1


def test_only_the_archive_that_is_needed_is_fetched(small: Any, web: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    web.files = {f"raw/{name}": content for name, content in small.contents.items()}
    monkeypatch.setattr(omniglot, "URLS", (f"{web.url}/raw",))
    made(["Tagalog"])
    assert [path for path, _ in web.asked] == ["raw/images_background_small2.zip"]


@pytest.mark.parametrize(
    ("alphabets", "archives"),
    [
        ("katakana", {BOTH[1]: ["Japanese_(katakana)"]}),
        (
            "others",
            {
                BOTH[0]: ["Balinese", "Early_Aramaic", "Greek", "Korean", "Latin"],
                BOTH[1]: ["Sanskrit", "Tagalog"],
            },
        ),
        (["Latin"], {BOTH[0]: ["Latin"]}),
    ],
)
def test_each_alphabet_is_sought_where_it_is(alphabets: Any, archives: dict[str, list[str]]) -> None:
    assert omniglot.chosen(Omniglot(kind="omniglot", alphabets=alphabets)) == archives


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[:-100], "holds [0-9,]+ bytes with sha256"),
        (lambda content: content[:500] + bytes([content[500] ^ 1]) + content[501:], "holds [0-9,]+ bytes with sha256"),
        (lambda content: b"<!doctype html>moved", "is an HTML page"),
    ],
)
def test_a_damaged_archive_is_refused_and_not_kept(
    small: Any, web: Any, monkeypatch: pytest.MonkeyPatch, damage: Any, message: str
) -> None:
    web.files = {f"raw/{name}": damage(content) for name, content in small.contents.items()}
    monkeypatch.setattr(omniglot, "URLS", (f"{web.url}/raw",))
    with pytest.raises(UserError, match=rf"/raw: images_background_small1\.zip {message}"):
        made()
    assert list(sources.cache("omniglot").iterdir()) == []


def tampered(members: dict[str, bytes], case: str) -> dict[str, bytes]:
    first = "images_background_small2/Tagalog/character01/0900_01.png"
    changed = {
        "a drawing is missing": {name: content for name, content in members.items() if name != first},
        "a character is missing": {name: content for name, content in members.items() if "character02" not in name},
        "another size": members | {first: png(np.zeros((28, 28), bool))},
        "no image": members | {first: b"not an image"},
        "half an image": members | {first: members[first][:60]},
    }
    return changed[case]


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("a drawing is missing", "Tagalog/character01 has 19 drawings, expected 20"),
        ("a character is missing", "Tagalog/character02 has 0 drawings, expected 20"),
        ("another size", "Tagalog/character01 is 28 × 28, mode 1; expected 105 × 105, one bit"),
        ("no image", "Tagalog/character01 is no image"),
        ("half an image", "Tagalog/character01 "),
    ],
)
def test_an_archive_with_something_else_in_it_is_refused(
    members: dict[str, dict[str, bytes]], tmp_path: Path, case: str, message: str
) -> None:
    path = tmp_path / "images_background_small2.zip"
    path.write_bytes(zipped(tampered(members[BOTH[1]], case)))
    with pytest.raises(UserError, match=rf"small2\.zip: {message}.*Delete the archive and run again\."):
        omniglot.characters(path, ["Tagalog"])


@pytest.mark.network
def test_the_official_archives_have_what_the_catalogue_says(real_mirror: None) -> None:
    katakana, others = made("katakana"), made("others")
    assert katakana["train_x"].shape == (47 * 15, 28, 28)
    assert others["test_x"].shape == (195 * 5, 28, 28)
    assert set(katakana["train_y"]) | set(others["train_y"]) == set(range(242))
