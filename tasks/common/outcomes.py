"""What a method hands over: its models and how they came about, one folder a method.

``outcome.json``: settings as used, parameters, trainings, and of each repeat the rate and epoch chosen, its
validation figures, its learning curve, or why it failed. ``model.json``: the architecture, the same for all
repeats. ``repeat-<r>.weights.h5``: weights. The `.keras` format would date itself; these bytes repeat.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.common.artifacts import read_json, replacing, write_json, write_text
from tasks.common.backend import keras
from tasks.common.loop import Course


@dataclass(frozen=True)
class Trained:
    """The model a method chose in one repeat.

    Attributes:
        model: Gives class logits, or a mapping that has them under ``head``.
        course: Of the training chosen; an empty one where nothing was trained.
        rate: Learning rate chosen; None where nothing was trained.
        trainings: Trainings tried to choose it.
        moved: Parameters that training may have changed at any time.
    """

    model: keras.Model
    course: Course
    rate: float | None
    trainings: int
    moved: int


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


def load(folder: Path, repeat: int) -> keras.Model:
    """The model of one repeat, with fresh weights of its own."""
    model = keras.models.model_from_json((folder / "model.json").read_text(encoding="utf-8"))
    model.load_weights(folder / f"repeat-{repeat}.weights.h5")
    return model


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
        "validation_loss": course.validation_loss,
        "validation_accuracy": course.validation_accuracy,
        "curve": course.rows,
    }


def _parameters(trained: dict[int, Trained]) -> dict[str, int]:
    for outcome in trained.values():
        return {"trained": outcome.moved, "total": int(outcome.model.count_params())}
    return {"trained": 0, "total": 0}
