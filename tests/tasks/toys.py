"""Small samples, networks and settings for tests of the methods."""

import numpy as np

from tasks.common.samples import Part, Sample
from tasks.common.schema import Network, Training
from tasks.common.stages import Source
from tasks.models import dense

NETWORK = Network(units=[8, 6], activation="relu", initializer="he_normal")
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


def same(left: object, right: object) -> bool:
    """Whether two models have the same weights, bit for bit."""
    pairs = zip(left.get_weights(), right.get_weights(), strict=True)  # type: ignore[attr-defined]
    return all(np.array_equal(a, b) for a, b in pairs)
