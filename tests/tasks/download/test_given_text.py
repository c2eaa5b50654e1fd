"""MiniLM and GloVe: which number goes where, on small files; and what the real ones are known to say."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.common import tokens
from tasks.common.errors import UserError
from tasks.common.schema.datasets import Weights
from tasks.weights import glove, minilm
from tests.tasks import language

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(0)
WIDTH, INNER, PLACES = 4, 6, 5


def bert(blocks: int = minilm.BLOCKS) -> dict[str, Array]:
    """BERT's arrays, all different, with the two kinds that go unused."""

    def of(*shape: int) -> Array:
        return RNG.normal(size=shape).astype(np.float32)

    def norm(name: str) -> dict[str, Array]:
        return {f"{name}.LayerNorm.weight": of(WIDTH), f"{name}.LayerNorm.bias": of(WIDTH)}

    def dense(name: str, inputs: int, outputs: int) -> dict[str, Array]:
        return {f"{name}.weight": of(outputs, inputs), f"{name}.bias": of(outputs)}

    found: dict[str, Array] = {
        "embeddings.position_ids": np.arange(PLACES)[None],
        "embeddings.word_embeddings.weight": of(len(language.PIECES), WIDTH),
        "embeddings.position_embeddings.weight": of(PLACES, WIDTH),
        "embeddings.token_type_embeddings.weight": of(2, WIDTH),
        **norm("embeddings"),
        **dense("pooler.dense", WIDTH, WIDTH),
    }
    for block in range(blocks):
        layer = f"encoder.layer.{block}"
        for part in ("query", "key", "value"):
            found |= dense(f"{layer}.attention.self.{part}", WIDTH, WIDTH)
        found |= dense(f"{layer}.attention.output.dense", WIDTH, WIDTH) | norm(f"{layer}.attention.output")
        found |= dense(f"{layer}.intermediate.dense", WIDTH, INNER)
        found |= dense(f"{layer}.output.dense", INNER, WIDTH) | norm(f"{layer}.output")
    return found


def test_berts_arrays_are_our_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = bert()
    language.minilm(monkeypatch, theirs)
    ours = minilm.load(Weights(kind="weights", of="minilm"))
    assert list(ours)[:5] == [
        "embeddings-pieces/embeddings",
        "embeddings-positions/embeddings",
        "embeddings-norm/gamma",
        "embeddings-norm/beta",
        "block-1-query/kernel",
    ]
    assert len(ours) == 4 + 6 * (6 * 2 + 2 * 2)
    assert {array.dtype for array in ours.values()} == {np.dtype("float32")}
    types = theirs["embeddings.token_type_embeddings.weight"]
    positions = theirs["embeddings.position_embeddings.weight"]
    np.testing.assert_array_equal(ours["embeddings-positions/embeddings"], positions + types[0])
    np.testing.assert_array_equal(ours["embeddings-pieces/embeddings"], theirs["embeddings.word_embeddings.weight"])
    np.testing.assert_array_equal(ours["embeddings-norm/gamma"], theirs["embeddings.LayerNorm.weight"])
    for block in (1, 6):
        layer = f"encoder.layer.{block - 1}"
        for mine, name in {
            "query/kernel": "attention.self.query.weight",
            "key/bias": "attention.self.key.bias",
            "value/kernel": "attention.self.value.weight",
            "output/kernel": "attention.output.dense.weight",
            "attention-norm/gamma": "attention.output.LayerNorm.weight",
            "attention-norm/beta": "attention.output.LayerNorm.bias",
            "inner/kernel": "intermediate.dense.weight",
            "inner/bias": "intermediate.dense.bias",
            "outer/kernel": "output.dense.weight",
            "norm/gamma": "output.LayerNorm.weight",
            "norm/beta": "output.LayerNorm.bias",
        }.items():
            np.testing.assert_array_equal(ours[f"block-{block}-{mine}"], theirs[f"{layer}.{name}"].T)


