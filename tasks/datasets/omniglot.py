"""Omniglot: handwritten characters of eight alphabets, 20 drawings of each, 105 × 105, one bit a pixel.

Each character is a class with 20 drawings by 20 people: 15 to train on and 5 to test on, chosen by the seed. Whatever
alphabets are chosen, a character's drawings fall the same way. Ink is bright as in MNIST, and a pixel is the share of
ink in its area; strokes are thinner than MNIST's, so they are fainter.

The two small official archives are used, in which Greek and Latin are the same files. `katakana` has as many classes
as EMNIST Balanced, 47.

Source: "Human-level concept learning through probabilistic program induction", Science 350(6266), 2015.
Licence: MIT.
"""

import io
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from tasks.common import catalogue, seeds, sources
from tasks.common.artifacts import Arrays
from tasks.common.errors import UserError
from tasks.common.schema.datasets import Omniglot
from tasks.common.sources import Source
from tasks.datasets import images

NAME, DRAWINGS, TEST_DRAWINGS, SIDE = "omniglot", 20, 5, 105
SUMS = {
    "images_background_small1.zip": "f38eb80f801274ac2b4dff5b24289016bfaba4a7d5bb50deebf27104ad6cb8a4",
    "images_background_small2.zip": "3ccaa407515a8778e5d0861875af38b17e418f301ad5bb3b5a6b65d901a41c7f",
}
FIRST = ("Balinese", "Early_Aramaic", "Greek", "Korean", "Latin")  # in small1; the others are in small2
KATAKANA = "Japanese_(katakana)"
URLS = (
    "https://github.com/brendenlake/omniglot/raw/master/python",
    "https://raw.githubusercontent.com/brendenlake/omniglot/master/python",
)


def places() -> list[Source]:
    """Where the archives may come from, in the order they are asked."""
    return sources.usual(NAME, SUMS, URLS)


def chosen(settings: Omniglot) -> dict[str, list[str]]:
    """The alphabets of each archive that params.yaml asks for."""
    groups = {"katakana": [KATAKANA], "others": [name for name in catalogue.ALPHABETS if name != KATAKANA]}
    wanted = groups[settings.alphabets] if isinstance(settings.alphabets, str) else settings.alphabets
    archives: dict[str, list[str]] = defaultdict(list)
    for name in wanted:
        archives[f"images_background_small{1 if name in FIRST else 2}.zip"].append(name)
    return archives


def drawings(archive: zipfile.ZipFile) -> Mapping[str, list[str]]:
    """Names of the image files of each character, such as ``Greek/character01``, in the order of the people."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in sorted(archive.namelist()):
        if name.endswith(".png"):
            found["/".join(name.split("/")[-3:-1])].append(name)
    return found


def ink(content: bytes) -> NDArray[np.uint8]:
    """One drawing, (105, 105): 255 where there is ink, else 0.

    Raises:
        ValueError: If it is no image of that size with one bit a pixel.
    """
    try:
        with Image.open(io.BytesIO(content)) as image:
            if (image.mode, image.size) != ("1", (SIDE, SIDE)):
                raise ValueError(f"is {image.width} × {image.height}, mode {image.mode}; expected 105 × 105, one bit")
            return np.where(np.asarray(image), 0, 255).astype(np.uint8)
    except UnidentifiedImageError:
        raise ValueError("is no image") from None


def characters(path: Path, alphabets: list[str]) -> dict[str, NDArray[np.uint8]]:
    """The drawings (20, 105, 105) of every character of some alphabets, by class name.

    Raises:
        UserError: If the archive is damaged, or a character or a drawing is missing.
    """
    name = "it"
    try:
        with zipfile.ZipFile(path) as archive:
            files, found = drawings(archive), {}
            for name in (name for alphabet in alphabets for name in catalogue.characters(alphabet)):
                if len(files.get(name, ())) != DRAWINGS:
                    raise ValueError(f"has {len(files.get(name, ()))} drawings, expected {DRAWINGS}")
                found[name] = np.stack([ink(archive.read(file)) for file in files[name]])
            return found
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise UserError(f"data set '{NAME}': {path}: {name} {error}. Delete the archive and run again.") from error


def load(settings: Omniglot, seed: int) -> Arrays:
    """Images uint8 (15 a character and 5 a character, side, side), labels int64 among all 242 class names.

    Characters of alphabets that were not asked for have a name and no samples.

    Raises:
        UserError: If no source has the archives, they lack a drawing, or the disk is full.
    """
    wanted = chosen(settings)
    paths = sources.obtain(NAME, wanted, places())
    found = {name: x for archive, names in wanted.items() for name, x in characters(paths[archive], names).items()}
    classes = catalogue.KINDS[NAME].classes
    labels = [label for label, name in enumerate(classes) if name in found]
    x = np.stack([images.shrink(found[classes[label]], settings.side) for label in labels])  # (k, 20, side, side)
    order = np.stack([seeds.generator(seed, NAME, classes[label]).permutation(DRAWINGS) for label in labels])
    arrays: Arrays = {"classes": np.array(classes)}
    for part, taken in (("train", order[:, TEST_DRAWINGS:]), ("test", order[:, :TEST_DRAWINGS])):
        rows = np.sort(taken)  # (k, 15) or (k, 5), in the order of the people
        arrays[f"{part}_x"] = x[np.arange(len(labels))[:, None], rows].reshape(-1, settings.side, settings.side)
        arrays[f"{part}_y"] = np.repeat(np.array(labels, np.int64), rows.shape[1])
    return arrays
