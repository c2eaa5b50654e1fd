"""Cut a data set into the parts of one study, the same way every time; large images go from file to file.

In:   data/raw/<dataset>.npz, of the source and of the target
Out:  data/split/<study>/source.npz      train and validation: x raw, y among the source's classes, auxiliary
      data/split/<study>/target.npz      the same with a leading axis of repeats: each has a labelled sample of its own
      data/split/<study>/unlabelled.npz  x of further target samples, with a leading axis of repeats; no label field
      data/split/<study>/oracle.npz      their labels; only `oracle`, the ceiling of adaptation, and `budgets` read them
      data/split/<study>/scaling.npz     shift and scale, fitted on the source's training part alone
      data/split/<study>/test.npz        the target's whole test part, and the size of the pool that
                                         labelled samples come from; only `evaluate` reads it
      data/split/<study>/notes.json      samples of each class, inputs, and what the parts share
Run:  dvc repro split@tables          about 1 s
"""

from pathlib import Path

import numpy as np

from tasks.common import lazy, seeds
from tasks.common.artifacts import Arrays, write_json, write_npz
from tasks.common.auxiliary import QUANTITIES
from tasks.common.errors import UserError
from tasks.common.samples import Array, Scaling
from tasks.common.schema.run import Size
from tasks.common.schema.study import Data, Source, Target
from tasks.split import encoding, pools
from tasks.split.encoding import Encoder

VALIDATION_SHARE = 0.1  # of the source, to choose its epoch


def quotas(y: Array, total: int) -> Array:
    """How many of ``total`` samples each class gets, (classes,) int64; its share to within one sample.

    Largest remainders win the samples that rounding down leaves over.
    """
    counts = np.bincount(y)
    exact = counts * total / counts.sum()
    whole: Array = np.floor(exact).astype(np.int64)
    left = np.argsort(whole - exact, kind="stable")[: total - whole.sum()]
    whole[left] += 1
    return whole


def stratified(y: Array, sizes: dict[str, int], rng: np.random.Generator) -> dict[str, Array]:
    """Disjoint random parts with the class shares of ``y``: indices (size,) int64 of each, ascending.

    Raises:
        UserError: If the parts together ask for more samples than there are.
    """
    if sum(sizes.values()) > len(y):
        wanted = " and ".join(f"{size} for {name}" for name, size in sizes.items())
        raise UserError(f"the split asks for {wanted}, of {len(y)} samples in all; ask for fewer in params.yaml.")
    order = rng.permutation(len(y))
    parts: dict[str, Array] = {}
    for name, size in sizes.items():
        share = quotas(y[order], size)
        # The first is empty: there may be no class left to take from.
        taken = np.concatenate([order[:0], *(order[y[order] == label][:count] for label, count in enumerate(share))])
        parts[name] = np.sort(taken)
        order = order[~np.isin(order, taken)]
    return parts


def names_of(raw: Arrays, classes: list[str] | str) -> list[str]:
    """The classes named, for ``all`` those the training part has samples of, in label order; of ``none`` none."""
    if not isinstance(classes, str):
        return classes
    if classes == "none":
        return []
    return [str(raw["classes"][label]) for label in np.unique(raw["train_y"])]


def of_classes(raw: Arrays, part: str, names: list[str], auxiliary: list[str]) -> Arrays:
    """The samples of some classes: x, y renumbered in the order of ``names``, auxiliary (n, a) float32."""
    known = raw["classes"].tolist()
    renumbered = np.full(len(known), -1, np.int64)
    renumbered[[known.index(name) for name in names]] = np.arange(len(names))
    y = renumbered[raw[f"{part}_y"]]
    rows = np.flatnonzero(y >= 0)
    missing = [name for index, name in enumerate(names) if index not in y[rows]]
    if missing:
        raise UserError(f"the {part} part has no sample of {', '.join(missing)}; take the class out of params.yaml.")
    x = raw[f"{part}_x"][rows]
    return {"x": x, "y": y[rows], "auxiliary": _quantities(raw, part, rows, x, auxiliary)}


def _quantities(raw: Arrays, part: str, rows: Array, x: Array, names: list[str]) -> Array:
    """Auxiliary targets: columns of the data set where it has them, else computed from the image."""
    columns = raw["auxiliary_names"].tolist() if "auxiliary_names" in raw else []
    if not names:
        return np.empty((len(rows), 0), np.float32)
    values = [
        raw[f"{part}_auxiliary"][rows, columns.index(name)] if name in columns else lazy.by_blocks(QUANTITIES[name], x)
        for name in names
    ]
    return np.stack(values, axis=1).astype(np.float32)


