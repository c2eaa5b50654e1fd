"""Columns of own tables and texts made into inputs of a network, by rules fitted on the source's training part alone.

Numbers: the median where one is missing, a further input that says so, mean 0 and deviation 1. Categories: an input a
value, one for all that are rare, new or beyond the limit, one for missing. Texts: tf-idf of words, or hashed counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tasks.common import texts
from tasks.common.artifacts import Arrays
from tasks.common.errors import UserError
from tasks.common.schema.own import Encoding

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, Any]
NAMES = ("number_names", "category_names", "text_names")
RARE = 3
"""A value that fewer samples of the training part have shares an input with others: alone it tells nothing."""


def needed(raw: Arrays) -> bool:
    """Whether a data set has columns, and no inputs yet."""
    return raw["train_x"].dtype.names is not None


def agreeing(source: Arrays, target: Arrays) -> None:
    """Nothing, if both have the same columns of the same kinds.

    Raises:
        UserError: If not: names those that only one has.
    """
    if needed(source) != needed(target):
        raise UserError("of source and target one is a table with columns and one is not; both must be of one kind.")
    for name in NAMES if needed(source) else ():
        ours, theirs = source[name].tolist(), target[name].tolist()
        if sorted(ours) != sorted(theirs):
            only = [f"'{column}' (source only)" for column in ours if column not in theirs]
            only += [f"'{column}' (target only)" for column in theirs if column not in ours]
            kind = name.removesuffix("_names").replace("number", "number or date")
            raise UserError(f"source and target differ in their {kind} columns: {', '.join(only)}; list the same.")


def frame(raw: Arrays, x: Array) -> pd.DataFrame:
    """Rows ``x`` (n,) as a table with a column for each name."""
    import pandas as pd  # here: studies of other data need neither it nor scikit-learn

    content: dict[str, Any] = {}
    for index, name in enumerate(raw["number_names"].tolist()):
        content[name] = x["numbers"][:, index]
    for index, name in enumerate(raw["category_names"].tolist()):
        content[name] = x["categories"][:, index].astype(object)
    for index, name in enumerate(raw["text_names"].tolist()):
        content[name] = texts.unpacked(raw, x["texts"][:, index])
    return pd.DataFrame(content, index=range(len(x)))


class Encoder:
    """Inputs float32 (n, features) of rows, once fitted."""

    def __init__(self, raw: Arrays, x: Array, settings: Encoding) -> None:
        """Fit on rows ``x`` of the source.

        Raises:
            UserError: If the texts hold no words.
        """
        numbers, categories, words = (raw[name].tolist() for name in NAMES)
        self._columns = [*numbers, *categories, *words]
        self._transformer = _transformer(numbers, categories, words, settings)
        try:
            self._transformer.fit(frame(raw, x)[self._columns])
        except ValueError as error:
            if "empty vocabulary" in str(error):
                raise UserError(
                    "the source's texts hold no words of two letters or more, so nothing is left."
                ) from None
            raise

    def __call__(self, raw: Arrays, x: Array) -> Array:
        """Inputs of rows ``x`` (n,) or, with a leading axis of repeats, (r, n)."""
        flat = x.reshape(-1)
        encoded = np.asarray(self._transformer.transform(frame(raw, flat)[self._columns]), np.float32)
        return encoded.reshape(*x.shape, encoded.shape[1])


def _transformer(numbers: list[str], categories: list[str], words: list[str], settings: Encoding) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    parts: list[tuple[str, Any, Any]] = []
    if numbers:
        imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
        parts.append(("numbers", make_pipeline(imputer, StandardScaler()), numbers))
    if categories:
        encoder = OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=RARE,
            max_categories=settings.categories,
            sparse_output=False,
        )
        parts.append(("categories", encoder, categories))
    for name in words:
        vectoriser = (
            TfidfVectorizer(max_features=settings.features, sublinear_tf=True)
            if settings.texts == "tf-idf"
            else HashingVectorizer(n_features=settings.features)
        )
        parts.append((f"text {name}", vectoriser, name))
    return ColumnTransformer(parts, sparse_threshold=0)
