"""What a teacher said once, read back for its students."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tasks.common import outcomes, samples, stages
from tasks.common.artifacts import read_json, read_npz
from tasks.common.backend import keras
from tasks.common.samples import Array, Scaling


def _unscaled() -> Scaling:
    return Scaling(np.zeros((), np.float32), np.ones((), np.float32))


@dataclass(frozen=True)
class Lesson:
    """One repeat of it.

    Attributes:
        teacher: The model itself, for methods that ask it about new inputs; nobody else has this copy.
        logits: Of the labelled training part, (n, classes) float32.
        x: Unlabelled samples, scaled, (u, ...).
        x_logits: Of these, (u, classes).
        features: Of the labelled training part, (n, width) by the layer's name; see `tasks.distill.inside.Seen`.
        maps: Attention on it, (n, height, width) by the convolution's name.
        scaling: Of all inputs.
    """

    teacher: keras.Model
    logits: Array
    x: Array
    x_logits: Array
    features: Mapping[str, Array] = field(default_factory=dict)
    maps: Mapping[str, Array] = field(default_factory=dict)
    scaling: Scaling = field(default_factory=_unscaled)


class Teaching:
    """The artifact of stage `teach`."""

    def __init__(self, study: str) -> None:
        self._home = stages.DATA / "teach" / study
        self.method: str = read_json(self._home / "teacher.json")["method"]
        self._logits, self._features, self._maps = (
            read_npz(self._home / f"{name}.npz") for name in ("logits", "features", "attention")
        )
        self._x, self._scaling = samples.unlabelled(study), Scaling.load(study)

    def of(self, repeat: int) -> Lesson:
        """The lesson of one repeat, its teacher loaded anew."""
        return Lesson(
            teacher=outcomes.load(self._home / "teacher", repeat),
            logits=self._logits["train"][repeat],
            x=self._x[repeat],
            x_logits=self._logits["unlabelled"][repeat],
            features={name: values[repeat] for name, values in self._features.items()},
            maps={name: values[repeat] for name, values in self._maps.items()},
            scaling=self._scaling,
        )
