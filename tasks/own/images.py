"""A folder with a folder of images for each class."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from tasks.common import paths
from tasks.common.artifacts import Arrays
from tasks.common.errors import UserError, nearest
from tasks.common.lazy import large, per_block
from tasks.common.schema.own import OwnImages
from tasks.own import parts

Array = np.ndarray[Any, Any]
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")
MOST_PIXELS, MOST_FILE, MOST_BYTES = 50_000_000, 2**28, 2**40
"""Pixels of an image, bytes of its file, and bytes of all together that are read."""
SKIPPED = ("Thumbs.db", "desktop.ini")


def load(settings: OwnImages, path: Path, seed: int) -> Arrays:
    """Images uint8 (n, side, side) or (n, side, side, 3), and labels; `Pictures` stand for images that are large.

    Raises:
        UserError: If a folder is missing or unknown, or a file is no image that can be read.
    """
    if not path.is_dir():
        raise UserError("is a file; expected a folder with a folder of images for each class. Unpack archives first.")
    arrays: Arrays = {"classes": np.array(settings.names)}
    if settings.test == "given":
        for part in ("train", "test"):
            x, y = _images(path, path / part, settings, 1 if part == "test" else parts.LEAST)
            arrays |= {f"{part}_x": x, f"{part}_y": y}
        return arrays
    x, y = _images(path, path, settings, parts.LEAST)
    test = parts.held_out(y, float(settings.test), seed)
    for part, rows in (("train", ~test), ("test", test)):
        arrays |= {f"{part}_x": x[rows], f"{part}_y": y[rows]}
    return arrays


@dataclass(frozen=True)
class Pictures:
    """Images in files of their own, which stand for an array of them until it is written.

    Attributes:
        root: The folder that all files must lie in.
    """

    root: Path
    files: Sequence[Path]
    side: int
    colour: bool
    dtype = np.dtype(np.uint8)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array: (n, side, side) or (n, side, side, 3)."""
        return (len(self.files), self.side, self.side, *((3,) if self.colour else ()))

    def __getitem__(self, which: Array) -> Pictures:
        """Some of them, by numbers or by bools (n,)."""
        return replace(self, files=[self.files[number] for number in np.arange(len(self.files))[which]])

    def blocks(self) -> Iterator[Array]:
        """All images, one array (k, ...) after another."""
        size = per_block(self.shape)
        for start in range(0, len(self.files), size):
            part = self.files[start : start + size]
            yield np.stack([square(self.root, file, self.side, colour=self.colour) for file in part])


def _images(root: Path, folder: Path, settings: OwnImages, least: int) -> tuple[Any, Array]:
    found = files(root, folder, settings.names)
    counts = np.array([len(found[name]) for name in settings.names])
    parts.enough(counts, settings.names, least, f"'{folder.name}'")
    channels = 3 if settings.colour else 1
    if counts.sum() * settings.side**2 * channels > MOST_BYTES:
        raise UserError(f"{counts.sum():,} images of side {settings.side} are more than {MOST_BYTES / 2**30:g} GiB.")
    ordered = [file for name in settings.names for file in found[name]]
    pictures = Pictures(root, ordered, settings.side, settings.colour)
    x = pictures if large(pictures.shape, np.uint8) else np.concatenate(list(pictures.blocks()))
    return x, np.repeat(np.arange(len(counts), dtype=np.int64), counts)


def files(root: Path, folder: Path, classes: list[str]) -> dict[str, list[Path]]:
    """The files of each class, in the order of their names; hidden ones are skipped.

    Raises:
        UserError: If a class has no folder, a folder is no class, or something else lies there.
    """
    if not folder.is_dir():
        raise UserError(f"has no folder '{folder.name}'; `test: given` wants train and test.")
    there = {entry.name: entry for entry in folder.iterdir() if not _skipped(entry)}
    for name in classes:
        if name not in there:
            raise UserError(f"'{folder.name}' has no folder '{name}'; it has {', '.join(sorted(there)) or 'nothing'}.")
    for name, entry in sorted(there.items()):
        if name not in classes:
            what = "a folder" if entry.is_dir() else "a file"
            raise UserError(
                f"'{folder.name}' has {what} '{name}', which is no class; known: {', '.join(classes)}."
                f"{nearest(name, classes)} Add it to classes, or take it away."
            )
        if not entry.is_dir():
            raise UserError(f"'{name}' is a file; expected a folder of images.")
    found: dict[str, list[Path]] = {}
    for name in classes:
        paths.beneath(there[name], root)
        found[name] = sorted(paths.beneath(file, root) for file in there[name].iterdir() if not _skipped(file))
    return found


def _skipped(entry: Path) -> bool:
    return entry.name.startswith(".") or entry.name in SKIPPED


def square(root: Path, file: Path, side: int, *, colour: bool) -> Array:
    """One image, uint8 (side, side) or (side, side, 3): turned upright, on white, cut to a square round its centre.

    Raises:
        UserError: If it is no image, has too many pixels or frames, or is damaged.
    """
    name = file.relative_to(root)
    if file.is_dir():
        raise UserError(f"'{name}' is a folder; expected images in the folder of a class.")
    if file.stat().st_size > MOST_FILE:
        raise UserError(
            f"'{name}' has {file.stat().st_size / 2**20:,.0f} MiB; images have {MOST_FILE / 2**20:g} at most."
        )
    try:
        with warnings.catch_warnings(), Image.open(file, formats=FORMATS) as image:
            # Pillow's own limit comes as a warning or an error, by size; the header is looked at here instead.
            warnings.simplefilter("ignore")
            refuse_odd(image, str(name))
            upright = ImageOps.exif_transpose(image)
            if "transparency" in upright.info or upright.mode in ("LA", "PA", "RGBA"):
                layer = upright.convert("RGBA")
                upright = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
            plain = upright.convert("RGB" if colour else "L")
            return np.asarray(
                ImageOps.fit(
                    plain, (side, side), Image.Resampling.BOX if _shrinks(plain, side) else Image.Resampling.BILINEAR
                )
            )
    except Image.DecompressionBombError:
        raise UserError(f"'{name}' has more than {MOST_PIXELS:,} pixels; make it smaller.") from None
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
        empty = file.stat().st_size == 0
        reason = "is empty (0 bytes)" if empty else f"is no image that can be read ({_short(error, file)})"
        raise UserError(f"'{name}' {reason}. Mend it, or take it away.") from None


def refuse_odd(image: Image.Image, name: str) -> None:
    """Nothing, if the image is a plain one by its header."""
    if image.width * image.height > MOST_PIXELS:
        raise UserError(
            f"'{name}' is {image.width:,} × {image.height:,}, more than {MOST_PIXELS:,} pixels; make it smaller."
        )
    if image.mode not in MODES:
        raise UserError(f"'{name}' has mode {image.mode}, not 8 bits a channel; save it with 8.")
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        raise UserError(f"'{name}' has {frames} frames; save the one you mean.")


def _shrinks(image: Image.Image, side: int) -> bool:
    return min(image.size) >= side


def _short(error: BaseException, file: Path) -> str:
    return str(error).replace(str(file), file.name).splitlines()[0][:120] if str(error) else type(error).__name__
