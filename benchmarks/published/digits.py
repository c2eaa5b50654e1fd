"""A small student of UCI digits, taught or alone: the classic first exercise in distillation."""

from typing import Any

import numpy as np

from benchmarks.published import Figure, interval, paired, spread
from tasks.common import scratch
from tasks.common.objectives import Array, plain, predict
from tasks.common.outcomes import Trained
from tasks.common.samples import Part, Sample
from tasks.common.schema.base import Training
from tasks.common.schema.datasets import Digits
from tasks.common.schema.study import Dense
from tasks.datasets import KINDS
from tasks.distill.logits import Objective

SEEDS = 10
STUDENT = 16  # of 8 units some die, and accuracies of one student then lie 20 points apart
ALL, FEW = 10_000, 300


def net(*units: int) -> Dense:
    """A dense network of rectified units."""
    return Dense(kind="dense", units=list(units), activation="relu", initializer="he_normal")


def figures(full: bool = False) -> list[Figure]:
    """Accuracy of the student alone and distilled, paired over seeds; ``full`` takes thirty of them.

    Twice: a student that sees all images that its teacher saw, and one that sees few of them, where what the teacher
    knows of the others can help (Hinton et al., section 6).
    """
    scores: dict[int, tuple[list[float], list[float]]] = {ALL: ([], []), FEW: ([], [])}
    for seed in range(30 if full else SEEDS):
        sample, test_x, test_y = _drawn(seed)
        teacher = _trained(sample, net(256, 256), 40, seed)
        soft = predict(teacher.model, sample.train.x)
        for images, (alone, taught) in scores.items():
            part = Part(sample.train.x[:images], sample.train.y[:images], sample.train.auxiliary[:images])
            seen = Sample(part, sample.validation, sample.classes)
            for objective, extra, found in (
                (plain, None, alone),
                (Objective(4.0, 0.9), {"teacher": soft[:images]}, taught),
            ):
                model = _trained(
                    seen, net(STUDENT), 40 if images == ALL else 60, seed, objective=objective, extra=extra
                ).model
                found.append(100 * float((predict(model, test_x).argmax(axis=1) == test_y).mean()))
        print(f"digits seed {seed}: " + ", ".join(f"{a[-1]:.1f} -> {b[-1]:.1f}" for a, b in scores.values()))
    return [_figure(images, *found) for images, found in scores.items()]


def _drawn(seed: int) -> tuple[Sample, Array, Array]:
    """Images for training and 200 for validation, drawn anew by each seed, and the test part."""
    raw = KINDS["digits"](Digits(kind="digits"), seed)
    x, y = (raw["train_x"].reshape(-1, 64) / 255).astype(np.float32), raw["train_y"].astype(np.int32)
    rows, none = np.random.default_rng(seed).permutation(len(y)), np.zeros((len(y), 0), np.float32)
    cut = [Part(x[r], y[r], none[r]) for r in (rows[:-200], rows[-200:])]
    test_x = (raw["test_x"].reshape(-1, 64) / 255).astype(np.float32)
    return Sample(*cut, tuple("0123456789")), test_x, raw["test_y"]


def _trained(sample: Sample, network: Dense, epochs: int, seed: int, **how: Any) -> Trained:
    settings = Training(optimizer="momentum", rates=[0.02, 0.1], epochs=epochs, batch=32, keep="best")
    found = scratch.train(sample, network, settings, seed, **how)
    assert isinstance(found, Trained), found
    return found


def _figure(images: int, alone: list[float], taught: list[float]) -> Figure:
    gains = [b - a for a, b in zip(alone, taught, strict=True)]
    seen = "all images its teacher saw" if images == ALL else f"{images} of its teacher's images"
    return Figure(
        question=f"UCI digits, accuracy in % of a student with {STUDENT} hidden units on {seen}: alone, and distilled",
        source="classic exercise",
        published="about +2 points",
        ours=f"{spread(alone, 1)}, distilled {spread(taught, 1)}",
        interval=f"{paired(gains, 1)} points",
        holds=interval(gains)[0] > 0,
    )
