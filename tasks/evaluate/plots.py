"""Learning curves and confusion as CSV, for `dvc plots`."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tasks.common.artifacts import replacing
from tasks.common.samples import Array


def curve(method: dict[str, Any]) -> str:
    """CSV of a method's learning curve, mean over repeats: epoch, losses in nats, validation accuracy."""
    columns = ["epoch", "loss", "validation_loss", "validation_accuracy"]
    rows = pd.DataFrame(method["curves"], columns=columns)
    return str(rows.groupby("epoch", as_index=False).mean().to_csv(index=False, lineterminator="\n"))


def confusion(logits: Array, y: Array, classes: list[str]) -> str:
    """CSV of true class, predicted class and how many test samples, summed over the repeats; no row where none are."""
    names, done = np.array(classes), [row for row in logits if not np.isnan(row).any()]
    predicted = np.concatenate([names[row.argmax(axis=1)] for row in done]) if done else names[:0]
    actual = np.tile(names[y], len(done))
    pairs = pd.DataFrame({"actual": actual, "predicted": predicted}).groupby(["actual", "predicted"])
    return str(pairs.size().reset_index(name="samples").to_csv(index=False, lineterminator="\n"))


def write_plots(folder: Path, methods: dict[str, Any], logits: dict[str, Array], y: Array, classes: list[str]) -> None:
    """A file for each method in ``curves`` (those that train) and in ``confusion``."""
    with replacing(folder / "curves") as draft:
        draft.mkdir()
        for name, method in methods.items():
            if method["curves"]:
                (draft / f"{name}.csv").write_text(curve(method), encoding="utf-8")
    with replacing(folder / "confusion") as draft:
        draft.mkdir()
        for name, values in logits.items():
            (draft / f"{name}.csv").write_text(confusion(values, y, classes), encoding="utf-8")
