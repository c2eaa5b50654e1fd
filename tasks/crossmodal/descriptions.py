"""Descriptions of classes, and vectors made of them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

from tasks import models
from tasks.common.artifacts import Arrays
from tasks.common.errors import UserError, nearest, unknown
from tasks.common.given import TEXTS
from tasks.common.objectives import predict
from tasks.common.samples import Array
from tasks.common.schema.study import Transformer
from tasks.common.tokens import Tokeniser, numbered, tokeniser
from tasks.common.words import FIRST, UNKNOWN
from tasks.models import surgery

PATH = Path(__file__).with_name("descriptions.yaml")
LENGTH = 64  # word pieces of a description at most


def read(block: str, classes: Sequence[str], path: Path = PATH) -> list[str]:
    """The description of each class, in the order of ``classes``.

    Raises:
        UserError: If there is no such block, or a class has no description in it.
    """
    blocks = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    if block not in blocks:
        raise UserError(unknown(f"{path.name}: descriptions", block, blocks))
    found: Mapping[str, str] = blocks[block]
    for name in classes:
        if not isinstance(found.get(name), str) or not found[name].strip():
            raise UserError(f"{path.name}: {block} has no text for class '{name}'; add one.{nearest(name, found)}")
    return [found[name] for name in classes]


def unit(rows: Array) -> Array:
    """Rows of length 1, float32; a row of zeros stays."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), np.float32)


def tf_idf(texts: Sequence[str]) -> Array:
    """How often each word is in a text, times the logarithm of how rare it is among the texts; (texts, words).

    Which words there are, and how rare each is, is taken from all descriptions together, those of held-out classes
    included. No image and no label of an image has any part in it.
    """
    return unit(TfidfVectorizer(stop_words="english").fit_transform(texts).toarray())


def glove(texts: Sequence[str], vectors: Array, number: Tokeniser) -> Array:
    """The mean vector of each text's words, (texts, 50), without those of scikit-learn's list of English stop words.

    Args:
        vectors: Of the words by their number.
        number: Words to numbers.

    Raises:
        UserError: If no word of a text has a vector.
    """
    stops = {found for word in sorted(ENGLISH_STOP_WORDS) for found in number(word, LENGTH)}
    stops |= {found for mark in ".,;:!?'\"()-" for found in number(mark, LENGTH)} | {UNKNOWN}
    rows = []
    for text in texts:
        found = [one for one in number(text, LENGTH) if one not in stops]
        if not found:
            raise UserError(f"descriptions: no word of '{text}' has a vector; use more frequent words.")
        rows.append(vectors[found].mean(axis=0, dtype=np.float64))
    return unit(np.stack(rows))


def minilm(texts: Sequence[str], weights: Arrays, number: Tokeniser) -> Array:
    """What MiniLM makes of each text, the mean over its word pieces, (texts, 384)."""
    settings = {**TEXTS["minilm"], "activation": "gelu", "initializer": "glorot_uniform"}
    network = Transformer.model_validate(settings)
    model = surgery.copy(surgery.features(models.build(network, (LENGTH,), 2, 0)))
    surgery.assign(model, weights)
    return unit(predict(model, numbered(texts, number, LENGTH).astype(np.float32)))


def encode(encoder: str, texts: Sequence[str], weights: Callable[[], Arrays]) -> Array:
    """Vectors of length 1 of the texts, float32.

    Args:
        encoder: ``tf-idf``, ``glove`` or ``minilm``.
        weights: Reads the encoder's arrays; tf-idf needs none.
    """
    if encoder == "tf-idf":
        return tf_idf(texts)
    if encoder == "glove":
        vectors = weights()["embeddings-words/embeddings"]
        return glove(texts, vectors, tokeniser("words", len(vectors) - FIRST))
    return minilm(texts, weights(), tokeniser("pieces", 0))


def alike(vectors: Array) -> float:
    """The mean cosine between two descriptions, given vectors of length 1: the nearer to 1, the harder the task."""
    return float((vectors @ vectors.T)[np.triu_indices(len(vectors), 1)].mean())
