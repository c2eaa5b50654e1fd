"""What a teacher said once, read back for its students."""

from dataclasses import dataclass

from tasks.common import outcomes, samples, stages
from tasks.common.artifacts import read_json, read_npz
from tasks.common.backend import keras
from tasks.common.samples import Array


@dataclass(frozen=True)
class Lesson:
    """One repeat of it.

    Attributes:
        teacher: The model itself, for methods that look inside; nobody else has this copy.
        logits: Of the labelled training part, (n, classes) float32.
        x: Unlabelled samples, scaled, (u, ...).
        x_logits: Of these, (u, classes).
    """

    teacher: keras.Model
    logits: Array
    x: Array
    x_logits: Array


class Teaching:
    """The artifact of stage `teach`."""

    def __init__(self, study: str) -> None:
        self._home = stages.DATA / "teach" / study
        self.method: str = read_json(self._home / "teacher.json")["method"]
        self._logits = read_npz(self._home / "logits.npz")
        self._x = samples.unlabelled(study)

    def of(self, repeat: int) -> Lesson:
        """The lesson of one repeat, its teacher loaded anew."""
        logits, x_logits = (self._logits[part][repeat] for part in ("train", "unlabelled"))
        return Lesson(outcomes.load(self._home / "teacher", repeat), logits, self._x[repeat], x_logits)
