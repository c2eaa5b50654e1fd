"""What a training stage may see of a study: scaled inputs and labels, never the test part."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

import numpy as np

from tasks.common import lazy
from tasks.common.artifacts import read_npz
from tasks.common.errors import UserError
from tasks.common.lazy import Rows

Array = np.ndarray[Any, Any]
SPLIT = Path("data/split")
GIVEN: dict[str, tuple[Any, Any]] = {
    "unit": (0, 255),
    "signed": (127.5, 127.5),
    "centred": (127, 128),
    "imagenet": (255 * np.array([0.485, 0.456, 0.406]), 255 * np.array([0.229, 0.224, 0.225])),
    "imagenet-mean": (np.array([123.68, 116.779, 103.939]), 1),
    "none": (0, 1),
}
"""Scalings that nothing is fitted for: shift and scale of values 0..255, of each channel where there are three."""


@dataclass(frozen=True)
class Part:
    """Samples with labels.

    Attributes:
        x: Scaled inputs, float32, (n, ...); where they are large, `Rows` stand for the array.
        y: Class indices among the part's own classes, int32, (n,).
        auxiliary: Regression targets standardised on the training part, float32, (n, a).
    """

    x: Array
    y: Array
    auxiliary: Array

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class Sample:
    """A training and a validation part, and the names of the classes their labels tell apart.

    ``auxiliary_scaling`` is what standardised the auxiliary targets; None where they came as they are.
    """

    train: Part
    validation: Part
    classes: tuple[str, ...]
    auxiliary_scaling: "Scaling | None" = None


@dataclass(frozen=True)
class Scaling:
    """Affine scaling of inputs, fitted on the source's training part alone: ``(x - shift) / scale``."""

    shift: Array
    scale: Array

    @classmethod
    def fit(cls, x: Array, kind: str) -> Self:
        """Statistics of raw inputs ``x`` (n, ...): ``standardise`` a feature, ``overall`` for one factor that brings
        the mean square to 1 and leaves zeros zero, as suits words, or one of `GIVEN`, that looks at the shape alone.

        A feature of an image that varies by less than one part in 255 of the whole range, such as a pixel at the
        rim, keeps that as its scale: where the source is always black, the target must not explode. Columns of
        a table have ranges of their own, so there only a constant one keeps its scale.

        Raises:
            UserError: If ``kind`` has numbers for each of three channels, and ``x`` is no (n, height, width, 3).
        """
        if kind == "overall":
            size = math.sqrt(lazy.mean_square(x))
            return cls(np.zeros(x.shape[1:], np.float32), np.full(x.shape[1:], size or 1, np.float32))
        if kind in GIVEN:
            if np.ndim(GIVEN[kind][0]) and (x.ndim != 4 or x.shape[3] != 3):
                raise UserError(
                    f"data.scaling is '{kind}', which scales red, green and blue each by its own numbers; the samples "
                    f"have shape {x.shape[1:]}, expected (height, width, 3). Hand over three channels, or take another "
                    "scaling."
                )
            shift, scale = (np.broadcast_to(value, x.shape[1:]).astype(np.float32) for value in GIVEN[kind])
            return cls(shift, scale)
        shift, scale = lazy.moments(x)
        if x.dtype.kind == "f":
            # The mean of equal float32 numbers is not always they: what is left of their deviation is rounding.
            constant = scale <= 1e-6 * np.abs(shift)
            return cls(shift.astype(np.float32), np.where(constant, 1, scale).astype(np.float32))
        floor = lazy.span(x) / 255
        return cls(shift.astype(np.float32), np.maximum(scale, floor).astype(np.float32))

    @classmethod
    def load(cls, study: str) -> Self:
        """The scaling that `split` fitted for a study."""
        return cls(**read_npz(SPLIT / study / "scaling.npz"))

    def __call__(self, x: Array) -> Array:
        """Scaled float32 inputs of the same shape; of `Rows` once they are read."""
        if isinstance(x, Rows):
            return cast(Array, x.scaled(self))
        return ((x.astype(np.float32) - self.shift) / self.scale).astype(np.float32)


def source(study: str) -> Sample:
    """The source's training and validation part."""
    arrays, scaling = lazy.read(SPLIT / study / "source.npz"), Scaling.load(study)
    return _sample(arrays, scaling, lambda name: arrays[name])


def target(study: str) -> list[Sample]:
    """The labelled target sample of each repeat, its training and its validation part."""
    arrays = lazy.read(SPLIT / study / "target.npz", {"train_x": 2, "validation_x": 2})
    scaling = Scaling.load(study)
    return [_sample(arrays, scaling, lambda name, r=r: arrays[name][r]) for r in range(len(arrays["train_y"]))]


def unlabelled(study: str) -> list[Array]:
    """Target samples of each repeat that have no label, scaled, (u, ...); none of them is labelled in that repeat."""
    scaling = Scaling.load(study)
    return [scaling(x) for x in lazy.read(SPLIT / study / "unlabelled.npz", {"x": 2})["x"]]


def oracle(study: str) -> list[Array]:
    """Labels of the `unlabelled` samples, (u,) int32: for the ceiling of domain adaptation, and for `budgets`
    beyond what a study has labelled."""
    return [y.astype(np.int32) for y in read_npz(SPLIT / study / "oracle.npz")["y"]]


def _sample(arrays: dict[str, Array], scaling: Scaling, pick: Any) -> Sample:
    train, validation = pick("train_auxiliary"), pick("validation_auxiliary")
    spread = train.std(axis=0)
    mean, spread = train.mean(axis=0), np.where(spread > 0, spread, 1)
    parts = {
        name: Part(
            scaling(pick(f"{name}_x")),
            pick(f"{name}_y").astype(np.int32),
            ((auxiliary - mean) / spread).astype(np.float32),
        )
        for name, auxiliary in (("train", train), ("validation", validation))
    }
    return Sample(**parts, classes=tuple(arrays["classes"].tolist()), auxiliary_scaling=Scaling(mean, spread))
