"""A small student of UCI digits, taught or alone: the classic first exercise in distillation."""

import numpy as np

from benchmarks.published import Figure, interval, paired, spread
from tasks.common import scratch
from tasks.common.objectives import predict
from tasks.common.outcomes import Trained
from tasks.common.samples import Part, Sample
from tasks.common.schema.base import Training
from tasks.common.schema.datasets import Digits
from tasks.common.schema.study import Dense
from tasks.datasets import KINDS
from tasks.distill.logits import Objective

SEEDS = 10


def net(*units: int) -> Dense:
    """A dense network of rectified units."""
    return Dense(kind="dense", units=list(units), activation="relu", initializer="he_normal")


def figures(full: bool = False) -> list[Figure]:
    """Accuracy of the student alone and distilled, paired over seeds; ``full`` takes thirty of them."""
    alone, taught = [], []
    for seed in range(30 if full else SEEDS):
        raw = KINDS["digits"](Digits(kind="digits"), seed)
        x, y = (raw["train_x"].reshape(-1, 64) / 255).astype(np.float32), raw["train_y"].astype(np.int32)
        rows, none = np.random.default_rng(seed).permutation(len(y)), np.zeros((len(y), 0), np.float32)
        cut = [Part(x[r], y[r], none[r]) for r in (rows[:-200], rows[-200:])]
        sample, test_x = Sample(*cut, tuple("0123456789")), (raw["test_x"].reshape(-1, 64) / 255).astype(np.float32)
        settings = Training(optimizer="momentum", rates=[0.02, 0.1], epochs=40, batch=32, keep="best")
        teacher = scratch.train(sample, net(256, 256), settings, seed)
        assert isinstance(teacher, Trained), teacher
        soft = {"teacher": predict(teacher.model, sample.train.x)}
        student = scratch.train(sample, net(8), settings, seed)
        distilled = scratch.train(sample, net(8), settings, seed, objective=Objective(4.0, 0.9), extra=soft)
        for model, scores in ((student, alone), (distilled, taught)):
            assert isinstance(model, Trained), model
            scores.append(100 * float((predict(model.model, test_x).argmax(axis=1) == raw["test_y"]).mean()))
        print(f"digits seed {seed}: alone {alone[-1]:.1f}, distilled {taught[-1]:.1f}")
    gains = [b - a for a, b in zip(alone, taught, strict=True)]
    return [
        Figure(
            question="UCI digits, accuracy in % of a student with 8 hidden units: alone, and distilled",
            source="classic exercise",
            published="about +2 points",
            ours=f"{spread(alone, 1)}, distilled {spread(taught, 1)}",
            interval=f"{paired(gains, 1)} points",
            holds=interval(gains)[0] > 0,
        )
    ]
