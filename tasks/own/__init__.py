"""Data sets of a person's own by their `kind`; all are called (settings, path, seed) and return the arrays of a
`data/raw` file, as `tasks.datasets` describes them, but for two things:

    rows of an own table or text are a structured array (n,) with the fields `numbers` float64 (a,), NaN where one is
    missing, `categories` text (b,), empty where missing, and `texts` int64 (t,), places in the text that `texts`
    (UTF-8) and `text_ends` hold; `number_names`, `category_names` and `text_names` name them. `split` makes inputs of
    them, fitted on the source's training part.
    `train_group` and `test_group` (n,) where rows belong to groups.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tasks.common.artifacts import Arrays
from tasks.own import arrays, images, table, text

KINDS: Mapping[str, Callable[[Any, Path, int], Arrays]] = {
    "own-table": table.load,
    "own-arrays": arrays.load,
    "own-images": images.load,
    "own-text": text.load,
}
