"""Networks for texts: BERT's formula in NumPy, what padding and order change, names, costs, and a known encoder."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from scipy.special import erf

from tasks import models
from tasks.common import outcomes, tokens
from tasks.common.errors import UserError
from tasks.common.objectives import predict
from tasks.common.outcomes import Trained
from tasks.common.phases import Course
from tasks.common.schema.datasets import Weights
from tasks.common.schema.study import Transformer
from tasks.models import given, surgery
from tasks.models.cost import multiply_adds
from tasks.weights import minilm
from tests.tasks import toys

NETWORKS = [toys.TRANSFORMER, toys.EMBEDDING]
TEXTS = toys.texts().train.x
RNG = np.random.default_rng(4)


def stirred(network: Any, length: int = 10, seed: int = 5) -> keras.Model:
    """A network in which every weight, bias and scale has a value of its own, far enough from 0 to matter."""
    model = models.build(network, (length,), 3, seed)
    rng = np.random.default_rng(seed)
    model.set_weights([w + rng.normal(0, 0.3, w.shape).astype(np.float32) for w in model.get_weights()])
    return model


def weights_of(model: keras.Model) -> dict[str, np.ndarray]:
    pairs = [(f"{layer.name}/{v.name}", np.asarray(v, np.float64)) for layer in model.layers for v in layer.weights]
    return dict(pairs)


def bert(w: dict[str, np.ndarray], text: np.ndarray, heads: int, blocks: int) -> np.ndarray:
    """One text (length,) to logits, as BERT's paper and its published code define it: padding is simply left out."""
    text = text[text != 0].astype(int)

    def dense(x: np.ndarray, name: str) -> np.ndarray:
        return x @ w[f"{name}/kernel"] + w[f"{name}/bias"]

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return x * w[f"{name}/gamma"] + w[f"{name}/beta"]

    x = w["embeddings-pieces/embeddings"][text] + w["embeddings-positions/embeddings"][: len(text)]
    x = norm(x, "embeddings-norm")
    for k in range(1, blocks + 1):
        seen = []
        for q, key, v in zip(
            *(np.split(dense(x, f"block-{k}-{part}"), heads, axis=1) for part in ("query", "key", "value")), strict=True
        ):
            scores = np.exp(q @ key.T / np.sqrt(q.shape[1]))
            seen.append(scores / scores.sum(axis=1, keepdims=True) @ v)
        x = norm(x + dense(np.concatenate(seen, axis=1), f"block-{k}-output"), f"block-{k}-attention-norm")
        inner = dense(x, f"block-{k}-inner")
        inner = inner * (1 + erf(inner / np.sqrt(2))) / 2
        x = norm(x + dense(inner, f"block-{k}-outer"), f"block-{k}-norm")
    return dense(x.mean(axis=0), "head")


def test_the_transformer_is_berts_formula():
    model = stirred(toys.TRANSFORMER)
    expected = [bert(weights_of(model), text, heads=2, blocks=2) for text in TEXTS]
    np.testing.assert_allclose(predict(model, TEXTS), expected, rtol=1e-4, atol=1e-5)
    assert np.std(expected, axis=0).min() > 0.05  # texts differ, so the comparison says something


def test_the_embedding_network_is_dense_layers_on_the_mean_of_word_vectors():
    model = stirred(toys.EMBEDDING)
    w = weights_of(model)
    means = np.stack([w["embeddings-words/embeddings"][text[text != 0].astype(int)].mean(axis=0) for text in TEXTS])
    hidden = np.maximum(means @ w["hidden-1/kernel"] + w["hidden-1/bias"], 0)
    expected = hidden @ w["head/kernel"] + w["head/bias"]
    np.testing.assert_allclose(predict(model, TEXTS), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.kind)
def test_padding_changes_nothing(network: Any):
    """The same weights for longer texts: two more columns of padding, and rows that are all padding stay finite."""
    short, long = stirred(network, 10), stirred(network, 12)
    padded = np.pad(TEXTS, ((0, 0), (0, 2)))
    np.testing.assert_allclose(predict(long, padded), predict(short, TEXTS), rtol=1e-4, atol=1e-5)
    empty = predict(long, np.zeros((2, 12), np.float32))
    assert np.isfinite(empty).all()


def test_a_text_of_padding_alone_has_the_mean_zero():
    model = surgery.features(stirred(toys.TRANSFORMER))
    assert np.array_equal(predict(model, np.zeros((1, 10), np.float32)), np.zeros((1, 8)))


def test_the_order_of_words_matters_to_the_transformer_by_its_positions_alone():
    text = np.array([[101, 104, 110, 120, 127, 102, 0, 0, 0, 0]], np.float32)
    turned = text[:, [3, 5, 0, 2, 1, 4, 6, 7, 8, 9]]
    bag, encoder = stirred(toys.EMBEDDING), stirred(toys.TRANSFORMER)
    np.testing.assert_allclose(predict(bag, text), predict(bag, turned), rtol=1e-5, atol=1e-6)
    assert np.abs(predict(encoder, text) - predict(encoder, turned)).max() > 1e-2
    positions = encoder.get_layer("embeddings-positions").embeddings
    positions.assign(np.zeros(positions.shape))
    np.testing.assert_allclose(predict(encoder, text), predict(encoder, turned), rtol=1e-4, atol=1e-5)


def test_texts_of_a_batch_do_not_see_each_other():
    model = stirred(toys.TRANSFORMER)
    alone = np.concatenate([predict(model, text[None]) for text in TEXTS[:6]])
    np.testing.assert_allclose(predict(model, TEXTS)[:6], alone, rtol=1e-4, atol=1e-6)


