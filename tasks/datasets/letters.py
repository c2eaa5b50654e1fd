"""Letter Recognition: 20,000 distorted capitals of 20 fonts, each described by 16 whole numbers 0..15.

The numbers measure an image that is not there: the box around the letter, how much is inked, moments and edges. As
its donor does, the first 16,000 rows are for training and the last 4,000 for testing.

Where UCI cannot be reached, its file is rebuilt, to the byte, from Debian's package of R's mlbench.

Source: "Letter Recognition Using Holland-Style Adaptive Classifiers", Machine Learning 6, 1991; UCI Machine Learning
Repository, "Letter Recognition", whose page says the licence.
"""

from pathlib import Path

import numpy as np

from tasks.common import catalogue, deb, integrity, sources
from tasks.common.artifacts import Arrays
from tasks.common.fetch import UnavailableError
from tasks.common.schema.datasets import Letters
from tasks.common.sources import Source
from tasks.datasets import rda

NAME, FILE, TRAIN_ROWS = "letters", "letter-recognition.data", 16_000
SUMS = {FILE: "2b89f3602cf768d3c8355267d2f13f2417809e101fc2b5ceee10db19a60de6e2"}
URLS = ("https://archive.ics.uci.edu/ml/machine-learning-databases/letter-recognition",)
PACKAGE = "r-cran-mlbench"
PACKAGED = "usr/lib/R/site-library/mlbench/data/LetterRecognition.rda"


def places() -> list[Source]:
    """Where the file may come from, in the order they are asked."""
    package = sources.package(f"Debian package {PACKAGE}", sources.cache(NAME), SUMS, rebuild)
    return [*sources.usual(NAME, SUMS, URLS), package]


def rebuild(room: Path) -> Path:
    """Fetch Debian's package into ``room`` and write UCI's file into a folder there.

    Raises:
        UnavailableError: If the package cannot be had, or holds something else.
    """
    packaged = deb.files(PACKAGE, room) / PACKAGED
    try:
        text = official(packaged.read_bytes())
    except FileNotFoundError:
        raise UnavailableError(f"the package has no {PACKAGED}") from None
    except ValueError as error:
        raise UnavailableError(f"{packaged.name} {error}") from error
    rebuilt = room / "rebuilt"
    rebuilt.mkdir()
    (rebuilt / FILE).write_text(text, encoding="ascii", newline="\n")
    return rebuilt


def official(content: bytes) -> str:
    """The text of UCI's file from R's: a line a letter, its name and its 16 numbers.

    Raises:
        ValueError: If it is not R's file of these letters.
    """
    letters, *numbers = rda.frame(content, "LetterRecognition").values()
    rows = zip(letters.tolist(), *(column.astype(int).tolist() for column in numbers), strict=True)
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


def load(_settings: Letters, _seed: int) -> Arrays:
    """Rows float32 (16000 and 4000, 16), labels int64 0..25, and the class names.

    Raises:
        UserError: If no source has the file, or the disk is full.
    """
    text = integrity.content(sources.obtain(NAME, SUMS, places())[FILE]).decode("ascii")
    rows = [line.split(",") for line in text.splitlines()]
    y = np.array([ord(row[0]) - ord("A") for row in rows], np.int64)
    x = np.array([row[1:] for row in rows], np.float32)
    return {
        "train_x": x[:TRAIN_ROWS],
        "train_y": y[:TRAIN_ROWS],
        "test_x": x[TRAIN_ROWS:],
        "test_y": y[TRAIN_ROWS:],
        "classes": np.array(catalogue.KINDS[NAME].classes),
    }
