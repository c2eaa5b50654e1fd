"""How well the methods with two tasks do both: the auxiliary error, and Δp against a network for each task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tasks.common import intervals
from tasks.common.samples import Array
from tasks.evaluate.predictor import Predictor

AUXILIARY = "auxiliary"


@dataclass(frozen=True)
class Task:
    """What each test sample contributes to the measure of one task, a mean, by a method and by its control.

    Both are (repeats, n); a failed repeat is NaN.
    """

    values: Array
    control: Array
    lower_is_better: bool


def delta_p(tasks: Sequence[Task]) -> tuple[Array, float]:
    """Mean relative improvement over the control in each repeat, and its variance over test parts drawn anew.

    ``Δp = 1/T · Σ_t ± (M_t − B_t) / B_t`` over the measures of method and control, − where lower is better; a share,
    0.1 is 10 % better on average over the tasks. Each repeat's own control makes it paired. The variance is that
    of the mean over repeats to first order in the test samples, as `tasks.evaluate.variance` has it for accuracy.

    Returns:
        (repeats,), NaN where either failed or the control's measure is 0; and the variance, NaN if all are.

    Source: "Attentive Single-Tasking of Multiple Tasks", arXiv:1904.08918 (Maninis et al., 2019).
    """
    parts = []
    for task in tasks:
        sign = -1 if task.lower_is_better else 1
        ours, base = (values.mean(axis=1, keepdims=True) for values in (task.values, task.control))
        base = np.where(base > 0, base, np.nan)
        influence = (task.values - ours / base * task.control) / base  # (repeats, n), mean 0 over the test part
        parts.append((sign * (ours / base - 1)[:, 0], sign * influence))
    deltas = np.mean([delta for delta, _ in parts], axis=0)
    drawn = np.mean([influence for _, influence in parts], axis=0)[~np.isnan(deltas)]
    variance = float(drawn.mean(axis=0).var(ddof=1) / drawn.shape[1]) if len(drawn) else float("nan")
    return deltas, variance


def squared_errors(predictor: Predictor, home: Path, rows: list[dict[str, Any]], auxiliary: Array) -> Array | None:
    """Squared auxiliary error of each test sample, mean over the quantities, (repeats, n) float64.

    In squared standard deviations of the repeat's training part, as in training; a failed repeat is NaN. None if
    no repeat learnt the quantities.
    """
    errors = np.full((len(rows), len(predictor.x)), np.nan)
    for row in rows:
        scaling = row.get("notes", {}).get(AUXILIARY)
        if scaling is not None:
            predicted = predictor(home, row["repeat"], output=AUXILIARY).astype(np.float64)
            truth = (auxiliary - np.array(scaling["shift"])) / np.array(scaling["scale"])
            errors[row["repeat"]] = ((predicted - truth) ** 2).mean(axis=1)
    return None if np.isnan(errors).all() else errors


def of(
    predictor: Predictor,
    homes: Mapping[str, Path],
    read: Mapping[str, dict[str, Any]],
    logits: Mapping[str, Array],
    y: Array,
    auxiliary: Array,
    share: float,
) -> dict[str, dict[str, Any]]:
    """What results.json says of every method that learnt the auxiliary quantities, by its name.

    ``auxiliary_error`` of each repeat; ``delta_p`` of each repeat, its mean and its 95 % interval, None for the
    control itself, or where that was not run.
    """
    learnt = {
        name: errors
        for name, home in homes.items()
        if (errors := squared_errors(predictor, home, read[name]["repeats"], auxiliary)) is not None
    }
    return {
        name: {"auxiliary_error": _plain(errors.mean(axis=1))}
        | _compared(name, read[name]["control"], learnt, logits, y, share)
        for name, errors in learnt.items()
    }


def _compared(
    name: str, control: str | None, learnt: Mapping[str, Array], logits: Mapping[str, Array], y: Array, share: float
) -> dict[str, Any]:
    if control is None or control not in learnt:
        return {"delta_p": None, "delta_p_mean": None, "delta_p_interval": None}
    accuracy = Task(_hits(logits[name], y), _hits(logits[control], y), lower_is_better=False)
    error = Task(learnt[name], learnt[control], lower_is_better=True)
    deltas, variance = delta_p([accuracy, error])
    found = intervals.of_mean(deltas, variance, share)
    return {"delta_p": _plain(deltas), "delta_p_mean": found.mean, "delta_p_interval": found.interval}


def _hits(logits: Array, y: Array) -> Array:
    """Whether each test sample is right, (repeats, n) float64; a failed repeat is NaN."""
    hits: Array = np.where(np.isnan(logits).any(axis=2), np.nan, logits.argmax(axis=2) == y)
    return hits


def _plain(values: Array) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]
