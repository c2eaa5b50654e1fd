"""UCI digits: 1,797 handwritten digits of 43 people, 8 × 8, as scikit-learn ships them.

Each cell counts the inked pixels of a 4 × 4 block of the scan, 0..16. Here 16 is 255, so that a cell full of ink is
what it is in MNIST. The data come without a test part: 600 samples are held out, chosen by the seed.

Source: "Methods of combining multiple classifiers and their applications to handwriting recognition", IEEE Trans.
SMC 22(3), 1992; UCI Machine Learning Repository, "Optical Recognition of Handwritten Digits", its test file.
Licence: CC BY 4.0 by UCI's site.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from tasks.common import catalogue, seeds
from tasks.common.artifacts import Arrays
from tasks.common.errors import UserError
from tasks.common.schema.datasets import Digits
from tasks.datasets import parts

NAME = "digits"
FULL = 16  # inked pixels of a block
TEST_ROWS = 600
SHA256 = "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"  # of UCI's file optdigits.tes


def official(counts: NDArray[np.int64], labels: NDArray[np.int64]) -> bytes:
    """The text of UCI's file: a line a sample, its 64 counts and its label."""
    rows = np.column_stack([counts.reshape(len(counts), -1), labels]).tolist()
    return "".join(",".join(map(str, row)) + "\n" for row in rows).encode()


def grey(counts: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Counts 0..16 as 0..255, rounded to whole numbers, halves up."""
    return ((2 * 255 * counts + FULL) // (2 * FULL)).astype(np.uint8)


def load(_settings: Digits, seed: int) -> Arrays:
    """Images uint8 (1197 and 600, 8, 8), labels int64 0..9, and the class names.

    Raises:
        UserError: If this scikit-learn ships other digits than UCI's.
    """
    import sklearn  # here, because it takes a second that only this data set should cost
    from sklearn.datasets import load_digits

    held = load_digits()
    counts, labels = held.images.astype(np.int64), held.target.astype(np.int64)
    found = hashlib.sha256(official(counts, labels)).hexdigest()
    if found != SHA256:
        raise UserError(
            f"data set '{NAME}': the digits of scikit-learn {sklearn.__version__} have sha256 {found[:12]}…, UCI's "
            f"{SHA256[:12]}…. Install the scikit-learn of requirements.lock: make setup."
        )
    test = parts.held_out(labels, TEST_ROWS, seeds.generator(seed, NAME))
    images = grey(counts)
    return {
        "train_x": images[~test],
        "train_y": labels[~test],
        "test_x": images[test],
        "test_y": labels[test],
        "classes": np.array(catalogue.KINDS[NAME].classes),
    }
