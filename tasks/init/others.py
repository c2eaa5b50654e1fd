"""Guesses about arrays, folders of images and files of sentences."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from PIL import Image

from tasks.common import paths
from tasks.common.errors import UserError
from tasks.init import guess, wording
from tasks.init.guess import Guess
from tasks.own import arrays, cells, images, text

SIDES, LOOKED_AT = (16, 32, 48, 64), 30


def of_arrays(path: Path) -> Guess:
    """A .npz file: x and y, and what x is by its shape."""
    names = arrays.names(path)
    x_name, y_name = (_one_of(names, wanted) for wanted in (("x", "x_train", "X", "data"), ("y", "y_train", "labels")))
    given = {"x_test", "y_test"} <= set(names)
    found = arrays.members(path, [x_name, y_name])
    pictures = found[x_name].ndim in (3, 4)
    labels = Counter(arrays.words(found[y_name].reshape(-1), y_name))
    classes = guess.in_order(labels)
    counts = {name: labels[name] for name in classes}
    lines = [
        "kind: own-arrays",
        wording.line("images", wording.word(pictures), f"{x_name} has shape {found[x_name].shape}"),
        wording.line("classes", wording.words(classes), f"{', '.join(map(str, counts.values()))} samples"),
    ]
    lines += [f"{key}: {name}" for key, name in (("x", x_name), ("y", y_name)) if key != name]
    lines.append(wording.line("test", *(("given", "x_test and y_test") if given else ("0.25", "of the samples"))))
    # What cannot be read is said now, not when it runs.
    arrays.inputs(found[x_name], x_name, images=pictures)
    doubts = guess.about_classes(counts, f"'{y_name}'")
    network, scaling = ("convolutional", "unit") if pictures else ("dense", "standardise")
    return Guess(lines, classes, counts, len(found[y_name]), network, scaling, doubts)


def _one_of(names: list[str], wanted: tuple[str, ...]) -> str:
    for name in wanted:
        if name in names:
            return name
    raise UserError(f"has the arrays {', '.join(names)}; expected one named {' or '.join(wanted)}.")


def of_images(path: Path, side: int | None = None) -> Guess:
    """A folder of folders: their names are the classes, and a few images say how large and whether in colour."""
    there = sorted(entry.name for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    given = there == ["test", "train"]
    root = path / "train" if given else path
    classes = sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if len(classes) < 2:
        raise UserError(f"has {len(classes)} folders; expected one for each class, two at least, with images in them.")
    found = images.files(path, root, classes)
    counts = {name: len(found[name]) for name in classes}
    empty = [name for name, count in counts.items() if not count]
    if empty:
        raise UserError(f"'{empty[0]}' has no images; put some there, or take the folder away.")
    some = [file for name in classes for file in found[name]][:: max(1, sum(counts.values()) // LOOKED_AT)]
    colour, smallest = _seen(path, some)
    side = side or max([one for one in SIDES if one <= smallest], default=SIDES[0])
    lines = [
        "kind: own-images",
        wording.line("classes", wording.words(classes), f"{', '.join(map(str, counts.values()))} images"),
        wording.line("side", str(side), f"pixels; the smallest of {len(some)} looked at has {smallest}"),
        wording.line("colour", wording.word(colour), "" if colour else "all looked at are grey"),
        wording.line("test", *(("given", "the folder test") if given else ("0.25", "of the images"))),
    ]
    doubts = guess.about_classes(counts, "folders")
    if smallest > 2 * side:
        doubts.append(
            f"images are brought down to {side} × {side}, which is fast; a larger side shows more and costs more."
        )
    return Guess(lines, classes, counts, sum(counts.values()), "convolutional", "unit", doubts)


def _seen(root: Path, files: list[Path]) -> tuple[bool, int]:
    """Whether any image is in colour, and the smallest side; a broken one is named."""
    colour, smallest = False, 10**9
    for file in files:
        pixels = images.square(root, file, 32, colour=True)
        colour = colour or bool((pixels != pixels[..., :1]).any())
        with Image.open(file) as image:
            smallest = min(smallest, *image.size)
    return colour, smallest


def of_text(path: Path) -> Guess:
    """A file with a label and a text on each line: where the label stands is tried."""
    content = cells.decoded(paths.a_file(path, cells.MOST_BYTES).read_bytes())
    tried = []
    for label in ("__label__", "first", "last"):
        try:
            pairs = text.lines(content, label)
        except UserError as error:
            tried.append(str(error))
            continue
        counted = Counter(name for name, _ in pairs)
        if len(counted) <= max(2, len(pairs) // 4):
            break
        tried.append(f"label {label}: {len(counted)} different labels on {len(pairs)} lines.")
    else:
        raise UserError(f"expected a label and a text on each line, with a tab between. {tried[1]}")
    classes = guess.in_order(counted)
    counts = {name: counted[name] for name in classes}
    lines = [
        "kind: own-text",
        wording.line("label", label, "where it stands on a line"),
        wording.line("classes", wording.words(classes), f"{', '.join(map(str, counts.values()))} lines"),
        wording.line(
            "tokens", "none", "counted words; pieces or words keep their order, for other networks and scaling"
        ),
        wording.line("test", "0.25", "of the lines"),
    ]
    return Guess(lines, classes, counts, len(pairs), "dense", "overall", guess.about_classes(counts, "labels"))
