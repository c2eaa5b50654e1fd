"""Made-up evaluations in the form that `tasks.evaluate` writes them."""

from collections.abc import Mapping, Sequence
from typing import Any

CONTROLS = {"logits": "student-scratch", "hard-sharing": "single-task"}
FAMILIES = {"logits": "distill", "student-scratch": "distill", "hard-sharing": "mtl", "single-task": "mtl"}
ALONE = ("scratch", "scratch-tuned", "student-scratch", "single-task", "hard-sharing")


def content(
    accuracies: Mapping[str, Sequence[float | None]],
    classes: Sequence[str] = ("shirt", "sandal"),
    test_variance: float = 0.0,
) -> dict[str, Any]:
    """Plain JSON of an evaluation on 1,000 test samples; None marks a repeat that failed."""
    count = len(next(iter(accuracies.values())))
    methods = {name: method(name, values) for name, values in accuracies.items()}
    for name in methods:
        methods[name]["test_variance"] = dict.fromkeys(methods.keys() - {name}, test_variance)
    return {
        "study": "made-up",
        "classes": list(classes),
        "test_size": 1000,
        "labelled": 200,
        "validation": 50,
        "repeats": count,
        "size": "full",
        "teacher": "fine-tuning" if "logits" in methods else None,
        "methods": methods,
        "order": list(accuracies),
        "hashes": {"test.npz": "0123456789abcdef"},
        "versions": {"keras": "3.0"},
        "hardest": [],
    }


def method(name: str, accuracies: Sequence[float | None]) -> dict[str, Any]:
    return {
        "family": FAMILIES.get(name, "transfer"),
        "control": CONTROLS.get(name) or (None if name in ALONE else "scratch-tuned"),
        "uses_source": name not in ALONE,
        "source": None if name in ALONE else name.partition("-from-")[2] or "supervised",
        "parameters": {"trained": 1234, "total": 387 if FAMILIES.get(name) == "distill" else 5678},
        "multiply_adds": 300 if FAMILIES.get(name) == "distill" else 5000,
        "samples_seen": 0.0 if name == "fixed" else 2400.0 if name != "scratch" else 600.0,
        "reliability": [
            {"share": 0.25, "confidence": 0.6, "accuracy": 0.5},
            {"share": 0.75, "confidence": 0.9, "accuracy": 0.9},
        ],
        "settings": {"rates": [0.01, 0.1], "epochs": 3} | ({"temperature": 4.0} if name == "logits" else {}),
        "trainings": 4,
        "epochs": 3,
        "repeats": [one(repeat, value) for repeat, value in enumerate(accuracies)],
        "curves": [
            {"repeat": repeat, "epoch": epoch, "phase": "head", "loss": 1.0, "validation_loss": 1.0,
             "validation_accuracy": value * epoch / 3}
            for repeat, value in enumerate(accuracies)
            if value is not None
            for epoch in (1, 2, 3)
        ],
    }  # fmt: skip


def one(repeat: int, accuracy: float | None) -> dict[str, Any]:
    if accuracy is None:
        measures = dict.fromkeys(["accuracy", "macro_f1", "log_loss", "calibration_error", "confusion", "chosen"])
        return {"repeat": repeat, "failed": "loss is NaN in epoch 2", "validation_accuracy": None, **measures}
    wrong = round(1000 * (1 - accuracy))
    return {
        "repeat": repeat,
        "failed": None,
        "accuracy": accuracy,
        "macro_f1": accuracy,
        "log_loss": 1 - accuracy,
        "calibration_error": 0.02,
        "confusion": [[500 - wrong // 2, wrong // 2], [wrong - wrong // 2, 500 - wrong + wrong // 2]],
        "chosen": {"rate": 0.01, "epoch": 2},
        "validation_accuracy": accuracy,
    }
