"""Data sets by the `kind` params.yaml gives them; all are called (settings, seed) and return the arrays of a
`data/raw` file:

    train_x (n, ...) uint8 images, float32 rows or int32 token numbers, train_y (n,) int64, test_x and test_y alike,
    classes (k,) names;
    where there are auxiliary labels: train_auxiliary and test_auxiliary (n, a) float32, auxiliary_names (a,).

A study may take its source from one and its target from another if their samples have the same shape.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tasks.common.artifacts import Arrays
from tasks.datasets import clothing, digits, emnist, fashion, letters, mnist, omniglot, reviews, shifted, tables

KINDS: Mapping[str, Callable[[Any, int], Arrays]] = {
    "fashion-mnist": fashion.load,  # Xiao et al., 2017
    "mnist": mnist.load,  # LeCun et al., 1998
    "clothing": clothing.load,  # Grigorev, 2020
    "digits": digits.load,  # Xu et al., 1992
    "omniglot": omniglot.load,  # Lake et al., 2015
    "emnist": emnist.load,  # Cohen et al., 2017
    "letters": letters.load,  # Frey & Slate, 1991
    "reviews": reviews.load,  # Hutto & Gilbert, 2014
    "tables": tables.load,  # generated
    "shifted-tables": shifted.load,  # generated
}
