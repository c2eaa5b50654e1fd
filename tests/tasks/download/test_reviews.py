"""Rated sentences: read from a made archive with the real one's traps, cut by review, and told apart by rating."""

import dataclasses
import hashlib
import io
import os
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.common import catalogue, integrity, published, sources, texts, wheel
from tasks.common.errors import UserError
from tasks.common.fetch import UnavailableError
from tasks.common.schema.datasets import Reviews
from tasks.datasets import reviews
from tests.tasks import language
from tests.tasks.download.packing import digest

GROUPS, SENTENCES = 12, 5
FILE = "hutto_ICWSM_2014.tar.gz"
SDIST = "vaderSentiment-3.3.2"


def sentence(group: int, number: int) -> tuple[str, float, float, str]:
    """One row: its ID, mean, deviation and text; some nearly neutral, one without any leaning, some texts twice."""
    mean = [2.0, -1.5, 0.25, -0.5, 0.0][number - 1]
    text = "the film's good!" if (group, number) in ((2, 1), (7, 1)) else f"Good {group} bad film {number}."
    return f"{group}_{number}", mean, 0.125 * number, text


ROWS = [sentence(group, number) for group in range(1, GROUPS + 1) for number in range(1, SENTENCES + 1)]


def archived(files: dict[str, bytes]) -> bytes:
    """A tar archive, compressed, the same bytes each time."""
    room = io.BytesIO()
    with tarfile.open(fileobj=room, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return room.getvalue()


def hutto() -> bytes:
    """The archive: CRLF between lines and none at the end, ratings in another order and after a byte order mark."""
    content: dict[str, bytes] = {}
    for name in reviews.FILES.values():
        told = "\r\n".join(f"{key}\t{mean}\t{text} " for key, mean, _, text in ROWS)
        ratings = "\r\n".join(f"{key}\t{mean}\t{spread}\t[1, 2]" for key, mean, spread, _ in reversed(ROWS))
        content[f"{reviews.FOLDER}/{name}_GroundTruth.txt"] = told.encode()
        content[f"{reviews.FOLDER}/{name}_anonDataRatings.txt"] = b"\xef\xbb\xbf" + ratings.encode()
    return archived(content)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The made archive, vocabulary and vectors, all in the cache."""
    language.minilm(monkeypatch)
    language.glove(monkeypatch, tmp_path)
    language.put(monkeypatch, "RATED", {FILE: hutto()})


def made(seed: int = 1, **settings: Any) -> dict[str, Any]:
    given = {"domain": "product", "tokens": "words", "words": 14, "length": 8} | settings
    return reviews.load(Reviews.model_validate({"kind": "reviews", **given}), seed)


def told(data: dict[str, Any]) -> list[str]:
    """The texts of all samples, those of the training part first."""
    return texts.unpacked(data, np.arange(len(data["train_y"]) + len(data["test_y"])))


def test_the_arrays_are_those_of_the_contract(small: None) -> None:
    data = made()
    test = len(data["test_y"])
    train = GROUPS * 3 - 1 - test  # of each review's five, two are neutral, and one text is there twice
    assert 8 <= test <= 9
    assert {name: (array.shape, array.dtype.kind, array.dtype.itemsize) for name, array in data.items()} == {
        "classes": ((2,), "U", 32),
        "train_x": ((train, 8), "i", 4),
        "train_y": ((train,), "i", 8),
        "train_auxiliary": ((train, 2), "f", 4),
        "train_group": ((train,), "U", data["train_group"].itemsize),
        "test_x": ((test, 8), "i", 4),
        "test_y": ((test,), "i", 8),
        "test_auxiliary": ((test, 2), "f", 4),
        "test_group": ((test,), "U", data["test_group"].itemsize),
        "auxiliary_names": ((2,), "U", 48),
        "texts": ((data["text_ends"][-1],), "u", 1),
        "text_ends": ((train + test,), "i", 8),
    }
    facts = catalogue.KINDS["reviews"]
    assert facts.tokens
    assert tuple(data["classes"]) == facts.classes == ("negative", "positive")
    assert tuple(data["auxiliary_names"]) == facts.auxiliary


def test_every_sample_has_its_own_text_rating_and_class(small: None) -> None:
    """The two files are in different orders, and one starts with a byte order mark: they are joined by ID."""
    data = made()
    by_text = {text: (mean, spread) for _, mean, spread, text in ROWS}
    labels = np.concatenate([data["train_y"], data["test_y"]])
    ratings = np.concatenate([data["train_auxiliary"], data["test_auxiliary"]])
    x = np.concatenate([data["train_x"], data["test_x"]])
    known = {word: place + 2 for place, word in enumerate(language.WORDS)}
    for text, label, (mean, spread), row in zip(told(data), labels, ratings, x, strict=True):
        assert by_text[text] == (mean, spread)
        assert label == (mean > 0)
        found = [known["good"], 1, known["bad"], known["film"], 1, known["."]]
        if text == "the film's good!":
            found = [known["the"], known["film"], known["'s"], known["good"], 1]
        assert row.tolist() == found + [0] * (8 - len(found))


@pytest.mark.parametrize("domain", ["product", "news"])
def test_no_review_is_on_both_sides(small: None, domain: str) -> None:
    for seed in range(5):
        data = made(seed, domain=domain)
        assert not set(data["train_group"]) & set(data["test_group"])
        assert len(set(data["test_group"])) == GROUPS / 4
        assert all(group.startswith(f"{domain}/") for group in data["test_group"])


@pytest.mark.parametrize("domain", ["movie", "tweet"])
def test_where_no_id_says_what_belongs_together_sentences_are_drawn(small: None, domain: str) -> None:
    data = made(domain=domain, neutral=0.1)
    assert "train_group" not in data
    groups = [{text.split()[1] for text in part if text.startswith("Good")} for part in _parts(data)]
    assert groups[0] & groups[1]


def test_the_side_of_a_sentence_hangs_on_the_seed_alone(small: None) -> None:
    sides = [_parts(made(**settings)) for settings in ({}, {"neutral": 0.2}, {"tokens": "pieces"})]
    assert sides[0] == sides[2]
    assert sides[0][0] < sides[1][0]
    assert sides[0][1] < sides[1][1]
    assert sides[0][1] != _parts(made(2))[1]
    assert digest(made(2)) == digest(made(2))


def _parts(data: dict[str, Any]) -> tuple[set[str], set[str]]:
    count = len(data["train_y"])
    return set(told(data)[:count]), set(told(data)[count:])


@pytest.mark.parametrize(
    ("neutral", "kept"),
    [(0.0, 4), (0.25, 4), (0.26, 3), (0.5, 3), (0.51, 2), (1.5, 2)],
)
def test_what_is_nearer_to_nothing_than_neutral_is_left_out(small: None, neutral: float, kept: int) -> None:
    data = made(neutral=neutral)
    means = np.concatenate([data["train_auxiliary"], data["test_auxiliary"]])[:, 0]
    assert len(means) == GROUPS * kept - 1
    assert np.abs(means).min() >= max(neutral, 0.1)


def test_a_neutral_that_leaves_one_class_is_said(small: None) -> None:
    with pytest.raises(UserError, match=r"with neutral 1\.6 the train part of domain 'product' has 0 negative and "):
        made(neutral=1.6)


def test_a_text_that_was_met_before_is_dropped(small: None) -> None:
    everything = told(made())
    assert everything.count("the film's good!") == 1
    assert len(set(everything)) == len(everything)


def test_pieces_are_berts(small: None) -> None:
    data = made(tokens="pieces", length=10)
    place = told(data).index("the film's good!")
    row = np.concatenate([data["train_x"], data["test_x"]])[place]
    said = ["[CLS]", "the", "film", "'", "s", "good", "!", "[SEP]", "[PAD]", "[PAD]"]
    assert [language.PIECES[number] for number in row] == said


def test_the_catalogue_knows_how_many_numbers_there_are() -> None:
    settings = {"kind": "reviews", "domain": "movie", "words": 9}
    assert catalogue.vocabulary_of(Reviews.model_validate(settings | {"tokens": "words"})) == 11
    assert catalogue.vocabulary_of(Reviews.model_validate(settings | {"tokens": "pieces"})) == 30522


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """pip finds one source package, and nothing else; no other place has the archive."""
    setup = "from setuptools import setup\nsetup(name='vaderSentiment', version='3.3.2')\n"
    info = "Metadata-Version: 1.0\nName: vaderSentiment\nVersion: 3.3.2\n"
    files = {"setup.py": setup.encode(), "PKG-INFO": info.encode(), f"additional_resources/{FILE}": hutto()}
    path = tmp_path / "index" / f"{SDIST}.tar.gz"
    path.parent.mkdir()
    with (
        tarfile.open(path, "w:gz") as archive,
        tarfile.open(
            fileobj=io.BytesIO(archived({f"{SDIST}/{name}": content for name, content in files.items()}))
        ) as plain,
    ):
        for member in plain:
            archive.addfile(member, plain.extractfile(member))
    language.put(monkeypatch, "RATED", {FILE: hutto()})
    (sources.cache("reviews") / FILE).unlink()
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(published, "RATED", dataclasses.replace(published.RATED, sha256=found))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(path.parent))


def test_the_source_package_is_opened_and_what_it_gave_is_kept(package: None) -> None:
    kept = sources.cache("reviews") / FILE
    assert published.RATED.files() == {FILE: kept}
    assert kept.read_bytes() == hutto()
    assert [path.name for path in kept.parent.iterdir()] == [FILE]


def test_another_source_package_than_the_pinned_one_is_refused_before_it_runs(
    package: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "RATED", dataclasses.replace(published.RATED, sha256="0" * 64))
    with pytest.raises(UserError, match=r"could not fetch vaderSentiment==3\.3\.2: THESE PACKAGES DO NOT MATCH"):
        published.RATED.files()


def test_what_is_wrong_with_a_source_package_is_said(tmp_path: Path) -> None:
    path = tmp_path / f"{SDIST}.tar.gz"
    path.write_bytes(archived({f"{SDIST}/a": b"x"}))
    assert wheel.member(path, f"{SDIST}/a") == b"x"
    with pytest.raises(UnavailableError, match=f"{SDIST}.tar.gz has no {SDIST}/b"):
        wheel.member(path, f"{SDIST}/b")
    path.write_bytes(b"no archive")
    with pytest.raises(UnavailableError, match=f"{SDIST}.tar.gz could not be read"):
        wheel.member(path, f"{SDIST}/a")


@pytest.mark.parametrize("name", ["MINILM", "GLOVE", "RATED"])
def test_a_mirror_goes_first_and_the_package_last(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    thing = getattr(published, name)
    monkeypatch.setenv("HEADWATER_MIRROR", "/the/mirror")
    assert [source.label for source in thing.places()] == [
        f"/the/mirror/{thing.name}",
        "/the/mirror",
        str(sources.cache(thing.name)),
        *thing.urls,
        f"package {thing.requirement}",
    ]


COUNTS = {"movie": (10_605, 10_070, 4995), "product": (3708, 2977, 1744), "news": (5190, 2931, 1175)} | {
    "tweet": (4200, 3432, 2345)
}


@pytest.mark.long
@pytest.mark.parametrize("domain", COUNTS)
def test_the_real_sentences(packages: None, domain: str) -> None:
    """The real packages, 2 and 83 MB. Sentences, and those left with |mean| ≥ 0.5, each text once; positive ones."""
    archive = integrity.content(published.RATED.files()[FILE])
    assert len(reviews.rated(archive, domain)) == COUNTS[domain][0]
    data = made(domain=domain, tokens="pieces", length=32)
    y = np.concatenate([data["train_y"], data["test_y"]])
    assert (len(y), y.sum()) == COUNTS[domain][1:]
    assert 0.24 < len(data["test_y"]) / len(y) < 0.28
    assert data["train_x"].max() < catalogue.PIECES
    if domain in reviews.GROUPED:
        assert not set(data["train_group"]) & set(data["test_group"])