def test_gloves_rows_are_padding_the_mean_and_the_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    language.glove(monkeypatch, tmp_path)
    (name, rows), *others = glove.load(Weights(kind="weights", of="glove", words=3)).items()
    assert (name, rows.shape, rows.dtype, others) == ("embeddings-words/embeddings", (5, 50), np.float32, [])
    assert not rows[0].any()
    np.testing.assert_allclose(rows[1], language.VECTORS.mean(axis=0), rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(rows[2:], language.VECTORS[:3])
    number = tokens.tokeniser("words", 3)
    np.testing.assert_array_equal(rows[number("the", 9)[0]], language.VECTORS[language.WORDS.index("the")])
    with pytest.raises(UserError, match="words is 99; GloVe has 14"):
        glove.load(Weights(kind="weights", of="glove", words=99))


def encoded(weights: dict[str, Array], numbers: list[int]) -> Array:
    """BERT as its paper has it, one text, in NumPy: the mean of the last block's vectors, of length 1."""
    from scipy.special import erf, softmax

    def dense(x: Array, name: str) -> Array:
        return x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]

    def norm(x: Array, name: str) -> Array:
        scaled = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return scaled * weights[f"{name}/gamma"] + weights[f"{name}/beta"]

    def heads(x: Array) -> Array:
        return x.reshape(len(x), 12, -1).swapaxes(0, 1)  # (12, length, 32)

    places = weights["embeddings-positions/embeddings"][: len(numbers)]
    x = norm(weights["embeddings-pieces/embeddings"][numbers] + places, "embeddings-norm")
    for block in (f"block-{number}" for number in range(1, 7)):
        query, key, value = (heads(dense(x, f"{block}-{part}")) for part in ("query", "key", "value"))
        seen = softmax(query @ key.swapaxes(1, 2) / np.sqrt(query.shape[2]), axis=-1) @ value
        x = norm(x + dense(seen.swapaxes(0, 1).reshape(x.shape), f"{block}-output"), f"{block}-attention-norm")
        inner = dense(x, f"{block}-inner")
        x = norm(x + dense(inner * (1 + erf(inner / np.sqrt(2))) / 2, f"{block}-outer"), f"{block}-norm")
    mean = x.mean(axis=0)
    result: Array = mean / np.linalg.norm(mean)
    return result


@pytest.mark.long
def test_minilm_knows_what_means_the_same(packages: None) -> None:
    """The real package, 83 MB. The three cosines are those that the model's makers show for these sentences."""
    weights = minilm.load(Weights(kind="weights", of="minilm"))
    shapes = {name: weights[name].shape for name in ("embeddings-pieces/embeddings", "embeddings-positions/embeddings")}
    assert shapes == {
        "embeddings-pieces/embeddings": (30522, 384),
        "embeddings-positions/embeddings": (512, 384),
    }
    assert weights["block-6-inner/kernel"].shape == (384, 1536)
    assert sum(array.size for array in weights.values()) == 22_713_216 - 384 * 385 - 2 * 384  # no pooler, no types
    number = tokens.tokeniser("pieces", 0)
    texts = ["That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    first, *others = (encoded(weights, number(text, 64)) for text in texts)
    np.testing.assert_allclose([first @ other for other in others], [0.6946, 0.9429, 0.2569], atol=6e-5)


@pytest.mark.long
def test_gloves_first_words_are_the_most_frequent(packages: None) -> None:
    """The real package, 76 MB."""
    rows = glove.load(Weights(kind="weights", of="glove"))["embeddings-words/embeddings"]
    assert rows.shape == (20_002, 50)
    number = tokens.tokeniser("words", 20_000)
    assert number("the , . of to and", 9) == [2, 3, 4, 5, 6, 7]
    np.testing.assert_allclose(rows[2, :4], [0.418, 0.24968, -0.41242, 0.1217], atol=1e-6)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    film = rows[number("film", 9)[0]]
    near = np.argsort(-(rows @ film) / np.maximum(lengths[:, 0], 1e-9))[:4]
    assert set(number("film movie films", 9)) <= set(near.tolist())
