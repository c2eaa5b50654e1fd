"""Small samples, networks and settings for tests of the methods."""

import keras
import numpy as np

from tasks import models
from tasks.common.samples import Part, Sample
from tasks.common.schema.base import Training
from tasks.common.schema.study import Convolutional, Dense, Embedding, Network, Transformer
from tasks.common.stages import Source
from tasks.distill import inside
from tasks.distill.teaching import Lesson
from tasks.models import dense

NETWORK = Dense(kind="dense", units=[8, 6], activation="relu", initializer="he_normal")
CONVOLUTIONAL = Convolutional(
    kind="convolutional", filters=[3, 4], units=[6], activation="relu", initializer="he_normal"
)
TRANSFORMER = Transformer(kind="transformer", vocabulary=130, positions=12, width=8, blocks=2, heads=2, inner=12)
EMBEDDING = Embedding(kind="embedding", vocabulary=130, width=6, units=[5], activation="relu", initializer="he_normal")
TRAINING = {"optimizer": "sgd", "rates": [0.1], "epochs": 4, "batch": 8, "keep": "last"}


def training(**changes: object) -> Training:
    """Settings of four short epochs, with changes."""
    return Training.model_validate(TRAINING | changes)


def part(rows: int, classes: int, seed: int) -> Part:
    """Rows (n, 5) whose class is the largest of their first columns, so that it can be learnt."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 5)).astype(np.float32)
    return Part(x, x[:, :classes].argmax(axis=1).astype(np.int32), x[:, 3:].copy())


def sample(classes: tuple[str, ...] = ("a", "b", "c"), rows: int = 30, seed: int = 0) -> Sample:
    """A training and a validation part; 30 rows make three whole batches of 8 and a rest."""
    return Sample(part(rows, len(classes), seed), part(20, len(classes), seed + 1), classes)


def source(classes: tuple[str, ...] = ("x", "y"), seed: int = 7) -> Source:
    """An untrained source model: tests of who moves need no more."""
    return Source(dense.build(NETWORK, (5,), len(classes), seed), classes)


_labelled = sample  # for functions with a parameter of that name


def images(rows: int = 30, side: int = 8, classes: int = 3, seed: int = 0) -> Sample:
    """Small grey images (n, side, side) whose class is the brightest of the first columns."""

    def one(count: int, own: int) -> Part:
        x = np.random.default_rng(own).normal(size=(count, side, side)).astype(np.float32)
        y = x[:, :, :classes].mean(axis=1).argmax(axis=1).astype(np.int32)
        return Part(x, y, x.mean(axis=(1, 2))[:, None])

    names = tuple("abcdefghij"[:classes])
    return Sample(one(rows, seed), one(20, seed + 1), names)


def texts(rows: int = 30, length: int = 10, classes: int = 3, seed: int = 0) -> Sample:
    """Word pieces (n, length) between BERT's 101 and 102, padded with 0; the class has words of its own."""

    def one(count: int, own: int) -> Part:
        rng = np.random.default_rng(own)
        x, y = np.zeros((count, length), np.float32), np.arange(count, dtype=np.int32) % classes
        for row, label in zip(x, y, strict=True):
            words = rng.integers(3, length - 1)  # at least 3
            common, telling = rng.integers(110, 130, words), 104 + 2 * label + rng.integers(0, 2, words)
            row[: words + 2] = [101, *np.where(rng.random(words) < 0.5, telling, common), 102]
        return Part(x, y, np.count_nonzero(x, axis=1).astype(np.float32)[:, None] / length)

    return Sample(one(rows, seed), one(20, seed + 1), tuple("abcdefghij"[:classes]))


def lesson(
    logits: np.ndarray,
    teacher: keras.Model | None = None,
    unlabelled: int = 12,
    sample: Sample | None = None,
    network: Network = NETWORK,
) -> Lesson:
    """What a teacher says: the logits given, what an untrained one sees of the sample, and noise of unlabelled rows."""
    rng = np.random.default_rng(11)
    shown = sample or _labelled()
    shape, classes = shown.train.x.shape[1:], logits.shape[1]
    x = rng.normal(size=(unlabelled, *shape)).astype(np.float32)
    x_logits = rng.normal(size=(unlabelled, classes)).astype(np.float32)
    teacher = teacher or models.build(network, shape, classes, 5)
    seen = inside.look(teacher, shown.train.x)
    return Lesson(teacher, logits, x, x_logits, seen.features, seen.maps)


def same(left: object, right: object) -> bool:
    """Whether two models have the same weights, bit for bit."""
    pairs = zip(left.get_weights(), right.get_weights(), strict=True)  # type: ignore[attr-defined]
    return all(np.array_equal(a, b) for a, b in pairs)
