"""What results.json says of one method."""

from pathlib import Path
from typing import Any

import numpy as np

from tasks.common.metrics import measure
from tasks.common.samples import Array
from tasks.evaluate.calibration import reliability
from tasks.evaluate.choices import choices
from tasks.evaluate.cost import cost
from tasks.evaluate.predictor import Predictor

FIGURES = ("accuracy", "macro_f1", "log_loss", "calibration_error")
COST = ("multiply_adds", "samples_seen")


def test_logits(predictor: Predictor, home: Path, repeats: list[dict[str, Any]], classes: int) -> Array:
    """Test logits of each repeat, (repeats, n, classes) float32; a failed repeat is NaN."""
    logits = np.full((len(repeats), len(predictor.x), classes), np.nan, np.float32)
    for row in repeats:
        if not row["failed"]:
            logits[row["repeat"]] = predictor(home, row["repeat"])
    return logits


def variant_accuracies(predictor: Predictor, home: Path, row: dict[str, Any], y: Array) -> dict[str, float]:
    """Test accuracy of each variant of one repeat: shown beside the chosen model, never compared."""
    return {
        name: float((predictor(home, row["repeat"], variant=k).argmax(axis=1) == y).mean())
        for k, name in enumerate(row.get("variants", []))
    }


def entry_of(predictor: Predictor, home: Path, outcome: dict[str, Any], logits: Array, y: Array) -> dict[str, Any]:
    """A method's part of results.json."""
    rows = [row | (measure(logits[row["repeat"]], y) if not row["failed"] else {}) for row in outcome["repeats"]]
    settings = outcome["settings"]
    return {
        "family": outcome["family"],
        "control": outcome["control"],
        "uses_source": outcome["uses_source"],
        "source": outcome.get("source"),
        "teacher": outcome.get("teacher"),
        "parameters": outcome["parameters"],
        **cost(home, outcome),
        "reliability": reliability(logits, y),
        "settings": settings,
        "trainings": max(
            (row["trainings"] for row in rows if not row["failed"]), default=len(settings.get("rates", []))
        ),
        "epochs": sum(value for name, value in settings.items() if name.endswith("epochs") and isinstance(value, int)),
        "ceiling": outcome.get("ceiling", False),
        "repeats": [_repeat(row) | _variants(predictor, home, row, y) for row in rows],
        "curves": [{"repeat": row["repeat"], **epoch} for row in rows for epoch in row.get("curve", [])],
    }


def _variants(predictor: Predictor, home: Path, row: dict[str, Any], y: Array) -> dict[str, Any]:
    accuracies = variant_accuracies(predictor, home, row, y)
    return {"variants": accuracies, "choices": choices(row.get("notes", {}), accuracies)}


def _repeat(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "repeat": row["repeat"],
        "failed": row["failed"],
        "chosen": {"rate": row.get("rate"), "epoch": row.get("epoch")},
        "notes": row.get("notes", {}),
        **{name: row.get(name) for name in (*FIGURES, "confusion", "validation_accuracy")},
    }


def means(methods: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Mean of each figure over the repeats that did not fail, and what the method costs where that is known.

    A method that always failed has no figures.
    """
    table = {}
    for name, method in methods.items():
        done = [row for row in method["repeats"] if not row["failed"]]
        known = {figure: method[figure] for figure in COST if method[figure] is not None}
        parameters = {f"parameters_{kind}": count for kind, count in method["parameters"].items()}
        table[name] = {figure: float(np.mean([row[figure] for row in done])) for figure in FIGURES if done}
        table[name] |= known | parameters
    return table
