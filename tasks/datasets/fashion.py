"""Fashion-MNIST: 70,000 grey images of 28 × 28, ten kinds of clothing, from the first source that has it.

Source: "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms", arXiv:1708.07747.
Licence: MIT.
"""

import os
from pathlib import Path

import numpy as np

from tasks.common import catalogue, sources
from tasks.common.artifacts import Arrays
from tasks.common.schema.datasets import FashionMnist
from tasks.common.sources import Source
from tasks.datasets import idx

NAME = "fashion-mnist"
# SHA-256 of the uncompressed files. Debian's .gz files have other headers than the authors' (whose checksums
# torchvision and TFDS publish), so their bytes differ; unpacked, both are these.
SUMS = {
    "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
URLS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",  # the authors' first place; has no https
)
PACKAGE, PACKAGE_FOLDER = "dataset-fashion-mnist", "usr/share/datasets/fashion-mnist"


def places() -> list[Source]:
    """Where the files may come from, in the order they are asked."""
    cache = sources.cache(NAME)
    keras = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets" / NAME
    return [
        *sources.mirror(NAME, cache, SUMS),
        sources.folder(cache, SUMS, ours=True),
        sources.folder(keras, SUMS),
        sources.folder(Path("/", PACKAGE_FOLDER), SUMS),
        *(sources.web(url, cache, SUMS) for url in URLS),
        sources.debian(PACKAGE, PACKAGE_FOLDER, cache, SUMS),
    ]


def load(_settings: FashionMnist, _seed: int) -> Arrays:
    """Images uint8 (60000 and 10000, 28, 28), labels int64 0..9, and the class names.

    Raises:
        UserError: If no source has the files, or the disk is full.
    """
    found = sources.obtain(NAME, SUMS, places())
    return idx.parts(found) | {"classes": np.array(catalogue.KINDS[NAME].classes)}
