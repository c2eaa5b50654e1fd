"""The classes of a few-shot task: those to train on, those to choose by, and the novel ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tasks.common.artifacts import read_npz
from tasks.common.errors import UserError, unknown

Array = np.ndarray[Any, Any]
RAW, HOME = Path("data/raw"), Path("data/fewshot")


@dataclass(frozen=True)
class Pool:
    """Classes with as many samples each.

    Attributes:
        x: Images, (classes, samples, height, width) or with channels behind; uint8 in files, 0..1 float32 in use.
        names: The classes' names, in the order of ``x``.
    """

    x: Array
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.x)

    @property
    def samples(self) -> int:
        """Samples of each class."""
        return int(self.x.shape[1])

    @property
    def flat(self) -> Array:
        """All samples, (classes · samples, ...): sample s of class c is row c · samples + s."""
        return self.x.reshape(-1, *self.x.shape[2:])


@dataclass(frozen=True)
class Base:
    """What a method may see before the novel classes: classes to train on, and others to choose by."""

    train: Pool
    validation: Pool


def folder(task: str, method: str) -> Path:
    """Where a method's embeddings lie."""
    return HOME / task / "methods" / method


def group(name: str) -> str:
    """The group of a class: ``Greek`` of ``Greek/character01``."""
    return name.split("/")[0]


def of_raw(arrays: dict[str, Array], dataset: str) -> Pool:
    """All samples of a raw data set by class, its test part included: the classes themselves are held out here.

    Every class keeps as many samples as the smallest has, the first ones.

    Raises:
        UserError: If they are no images of whole numbers.
    """
    x, y = (np.concatenate([arrays[f"train_{name}"], arrays[f"test_{name}"]]) for name in ("x", "y"))
    if x.dtype != np.uint8 or x.ndim not in (3, 4):
        raise UserError(
            f"data set '{dataset}' has samples of shape {x.shape[1:]}, {x.dtype}; few-shot tasks take images, uint8."
        )
    labels = np.unique(y)
    fewest = int(min(np.sum(y == label) for label in labels))
    names = tuple(str(arrays["classes"][label]) for label in labels)
    return Pool(np.stack([x[y == label][:fewest] for label in labels]), names)


def parted(base: Pool, novel: Pool, validation: Sequence[str], task: str) -> Base:
    """The base classes as those of the validation groups, and the rest, which are trained on.

    Raises:
        UserError: If a group is not there, nothing is left to train on, or a group is base and novel.
    """
    place = f"fewshot.tasks.{task}.validation"
    groups = dict.fromkeys(map(group, base.names))
    for name in validation:
        if name not in groups:
            raise UserError(f"params.yaml: {unknown(place, name, groups)}")
    if both := sorted({*groups} & {*map(group, novel.names)}):
        raise UserError(
            f"few-shot task '{task}': {', '.join(both[:5])} is among its base and its novel classes, which would then "
            "be known; choose other data sets under run.fewshot.tasks."
        )
    held = np.array([group(name) in validation for name in base.names])
    if held.all():
        raise UserError(f"params.yaml: {place} names all groups; leave some to train on.")
    return Base(_chosen(base, ~held), _chosen(base, held))


def _chosen(pool: Pool, these: Array) -> Pool:
    return Pool(pool.x[these], tuple(np.array(pool.names)[these].tolist()))


def rotated(pool: Pool) -> Pool:
    """Four classes of each, turned by 0, 90, 180 and 270 degrees, as Vinyals et al. (2016), section 4.1.1, do it.

    Raises:
        UserError: If the images are not square.
    """
    if pool.x.shape[2] != pool.x.shape[3]:
        raise UserError(f"images of {pool.x.shape[2]} × {pool.x.shape[3]} cannot be turned; set rotations: false.")
    x = np.concatenate([np.rot90(pool.x, turns, axes=(2, 3)) for turns in range(4)])
    return Pool(x, tuple(f"{name} turned {90 * turns}" if turns else name for turns in range(4) for name in pool.names))


def scaled(pool: Pool) -> Pool:
    """Pixels 0..255 as float32 from 0 to 1."""
    return Pool(pool.x.astype(np.float32) / np.float32(255), pool.names)


def base(task: str, *, rotations: bool, most: int | None = None) -> Base:
    """The base classes of a task as its split left them, scaled.

    Args:
        rotations: Whether the classes to train on are turned, see `rotated`.
        most: Samples to train on, before they are turned; whole classes are left out, but for two.
    """
    arrays = read_npz(HOME / task / "base.npz")
    train, validation = (
        Pool(arrays[f"{part}_x"], tuple(arrays[f"{part}_names"].tolist())) for part in ("train", "validation")
    )
    if most is not None:
        count = max(2, most // train.samples)
        train = Pool(train.x[:count], train.names[:count])
    return Base(scaled(rotated(train) if rotations else train), scaled(validation))


def novel(task: str) -> Pool:
    """The novel classes of a task, scaled."""
    arrays = read_npz(HOME / task / "novel.npz")
    return scaled(Pool(arrays["x"], tuple(arrays["names"].tolist())))
