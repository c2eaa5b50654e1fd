"""What goes wrong: confusions, and the test samples that most models get wrong."""

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from tasks.report import records
from tasks.report.formats import counted, listed, percent, signed
from tasks.report.results import Results

MOST_CLASSES = 12  # that a table of confusions has room for; of more, the pairs confused most often are listed
PAIRS = 10
UNUSUAL = 4  # values of a row that are shown: those furthest from the mean


@dataclass(frozen=True)
class Confusion:
    """Rows are true classes: (class, counts, share of each count in its row, share that is right).

    With too many classes for a table: ``pairs`` (truth, predicted, count, share of the truth), most frequent first.
    """

    method: str
    rows: list[tuple[str, list[int], list[float], float]]
    pairs: list[tuple[str, str, int, str]]


@dataclass(frozen=True)
class Sample:
    """A hard test sample as shown: a picture as a data URI, or its most unusual values."""

    sample: int
    label: str
    taken_for: str
    wrong: str
    picture: str | None
    unusual: str


def confusions(results: Results) -> Iterator[Confusion]:
    """Of every method that did not always fail."""
    for name in results.order:
        counts = results.confusion(name)
        if counts is None:
            continue
        totals = np.maximum(counts.sum(axis=1, keepdims=True), 1)
        if len(results.classes) > MOST_CLASSES:
            yield Confusion(name, [], list(_pairs(counts, totals[:, 0], [*plain(results.classes).values()])))
            continue
        shares = counts / totals
        rows = [
            (label, counts[row].tolist(), shares[row].round(4).tolist(), float(shares[row, row]))
            for row, label in enumerate(results.classes)
        ]
        yield Confusion(name, rows, [])


def _pairs(counts: np.ndarray, totals: np.ndarray, classes: list[str]) -> Iterator[tuple[str, str, int, str]]:  # type: ignore[type-arg]
    wrong = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    for place in np.argsort(-wrong, axis=None, kind="stable")[:PAIRS]:
        truth, predicted = divmod(int(place), len(classes))
        if wrong[truth, predicted]:
            share = percent(wrong[truth, predicted] / totals[truth], 0)
            yield classes[truth], classes[predicted], int(wrong[truth, predicted]), share


def plain(classes: list[str]) -> dict[str, str]:
    """Classes by what tells them apart: ``character01`` of ``Japanese_(katakana)/character01`` if all are Japanese."""
    groups = {name.rpartition("/")[0] for name in classes}
    return {name: name.rpartition("/")[2] if len(groups) == 1 else name for name in classes}


def samples(results: Results) -> list[Sample]:
    """The hardest samples, hardest first."""
    names = plain(results.classes)
    return [
        Sample(
            one.sample,
            names.get(one.label, one.label),
            names.get(one.taken_for, one.taken_for),
            percent(one.wrong, 0),
            None if one.image is None else picture(one.image),
            "" if one.values is None else unusual(one.values),
        )
        for one in results.hardest
    ]


def picture(image: records.Image) -> str:
    """A PNG as a data URI; one byte a pixel, or three."""
    pixels = np.frombuffer(base64.b64decode(image.pixels), np.uint8).reshape(image.shape)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def unusual(values: list[float]) -> str:
    """The features furthest from their mean, in standard deviations."""
    order = sorted(range(len(values)), key=lambda place: -abs(values[place]))[:UNUSUAL]
    return listed([f"feature {place + 1}: {signed(values[place], 1)}" for place in order])


def about(results: Results) -> str:
    """How many models the hardest samples were put to, in words."""
    models = sum(
        one.failed is None
        for name in results.order
        if not results.methods[name].ceiling
        for one in results.methods[name].repeats
    )
    return f"{counted(models, 'model')} of all methods"
