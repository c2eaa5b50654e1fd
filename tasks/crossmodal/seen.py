"""What a method is given of one split: images and descriptions of seen classes, and nothing of those held out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tasks.common.artifacts import read_npz
from tasks.common.samples import Array, Part, Sample, Scaling

HOME = Path("data/crossmodal")


@dataclass(frozen=True)
class Seen:
    """All that a method may know of one split.

    Attributes:
        sample: Scaled images of the seen classes, and their labels among these.
        texts: A vector of length 1 for the description of each seen class, float32 (seen classes, width).
    """

    sample: Sample
    texts: Array


def read(path: Path, *, shuffled: bool = False) -> Seen:
    """One split as a method is given it; with ``shuffled`` as the control is."""
    arrays = read_npz(path)
    scaling = Scaling(arrays["shift"], arrays["scale"])
    train, validation = (
        Part(scaling(arrays[f"{name}_x"]), y.astype(np.int32), np.zeros((len(y), 0), np.float32))
        for name, y in (("train", arrays["train_y"]), ("validation", arrays["validation_y"]))
    )
    sample = Sample(train, validation, tuple(arrays["classes"].tolist()))
    return Seen(sample, arrays["shuffled" if shuffled else "texts"])


def files(task: str) -> list[Path]:
    """The files of a task's splits, in their order."""
    return sorted((HOME / task / "seen").glob("split-*.npz"))
