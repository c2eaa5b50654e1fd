"""Sentences rated by people: of film reviews, product reviews, news editorials and tweets, each a domain of its own.

15 to 99 people rated each of 23,703 sentences from −4, very negative, to 4, very positive. The class is the sign of
the mean; a mean near 0 is neither and left out, and so is a text that was met before. Mean and standard deviation of
the ratings are auxiliary targets, `intensity` and `disagreement`.

A quarter is for testing, chosen by the seed: of product reviews and editorials whole ones, so that no review has
sentences on both sides. Which side a sentence is on hangs neither on `neutral` nor on how it becomes numbers.

The texts themselves are others' (Rotten Tomatoes, Amazon, the New York Times), so they are fetched and not kept here.

Source: "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text", ICWSM 2014.
Licence: MIT, of the ratings.
"""

import io
import tarfile
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.common import catalogue, integrity, published, seeds, texts, tokens
from tasks.common.artifacts import Arrays
from tasks.common.errors import UserError
from tasks.common.schema.datasets import Reviews

NAME, FOLDER, TEST_SHARE = "reviews", "hutto_ICWSM_2014", 0.25
FILES: Mapping[str, str] = {
    "movie": "movieReviewSnippets",
    "product": "amazonReviewSnippets",
    "news": "nytEditorialSnippets",
    "tweet": "tweets",
}
GROUPED = ("product", "news")  # an ID is <review>_<sentence>; of the others no ID says what belongs together


class Rated(NamedTuple):
    """A sentence with the mean and the standard deviation of its ratings."""

    identity: str
    mean: float
    spread: float
    text: str

    @property
    def group(self) -> str:
        """The review or article it stands in."""
        return self.identity.partition("_")[0]


def table(archive: bytes, name: str) -> list[list[str]]:
    """The rows of one file of the archive; one of the files, and no other, starts with a byte order mark."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        file = opened.extractfile(f"{FOLDER}/{name}.txt")
        assert file is not None, name  # the archive's checksum was right
        content = file.read().decode("utf-8-sig")
    return [line.split("\t") for line in content.split("\r\n") if line]


def rated(archive: bytes, domain: str) -> list[Rated]:
    """All sentences of a domain, in the order of its texts; that of the ratings is another in two domains."""
    spread = {row[0]: float(row[2]) for row in table(archive, f"{FILES[domain]}_anonDataRatings")}
    rows = table(archive, f"{FILES[domain]}_GroundTruth")
    return [Rated(key, float(mean), spread[key], text.strip()) for key, mean, text in rows]


def held_out(groups: Sequence[str], rng: np.random.Generator) -> NDArray[np.bool_]:
    """True for a quarter of the groups, wherever one of them stands in ``groups`` (n,)."""
    names = list(dict.fromkeys(groups))
    taken = rng.permutation(len(names))[: round(TEST_SHARE * len(names))]
    chosen = {names[place] for place in taken.tolist()}
    return np.array([group in chosen for group in groups])


def usable(sentences: Sequence[Rated], neutral: float) -> list[int]:
    """Places of the sentences with a mean rating other than 0 and no nearer to it than ``neutral``, each text once."""
    first: dict[str, int] = {}
    for place, sentence in enumerate(sentences):
        if sentence.mean and abs(sentence.mean) >= neutral:
            first.setdefault(sentence.text, place)
    return list(first.values())


def load(settings: Reviews, seed: int) -> Arrays:
    """Token numbers int32 (n, length), labels int64 0 or 1, and auxiliary targets (n, 2), as `tasks.datasets` has them.

    Beside: `train_group` and `test_group` where sentences belong to reviews, and the texts, packed by
    `tasks.common.texts`, those of the training part first.

    Raises:
        UserError: If no source has the sentences or the vocabulary, or ``neutral`` leaves too few.
    """
    archive = integrity.content(published.RATED.files()["hutto_ICWSM_2014.tar.gz"])
    sentences = rated(archive, settings.domain)
    grouped = settings.domain in GROUPED
    groups = [sentence.group if grouped else sentence.identity for sentence in sentences]
    test = held_out(groups, seeds.generator(seed, NAME, settings.domain))
    kept = np.array(usable(sentences, settings.neutral), np.int64)
    number = tokens.tokeniser(settings.tokens, settings.words)
    arrays, written = Arrays(classes=np.array(catalogue.KINDS[NAME].classes)), list[str]()
    for part, rows in (("train", kept[~test[kept]]), ("test", kept[test[kept]])):
        chosen = [sentences[row] for row in rows.tolist()]
        y = np.array([sentence.mean > 0 for sentence in chosen], np.int64)
        _both(y, part, settings)
        arrays[f"{part}_x"] = tokens.numbered([one.text for one in chosen], number, settings.length)
        arrays[f"{part}_y"] = y
        arrays[f"{part}_auxiliary"] = np.array([(one.mean, one.spread) for one in chosen], np.float32)
        if grouped:  # of this domain: another one's article of the same number is another group
            arrays[f"{part}_group"] = np.array([f"{settings.domain}/{one.group}" for one in chosen])
        written += [one.text for one in chosen]
    arrays["auxiliary_names"] = np.array(catalogue.KINDS[NAME].auxiliary)
    return arrays | texts.packed(written)


def _both(y: NDArray[np.int64], part: str, settings: Reviews) -> None:
    counts = np.bincount(y, minlength=2)
    if not counts.all():
        raise UserError(
            f"data set '{NAME}': with neutral {settings.neutral:g} the {part} part of domain '{settings.domain}' has "
            f"{counts[0]} negative and {counts[1]} positive sentences; expected some of both. Set neutral lower."
        )
