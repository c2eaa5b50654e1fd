"""EMNIST Balanced: 131,600 grey images of handwritten digits and letters, 28 × 28, 47 classes of equal size.

Digits, capitals, and the eleven small letters whose shape differs from their capital's. One archive of 562 MB holds
all of EMNIST; its four members are read where they are, without unpacking the rest.

Source: "EMNIST: an extension of MNIST to handwritten letters", arXiv:1702.05373.
Licence: its page names none, and asks for the citation.
"""

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.common import catalogue, integrity, sources
from tasks.common.artifacts import Arrays
from tasks.common.errors import UserError
from tasks.common.fetch import CorruptError
from tasks.common.schema.datasets import Emnist
from tasks.common.sources import Source
from tasks.datasets import idx

NAME, ARCHIVE = "emnist", "gzip.zip"
SUMS = {ARCHIVE: "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e"}
URLS = (
    "https://biometrics.nist.gov/cs_links/EMNIST",
    "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST",  # the older address
)
MEMBER = "emnist-balanced-{part}-{content}-ubyte.gz"


def places() -> list[Source]:
    """Where the archive may come from, in the order they are asked."""
    return sources.usual(NAME, SUMS, URLS)


def member(archive: Path, name: str) -> NDArray[np.uint8]:
    """The array that one idx file inside the archive holds, in whatever folder it is there.

    Raises:
        UserError: If it is not there or is damaged.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            path = next(path for path in opened.namelist() if path.rpartition("/")[2] == name)
            return idx.parse(integrity.decompressed(opened.read(path)))
    except StopIteration:
        reason = "it is not there"
    except (ValueError, zipfile.BadZipFile, CorruptError) as error:
        reason = str(error)
    raise UserError(f"data set '{NAME}': {name} in {archive}: {reason}. Delete the archive and run again.")


def load(_settings: Emnist, _seed: int) -> Arrays:
    """Images uint8 (112800 and 18800, 28, 28), labels int64 0..46, and the class names.

    The files hold columns first; here images are upright like MNIST's.

    Raises:
        UserError: If no source has the archive, it lacks a member, or the disk is full.
    """
    archive = sources.obtain(NAME, SUMS, places())[ARCHIVE]
    arrays: Arrays = {"classes": np.array(catalogue.KINDS[NAME].classes)}
    for part in ("train", "test"):
        images = member(archive, MEMBER.format(part=part, content="images-idx3"))
        arrays[f"{part}_x"] = np.ascontiguousarray(images.transpose(0, 2, 1))
        arrays[f"{part}_y"] = member(archive, MEMBER.format(part=part, content="labels-idx1")).astype(np.int64)
    return arrays
