"""A text file with a label and a text on every line: a bag of words, or token numbers in their order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tasks.common import paths, texts, tokens
from tasks.common.artifacts import Arrays
from tasks.common.errors import UserError
from tasks.common.schema.own import OwnText
from tasks.own import cells, columns, parts

Array = np.ndarray[Any, Any]
MARK = "__label__"


def load(settings: OwnText, path: Path, seed: int) -> Arrays:
    """Texts and labels, in the form that `tasks.own` describes.

    Raises:
        UserError: If a line has no label or no text, or a label is no class.
    """
    content = cells.decoded(paths.a_file(path, cells.MOST_BYTES).read_bytes(), settings.encoding)
    pairs = lines(content, settings.label)
    y = parts.labels([label for label, _ in pairs], settings.names, "the file")
    test = parts.held_out(y, settings.test, seed)
    said = [text for _, text in pairs]
    x, rest = _bags(said) if settings.tokens == "none" else _numbered(said, test, settings)
    arrays: Arrays = {"classes": np.array(settings.names)}
    for part, rows in (("train", ~test), ("test", test)):
        arrays |= {f"{part}_x": x[rows], f"{part}_y": y[rows]}
    return arrays | rest


def _bags(said: list[str]) -> tuple[Array, Arrays]:
    """Rows of one text column, whose words `split` counts, and the texts as they stand in the file."""
    names = {"number_names": [], "category_names": [], "text_names": ["text"]}
    listed = {name: np.array(columns_, dtype=np.str_) for name, columns_ in names.items()}
    return columns.structured([], [], len(said), 1), listed | texts.packed(said)


def _numbered(said: list[str], test: Array, settings: OwnText) -> tuple[Array, Arrays]:
    """Token numbers int32 (n, length), and the texts, those of the training part first."""
    x = tokens.numbered(said, tokens.tokeniser(settings.tokens, settings.words), settings.length)
    order = np.argsort(test, kind="stable")
    return x, texts.packed([said[row] for row in order.tolist()])


def lines(content: str, label: str) -> list[tuple[str, str]]:
    """Label and text of every line that is not blank.

    Raises:
        UserError: If a line lacks one of them: says which.
    """
    found = []
    for number, line in enumerate(content.split("\n"), start=1):
        if line.strip():
            pair = _parted(line.strip(), label)
            if not all(pair):
                expected = (
                    f"{MARK}NAME and a text"
                    if label == MARK
                    else f"a label and a text with a tab between, label {label}"
                )
                raise UserError(f"line {number} is '{line.strip()[:60]}'; expected {expected}.")
            found.append(pair)
    return found


def _parted(line: str, label: str) -> tuple[str, str]:
    if label == MARK:
        if not line.startswith(MARK):
            return "", ""
        name, _, text = line.removeprefix(MARK).partition(" ")
    elif label == "first":
        name, _, text = line.partition("\t")
    else:
        text, _, name = line.rpartition("\t")
    return name.strip(), text.strip()
