"""What a method hands over: its models and how they came about, one folder a method.

``outcome.json``: settings as used, parameters, samples that each repeat's trainings went through, and of each repeat
the rate and epoch chosen, its validation figures, its learning curve, or why it failed. ``model.json``: the
architecture, the same for all repeats. ``repeat-<r>.weights.h5``: weights; ``repeat-<r>-<k>.weights.h5``: those of
the k-th variant. The `.keras` format would date itself; these bytes repeat.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks import models
from tasks.common.artifacts import read_json, replacing, write_json, write_text
from tasks.common.backend import keras
from tasks.common.phases import Course
from tasks.models import surgery


@dataclass(frozen=True)
class Trained:
    """The model a method chose in one repeat.

    Attributes:
        model: Gives class logits, or a mapping that has them under ``head``.
        course: Of the training chosen; an empty one where nothing was trained.
        rate: Learning rate chosen; None where nothing was trained.
        trainings: Trainings tried to choose it.
        moved: Parameters that training may have changed at any time.
        variants: Further models of the same architecture that are measured on the test part beside the chosen one,
            by a name such as ``3 layers``; they are shown and never compared.
        notes: Further figures of this repeat, plain JSON.
    """

    model: keras.Model
    course: Course
    rate: float | None
    trainings: int
    moved: int
    variants: Mapping[str, keras.Model] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Failed:
    """A repeat in which every training diverged."""

    reason: str


def save(folder: Path, outcomes: Sequence[Trained | Failed], about: dict[str, Any]) -> None:
    """Write one method's outcome, whole or not at all; ``about`` joins the content of outcome.json."""
    trained = {r: outcome for r, outcome in enumerate(outcomes) if isinstance(outcome, Trained)}
    with replacing(folder) as draft:
        draft.mkdir()
        repeats = [_row(r, outcome) for r, outcome in enumerate(outcomes)]
        write_json(draft / "outcome.json", about | {"repeats": repeats, "parameters": _parameters(trained)})
        for r, outcome in trained.items():
            write_text(draft / "model.json", outcome.model.to_json(indent=1) + "\n")
            outcome.model.save_weights(draft / f"repeat-{r}.weights.h5")
            for k, variant in enumerate(outcome.variants.values()):
                variant.save_weights(draft / f"repeat-{r}-{k}.weights.h5")


def load(folder: Path, repeat: int, variant: int | None = None) -> keras.Model:
    """The model of one repeat, or one of its variants, with fresh weights of its own."""
    model = built(architecture(folder))
    fill(model, folder, repeat, variant)
    return model


def architecture(folder: Path) -> str:
    """The architecture of a method's models, the same for all its repeats and variants."""
    return (folder / "model.json").read_text(encoding="utf-8")


def built(text: str) -> keras.Model:
    """A model of this architecture, not trained."""
    return keras.models.model_from_json(text, custom_objects=models.LAYERS)


def fill(model: keras.Model, folder: Path, repeat: int, variant: int | None = None) -> None:
    """Give a model of the folder's architecture the weights of one repeat, or of one of its variants."""
    name = f"repeat-{repeat}" if variant is None else f"repeat-{repeat}-{variant}"
    model.load_weights(folder / f"{name}.weights.h5")


def read(folder: Path) -> dict[str, Any]:
    """The content of outcome.json."""
    content: dict[str, Any] = read_json(folder / "outcome.json")
    return content


def _row(repeat: int, outcome: Trained | Failed) -> dict[str, Any]:
    if isinstance(outcome, Failed):
        return {"repeat": repeat, "failed": outcome.reason}
    course = outcome.course
    return {
        "repeat": repeat,
        "failed": None,
        "rate": outcome.rate,
        "trainings": outcome.trainings,
        "epoch": course.epoch,
        "validation_loss": course.validation_loss if math.isfinite(course.validation_loss) else None,  # of no training
        "validation_accuracy": course.validation_accuracy,
        "curve": course.rows,
        "variants": list(outcome.variants),
        "notes": dict(outcome.notes),
    }


def _parameters(trained: dict[int, Trained]) -> dict[str, int]:
    """Parameters that training moved, and all that the class logits hang on: other heads and branches do not count."""
    for outcome in trained.values():
        most = max(one.moved for one in trained.values())  # a method that chooses its depth does so in each repeat
        return {"trained": most, "total": int(surgery.classifier(outcome.model).count_params())}
    return {"trained": 0, "total": 0}
