"""Clothing photos: 3,781 in colour, ten kinds of clothing, taken by people at home, of sizes around 400 × 533.

The folders `train` and `validation` are the training part, `test` is the test part: 3,409 and 372 photos.

Two archives hold them. The official one has them as they are; `clothing-small-128.zip` has them at most 128 × 171,
for mirrors. The small ones can be made of the others byte for byte (`reduced`; all 3,781 were compared). So up to
`side` 128 both archives give the same arrays: photos of the official one are reduced first. Beyond, detail is what is
asked for, and only the official archive is taken. Pillow's decoder and encoder are part of the result: another release
of its JPEG library may round otherwise.

Photos are not all of a shape: a square is cut round the centre of each. Of the reduced ones it has 96 pixels
mostly, 72 to 128 of all.

Source: https://github.com/alexeygrigorev/clothing-dataset-small, its commit 11961516.
Licence: CC0.
"""

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tasks.common import catalogue, sources
from tasks.common.artifacts import Arrays
from tasks.common.errors import UserError
from tasks.common.fetch import CorruptError
from tasks.common.schema.datasets import Clothing
from tasks.common.sources import Source

NAME = "clothing"
SMALL, OFFICIAL = "clothing-small-128.zip", "11961516512414bf9f6c150a832cfd21b54a6b54.zip"
SUMS = {
    SMALL: "730d8faebe18e5044f95da653f9fb79729cb7c5af75c1ce76099f4a35d438bd3",
    OFFICIAL: "f8667cfe4a397f1be854d7d6c56118e4eaf6e9654ac37940e443dec3b4e55721",
}
"""`digest` of each archive's photos. GitHub packs archives anew now and then, so their own bytes prove nothing; the
official photos' digest was taken from the commit itself, git tree 78b24042178f02d2ec37cee1dbd23d73857fa539."""
URLS = {SMALL: (), OFFICIAL: ("https://github.com/alexeygrigorev/clothing-dataset-small/archive",)}
PARTS = {"train": ("train", "validation"), "test": ("test",)}
WIDE, HIGH, QUALITY = 128, 171, 86  # of the small archive's photos
PHOTO = re.compile(r"(?:[^/]+/)?((?:train|validation|test)/([^/]+)/[^/]+\.jpg)")
MOST_FILES, MOST_BYTES, MOST_PIXELS = 10_000, 2**20, 2**22  # in an archive, in a photo, in a photo
UNREADABLE = (ValueError, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


def photos(archive: zipfile.ZipFile) -> Iterator[tuple[str, str, bytes]]:
    """Of each photo its name below the archive's only folder, its class and its bytes, in the order of the names.

    Nothing is unpacked to disk, so paths and links in an archive lead nowhere.

    Raises:
        ValueError: If a photo is of no known class, is there twice, or there is more of anything than photos need.
    """
    members = archive.infolist()
    if len(members) > MOST_FILES:
        raise ValueError(f"holds {len(members):,} files; expected {MOST_FILES:,} at most")
    found: dict[str, tuple[str, zipfile.ZipInfo]] = {}
    for member in members:
        if not (matched := PHOTO.fullmatch(member.filename)):
            continue
        name, label = matched.groups()
        if label not in catalogue.KINDS[NAME].classes:
            raise ValueError(f"has '{name}', which is of no known class")
        if name in found:
            raise ValueError(f"has '{name}' twice")
        if member.file_size > MOST_BYTES:  # what a member's reader gives at most, whatever follows
            raise ValueError(f"has '{name}' with {member.file_size:,} bytes; photos have {MOST_BYTES:,} at most")
        found[name] = label, member
    for name in sorted(found):
        label, member = found[name]
        yield name, label, archive.read(member)


def digest(archive: zipfile.ZipFile) -> str:
    """One SHA-256 for the names and bytes of all photos: that of the lines ``sha256sum`` writes, in name order."""
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, _, content in photos(archive))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def verify(path: Path, sha256: str) -> None:
    """Compare an archive's photos with their `digest`.

    Raises:
        CorruptError: If they differ, or this is no archive of photos.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            found = digest(archive)
    except UNREADABLE as error:
        raise CorruptError(f"is no archive of these photos: {error}".lower()) from error
    if found != sha256:
        raise CorruptError(f"holds photos with digest {found[:12]}…, expected {sha256[:12]}…")


def places(side: int) -> tuple[str, list[Source]]:
    """What is looked for, and where, in the order the places are asked: the small archive, where it will do, is
    wanted first."""
    names = [SMALL, OFFICIAL] if side <= WIDE else [OFFICIAL]
    wanted = " or ".join(names)

    def giving(source: Source, name: str) -> Source:
        return Source(source.label, lambda _: ((wanted, path) for _, path in source.find([name])))

    return wanted, [
        giving(source, name) for name in names for source in sources.usual(NAME, {name: SUMS[name]}, URLS[name], verify)
    ]


def photo(content: bytes) -> Image.Image:
    """A photo as its file has it.

    Raises:
        ValueError: If it is none in colour, is too large, or is damaged.
    """
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
            if image.mode != "RGB" or image.width * image.height > MOST_PIXELS:
                raise ValueError(
                    f"is {image.width:,} × {image.height:,}, mode {image.mode}; expected RGB, 4 megapixels"
                )
            image.load()
            return image
    except (OSError, SyntaxError, Image.DecompressionBombError):
        raise ValueError("is no photo that can be read") from None


def reduced(image: Image.Image) -> bytes:
    """The file that the small archive has of a photo of the official one."""
    small = image.copy()
    small.thumbnail((WIDE, HIGH), Image.Resampling.BICUBIC, reducing_gap=2.0)
    room = io.BytesIO()
    small.save(room, "JPEG", quality=QUALITY)
    return room.getvalue()


def square(image: Image.Image, side: int) -> NDArray[np.uint8]:
    """A photo's central square, (side, side, 3). Pillow's bicubic filter weighs all pixels that a new one covers."""
    return np.asarray(ImageOps.fit(image, (side, side), Image.Resampling.BICUBIC))


def images(path: Path, side: int) -> dict[str, tuple[str, NDArray[np.uint8]]]:
    """Class and pixels of every photo of an archive, by name.

    Raises:
        UserError: If the archive or a photo is damaged.
    """
    name, found = "it", {}
    try:
        with zipfile.ZipFile(path) as archive:
            for name, label, content in photos(archive):
                image = photo(content)
                if side <= WIDE and max(image.width / WIDE, image.height / HIGH) > 1:
                    image = photo(reduced(image))
                found[name] = label, square(image, side)
    except UNREADABLE as error:
        raise UserError(f"data set '{NAME}': {path}: {name} {error}. Delete the archive and run again.") from error
    return found


def load(settings: Clothing, _seed: int) -> Arrays:
    """Images uint8 (3409 and 372, side, side, 3), labels int64 0..9 in order, and the class names.

    Raises:
        UserError: If no source has an archive, a photo cannot be read, or the disk is full.
    """
    wanted, asked = places(settings.side)
    try:
        path = sources.obtain(NAME, [wanted], asked)[wanted]
    except UserError as error:
        if settings.side > WIDE:
            raise UserError(f"{error}\nUp to `side: {WIDE}`, {SMALL} will do as well.") from error
        raise
    found, classes = images(path, settings.side), catalogue.KINDS[NAME].classes
    arrays: Arrays = {"classes": np.array(classes)}
    for part, folders in PARTS.items():
        chosen = sorted(
            (classes.index(label), name) for name, (label, _) in found.items() if name.split("/")[0] in folders
        )
        arrays[f"{part}_x"] = np.stack([found[name][1] for _, name in chosen])
        arrays[f"{part}_y"] = np.array([label for label, _ in chosen], np.int64)
    return arrays