def source_parts(raw: Arrays, source: Source, auxiliary: list[str], seed: int, rows: int | None) -> Arrays:
    """The source's training and validation part; with ``shuffle_labels`` x and y have nothing to do with each other.

    Without classes both are empty: the source is a model then, and no samples.
    """
    pool = of_classes(raw, "train", names_of(raw, source.classes), auxiliary)
    rng = seeds.generator(seed, "split", "source")
    if source.shuffle_labels:
        order = seeds.generator(seed, "shuffle").permutation(len(pool["y"]))
        pool |= {name: pool[name][order] for name in ("y", "auxiliary")}  # a second task would carry over as well
    if not len(pool["y"]):
        return {f"{part}_{name}": values for part in ("train", "validation") for name, values in pool.items()}
    limits = [limit for limit in (rows, source.rows, len(pool["y"])) if limit]
    total = min(limits)
    held_out = max(round(total * VALIDATION_SHARE), len(np.unique(pool["y"])))
    parts = stratified(pool["y"], {"validation": held_out, "train": total - held_out}, rng)
    return {f"{part}_{name}": values[rows] for part, rows in parts.items() for name, values in pool.items()}


def target_parts(raw: Arrays, target: Target, auxiliary: list[str], seed: int, repeats: int) -> Arrays:
    """The samples of each repeat; repeat r is the same however many repeats there are."""
    pool = of_classes(raw, "train", names_of(raw, target.classes), auxiliary)
    # Drawn in this order, so that asking for unlabelled samples leaves the labelled ones as they were.
    sizes = {"train": target.labelled, "validation": target.validation, "unlabelled": target.unlabelled}
    drawn = [stratified(pool["y"], sizes, seeds.generator(seed, "split", "target", r)) for r in range(repeats)]
    rows = {part: np.stack([parts[part] for parts in drawn]) for part in sizes}
    return {f"{part}_{name}": values[rows[part]] for part in sizes for name, values in pool.items()}


def test_part(raw: Arrays, target: Target, auxiliary: list[str], seed: int, rows: int | None) -> Arrays:
    """The target's test part: x, y and auxiliary; whole unless the size caps it."""
    pool = of_classes(raw, "test", names_of(raw, target.classes), auxiliary)
    total = min(rows or len(pool["y"]), len(pool["y"]))
    kept = stratified(pool["y"], {"test": total}, seeds.generator(seed, "split", "test"))["test"]
    return {name: values[kept] for name, values in pool.items()}


def pool_size(raw: Arrays, classes: list[str]) -> int:
    """How many samples the labelled ones of every repeat are drawn from."""
    known = raw["classes"].tolist()
    return int(np.isin(raw["train_y"], [known.index(name) for name in classes]).sum())


def write(folder: Path, source_raw: Arrays, target_raw: Arrays, data: Data, seed: int, size: Size) -> None:
    """Cut and write all parts; nothing is written before everything is cut.

    Raises:
        UserError: If source and target samples have different shapes or columns, a part cannot be cut, or they share
            samples and the study refuses that.
    """
    encoding.agreeing(source_raw, target_raw)
    shapes = source_raw["train_x"].shape[1:], target_raw["train_x"].shape[1:]
    if shapes[0] != shapes[1]:
        raise UserError(f"source samples have shape {shapes[0]}, target samples {shapes[1]}; they must agree.")
    sides = names_of(source_raw, data.source.classes), names_of(target_raw, data.target.classes)
    source_raw, target_raw, notes = pools.parted(source_raw, target_raw, sides, data)
    source = source_parts(source_raw, data.source, data.auxiliary, seed, size.source_rows)
    target = target_parts(target_raw, data.target, data.auxiliary, seed, size.repeats)
    test = test_part(target_raw, data.target, data.auxiliary, seed, size.test_rows)
    if encoding.needed(source_raw):
        encoder = Encoder(source_raw, source["train_x"], data.encoding)
        source |= {name: encoder(source_raw, source[name]) for name in ("train_x", "validation_x")}
        target |= {name: encoder(target_raw, target[name]) for name in target if name.endswith("_x")}
        test["x"] = encoder(target_raw, test["x"])
    scaling = Scaling.fit(source["train_x"], data.scaling)
    hidden = {name: target.pop(f"unlabelled_{name}") for name in ("x", "y", "auxiliary")}
    names = {name: np.array(side) for name, side in zip(("source", "target"), sides, strict=True)}
    write_npz(folder / "source.npz", **source, classes=names["source"])
    write_npz(folder / "target.npz", **target, classes=names["target"])
    write_npz(folder / "unlabelled.npz", x=hidden["x"])
    write_npz(folder / "oracle.npz", y=hidden["y"])
    write_npz(folder / "scaling.npz", shift=scaling.shift, scale=scaling.scale)
    pool = np.array(pool_size(target_raw, sides[1]))
    write_npz(folder / "test.npz", **test, classes=names["target"], pool=pool)
    write_json(folder / "notes.json", notes | {"inputs": list(source["train_x"].shape[1:])})