def test_the_names_and_shapes_are_those_that_berts_weights_are_given_by():
    model = models.build(toys.TRANSFORMER, (10,), 3, 1)
    shapes = {name: array.shape for name, array in weights_of(model).items()}
    block = {
        **dict.fromkeys(("query/kernel", "key/kernel", "value/kernel", "output/kernel"), (8, 8)),
        **dict.fromkeys(("query/bias", "key/bias", "value/bias", "output/bias", "outer/bias"), (8,)),
        "inner/kernel": (8, 12),
        "inner/bias": (12,),
        "outer/kernel": (12, 8),
        **{f"{norm}/{part}": (8,) for norm in ("attention-norm", "norm") for part in ("gamma", "beta")},
    }
    assert shapes == {
        "embeddings-pieces/embeddings": (130, 8),
        "embeddings-positions/embeddings": (12, 8),
        "embeddings-norm/gamma": (8,),
        "embeddings-norm/beta": (8,),
        **{f"block-{k}-{name}": shape for k in (1, 2) for name, shape in block.items()},
        "head/kernel": (8, 3),
        "head/bias": (3,),
    }


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.kind)
def test_every_layer_with_weights_belongs_to_a_hidden_layer_whose_last_one_gives_its_output(network: Any):
    model = models.build(network, (10,), 3, 1)
    owned = [layer.name for layer in surgery.layers_of(model, network.hidden) if layer.weights]
    assert owned == [layer.name for layer in surgery.hidden_layers(model)]
    last = [surgery.layers_of(model, [name])[-1].name for name in network.hidden]
    ends = {
        "transformer": ["embeddings-norm", "block-1-norm", "block-2-norm"],
        "embedding": ["embeddings-words", "hidden-1"],
    }
    assert last == ends[network.kind]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.kind)
def test_initial_weights_come_from_seed_and_name_and_a_copy_or_a_saved_network_predicts_the_same(
    network: Any, tmp_path: Path
):
    first, again, other = (models.build(network, (10,), 3, seed) for seed in (1, 1, 2))
    assert toys.same(first, again)
    assert not toys.same(first, other)
    start = weights_of(first)
    kernels = [array for name, array in start.items() if array.ndim == 2]
    assert len({array.tobytes() for array in kernels}) == len(kernels)  # no two layers start alike
    model = stirred(network)
    expected = predict(model, TEXTS)
    assert np.array_equal(predict(surgery.copy(model), TEXTS), expected)
    outcomes.save(tmp_path / "one", [Trained(model, Course(validation_loss=1.0), None, 0, 0)], {})
    assert np.array_equal(predict(outcomes.load(tmp_path / "one", 0), TEXTS), expected)


def test_embeddings_start_as_berts_do_and_word_vectors_with_a_length_of_one():
    large = toys.TRANSFORMER.model_copy(update={"vocabulary": 2000, "width": 16})
    w = weights_of(models.build(large, (10,), 3, 1))
    assert w["embeddings-pieces/embeddings"].std() == pytest.approx(0.02, rel=0.15)
    assert w["embeddings-positions/embeddings"].std() == pytest.approx(0.02, rel=0.2)
    w = weights_of(models.build(toys.EMBEDDING, (10,), 3, 1))
    assert np.square(w["embeddings-words/embeddings"]).sum(axis=1).mean() == pytest.approx(1, rel=0.2)


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.kind)
def test_in_bfloat16_token_numbers_are_not_rounded(network: Any):
    """bfloat16 has 8 bits: 1001 and 1000 are the same number in it, and must stay two words."""
    large = network.model_copy(update={"vocabulary": 1100})
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = stirred(large)
        left, right = (predict(model, np.full((1, 10), token, np.float32)) for token in (1000, 1001))
        assert model.get_layer("pool").compute_dtype == "bfloat16"
    finally:
        keras.config.set_dtype_policy(before)
    assert not np.array_equal(left, right)


def test_texts_longer_than_the_network_and_other_samples_are_refused():
    with pytest.raises(UserError, match=r"texts have 13 tokens and network.positions is 12"):
        models.build(toys.TRANSFORMER, (13,), 3, 1)
    for network in NETWORKS:
        with pytest.raises(UserError, match=r"token numbers; a sample here has shape \(8, 8\)"):
            models.build(network, (8, 8), 3, 1)


def test_multiply_adds_by_hand():
    """Of each block at 10 positions 4 · 8 · 8 and 2 · 8 · 12, and of attention 2 · 10 · 10 · 8."""
    block = 10 * (4 * 8 * 8 + 2 * 8 * 12) + 2 * 10 * 10 * 8
    assert multiply_adds(models.build(toys.TRANSFORMER, (10,), 3, 1)) == 2 * block + 8 * 3
    assert multiply_adds(models.build(toys.EMBEDDING, (10,), 3, 1)) == 6 * 5 + 5 * 3


@pytest.mark.long
def test_minilm_finds_what_its_publishers_find():
    """The example of its model card's hosted widget: cosines of one sentence with three others, of 91 MB of weights."""
    network = Transformer(
        kind="transformer", vocabulary=30522, positions=512, width=384, blocks=6, heads=12, inner=1536
    )
    model = given.build(network, (16,), minilm.load(Weights(kind="weights", of="minilm")), 1)
    sentences = ["That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    x = tokens.numbered(sentences, tokens.tokeniser("pieces", 0), 16).astype(np.float32)
    vectors = predict(model, x).astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(vectors[1:] @ vectors[0], [0.6945773, 0.9429151, 0.2568761], atol=2e-6)
