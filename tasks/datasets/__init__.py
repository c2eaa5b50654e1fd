"""Data sets by the `kind` params.yaml gives them; all are called (settings, seed) and return the arrays of a
`data/raw` file:

    train_x (n, ...) uint8 images or float32 rows, train_y (n,) int64, test_x and test_y alike, classes (k,) names;
    where there are auxiliary labels: train_auxiliary and test_auxiliary (n, a) float32, auxiliary_names (a,).
"""

from collections.abc import Callable, Mapping
from typing import Any

from tasks.common.artifacts import Arrays
from tasks.datasets import fashion, tables

KINDS: Mapping[str, Callable[[Any, int], Arrays]] = {
    "fashion-mnist": fashion.load,  # Xiao et al., 2017
    "tables": tables.load,  # generated
}
