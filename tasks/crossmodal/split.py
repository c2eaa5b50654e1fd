"""Cut the classes into seen and held-out ones, several times over, and keep the images of each side apart.

In:   data/raw/<images>.npz; tasks/crossmodal/descriptions.yaml, and the weights that make vectors of them
Out:  data/crossmodal/<task>/seen/split-<s>.npz   of seen classes alone: train and validation images, their scaling
                                                  (fitted on these train images), their descriptions' vectors
      data/crossmodal/<task>/held-out.npz         test images of all classes; only the report opens it
Run:  dvc repro crossmodal-split                  about 5 s
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tasks.common import entry, params, seeds
from tasks.common.artifacts import Arrays, read_npz, replacing, write_npz
from tasks.common.errors import UserError
from tasks.common.samples import Array, Scaling
from tasks.common.schema.crossmodal import Task
from tasks.common.schema.run import Size
from tasks.crossmodal import descriptions
from tasks.crossmodal.seen import HOME

RAW = Path("data/raw")


def groups(classes: int, held_out: int, rng: np.random.Generator) -> list[Array]:
    """Disjoint random groups of ``held_out`` classes, ascending; what is left over is in none.

    Raises:
        UserError: If fewer than two classes would be left to train on.
    """
    if classes < held_out + 2:
        raise UserError(
            f"held_out is {held_out} of {classes} classes; expected {classes - 2} at most: two must be seen."
        )
    order = rng.permutation(classes)
    return [np.sort(order[start : start + held_out]) for start in range(0, classes - held_out + 1, held_out)]


def drawn(y: Array, count: int, rng: np.random.Generator) -> Array:
    """Random places of at most ``count`` samples of each class, ascending within a class, class after class."""
    chosen = [np.sort(rng.permutation(np.flatnonzero(y == label))[:count]) for label in np.unique(y)]
    return np.concatenate(chosen)


def splits(raw: Arrays, vectors: Array, task: Task, caps: Size, seed: int) -> Iterator[tuple[Arrays, Array, Array]]:
    """Of each split what may be seen, the classes held out (k,), and whose description each class has in the control.

    The control, ``shuffled``, gives the descriptions to other classes, by a permutation of all classes drawn evenly. So
    its expected accuracy among held-out classes is exactly chance if nothing of their images leaks.

    Raises:
        UserError: If a class has too few images.
    """
    classes, y = len(raw["classes"]), raw["train_y"]
    labelled = min(task.labelled, (caps.source_rows or task.labelled * classes) // classes)
    wanted, fewest = labelled + task.validation, int(np.bincount(y, minlength=classes).min())
    if fewest < wanted:
        raise UserError(f"labelled and validation ask for {wanted} images a class; one has {fewest}. Ask for fewer.")
    for repeat in range(caps.repeats):
        rows = drawn(y, wanted, seeds.generator(seed, "crossmodal", "images", repeat)).reshape(classes, wanted)
        rows = seeds.generator(seed, "crossmodal", "parts", repeat).permuted(rows, axis=1)
        for held_out in groups(classes, task.held_out, seeds.generator(seed, "crossmodal", "classes", repeat)):
            order = seeds.generator(seed, "crossmodal", "control", repeat, *held_out.tolist()).permutation(classes)
            seen = np.setdiff1d(np.arange(classes), held_out)
            yield _seen(raw, rows[seen], labelled, vectors[seen], vectors[order][seen], task.scaling), held_out, order


def _seen(raw: Arrays, rows: Array, labelled: int, texts: Array, shuffled: Array, scaling: str) -> Arrays:
    """The arrays of one split's file; ``rows`` (seen classes, images) are places in the training part."""
    arrays: Arrays = {"classes": raw["classes"][raw["train_y"][rows[:, 0]]], "texts": texts, "shuffled": shuffled}
    for name, part in (("train", rows[:, :labelled]), ("validation", rows[:, labelled:])):
        arrays[f"{name}_x"] = raw["train_x"][part.ravel()]
        arrays[f"{name}_y"] = np.repeat(np.arange(len(rows)), part.shape[1])
    fitted = Scaling.fit(arrays["train_x"], scaling)
    return arrays | {"shift": fitted.shift, "scale": fitted.scale}


def main(task: str, images: str, texts: str) -> None:
    """Write data/crossmodal/TASK from the raw data set IMAGES and the vectors that come from the file TEXTS."""
    settings = params.load()
    chosen, raw = settings.crossmodal.task(task), read_npz(RAW / f"{images}.npz")
    names = raw["classes"].tolist()
    described = descriptions.read(chosen.descriptions, names)
    vectors = descriptions.encode(chosen.encoder, described, lambda: read_npz(Path(texts)))
    made = list(splits(raw, vectors, chosen, settings.caps, settings.seed))
    with replacing(HOME / task / "seen") as folder:
        folder.mkdir()
        for number, (seen, _, _) in enumerate(made):
            write_npz(folder / f"split-{number:03}.npz", **seen)
    most = min(chosen.test, (settings.caps.test_rows or chosen.test * len(names)) // len(names))
    rows = drawn(raw["test_y"], most, seeds.generator(settings.seed, "crossmodal", "test"))
    write_npz(
        HOME / task / "held-out.npz",
        x=raw["test_x"][rows],
        y=raw["test_y"][rows],
        classes=raw["classes"],
        texts=vectors,
        held_out=np.stack([held_out for _, held_out, _ in made]),
        order=np.stack([order for _, _, order in made]),
        shift=np.stack([seen["shift"] for seen, _, _ in made]),
        scale=np.stack([seen["scale"] for seen, _, _ in made]),
    )
    mean = descriptions.alike(vectors)
    print(f"{len(made)} splits of {len(names)} classes; two descriptions have a cosine of {mean:.2f} on average")


if __name__ == "__main__":
    entry.run(main)
