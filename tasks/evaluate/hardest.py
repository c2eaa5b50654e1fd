"""The test samples that most models get wrong, for a person to look at: a label may be wrong, or two classes alike."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from tasks.common.samples import Array

SHOWN = 12


def hardest(logits: Mapping[str, Array], x: Array, scaled: Array, y: Array, classes: list[str]) -> list[dict[str, Any]]:
    """The samples with the largest share of wrong models, hardest first; none that every model gets right.

    Args:
        logits: Of every method, (repeats, n, classes); a failed repeat is NaN.
        x: Raw inputs, (n, ...); uint8 are images.
        scaled: The same as models see them.
        y: True class indices, (n,).
        classes: Names of the classes.

    Returns:
        Of each its ``sample`` in the test part, its ``label``, the share of models that are ``wrong``, which class
        these take it for most (``taken_for``), and its ``image`` (``shape``, and ``pixels`` in base64) or its
        ``values``, scaled; the other of the two is None.
    """
    rows = [row for values in logits.values() for row in values if not np.isnan(row).any()]
    if not rows:
        return []
    predicted = np.stack([row.argmax(axis=1) for row in rows])  # (models, n)
    wrong = (predicted != y).mean(axis=0)
    order = np.argsort(-wrong, kind="stable")[:SHOWN]
    return [
        {
            "sample": int(one),
            "label": classes[y[one]],
            "wrong": float(wrong[one]),
            "taken_for": classes[_most_frequent(predicted[:, one], int(y[one]), len(classes))],
            **_shown(np.asarray(x[one]), np.asarray(scaled[one])),
        }
        for one in order
        if wrong[one] > 0
    ]


def _most_frequent(predicted: Array, truth: int, classes: int) -> int:
    """The wrong class that is predicted most often."""
    counts = np.bincount(predicted, minlength=classes)
    counts[truth] = 0
    return int(counts.argmax())


def _shown(x: Array, scaled: Array) -> dict[str, Any]:
    if x.dtype == np.uint8:
        pixels = base64.b64encode(np.ascontiguousarray(x).tobytes()).decode()
        return {"image": {"shape": list(x.shape), "pixels": pixels}, "values": None}
    return {"image": None, "values": [round(float(value), 3) for value in scaled.ravel()]}
