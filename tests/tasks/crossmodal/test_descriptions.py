"""Descriptions of classes and their vectors."""

from pathlib import Path

import numpy as np
import pytest

from tasks.common import catalogue
from tasks.common.errors import UserError
from tasks.common.schema.study import Transformer
from tasks.common.words import Words
from tasks.crossmodal import descriptions
from tests.contracts.imports import ROOT

WORDS = ["the", ",", ".", "sleeve", "sole", "with", "a"]
VECTORS = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)


@pytest.mark.parametrize(("block", "kind"), [("fashion", "fashion-mnist"), ("clothing", "clothing")])
def test_every_class_of_our_data_sets_has_a_description_of_its_own(block: str, kind: str):
    found = descriptions.read(block, catalogue.KINDS[kind].classes)
    assert len({*found}) == len(catalogue.KINDS[kind].classes) == 10
    assert all(len(text.split()) < 40 for text in found)


def test_they_come_in_the_order_of_the_classes():
    two = descriptions.read("clothing", ["skirt", "hat"])
    assert two == descriptions.read("clothing", ["hat", "skirt"])[::-1]


def test_what_is_missing_is_told():
    with pytest.raises(UserError, match=r"descriptions has 'cloths'; known: fashion, clothing\. Did you mean 'cloth"):
        descriptions.read("cloths", ["hat"])
    with pytest.raises(UserError, match=r"clothing has no text for class 'hats'; add one\. Did you mean 'hat'"):
        descriptions.read("clothing", ["hats"])


def test_an_empty_text_is_none(tmp_path: Path):
    (tmp_path / "d.yaml").write_text("one: {a: ' ', b: text}\n", encoding="utf-8")
    with pytest.raises(UserError, match="no text for class 'a'"):
        descriptions.read("one", ["b", "a"], tmp_path / "d.yaml")


def test_tf_idf_is_counts_times_rarity_without_stop_words():
    """Words of these texts in the alphabet's order: collar, neck, sleeve, sole; rarity ln((1 + 3) / (1 + df)) + 1."""
    found = descriptions.tf_idf(["a sleeve and a collar", "the sleeve, the sleeve and a neck", "with a sole"])
    rare, common = np.log(2) + 1, np.log(4 / 3) + 1
    expected = np.array([[rare, 0, common, 0], [0, rare, 2 * common, 0], [0, 0, 0, rare]])
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected, axis=1, keepdims=True), rtol=1e-6)
    assert found.dtype == np.float32


def test_glove_is_the_mean_of_words_that_say_something():
    found = descriptions.glove(["The sleeve, with a sole.", "a sole unheard-of sole"], VECTORS, Words(WORDS))
    expected = descriptions.unit(np.stack([VECTORS[[5, 6]].mean(axis=0), VECTORS[6]]))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    with pytest.raises(UserError, match="no word of 'the unheard' has a vector"):
        descriptions.glove(["the unheard"], VECTORS, Words(WORDS))


def test_minilm_is_the_encoders_mean_of_length_1(monkeypatch: pytest.MonkeyPatch):
    """On a small encoder with weights of its own: equal texts are equal, other weights give other vectors."""
    sizes = {"kind": "transformer", "vocabulary": 9, "positions": 64, "width": 4, "blocks": 1, "heads": 2, "inner": 8}
    monkeypatch.setitem(descriptions.TEXTS, "minilm", sizes)
    settings = {**sizes, "activation": "gelu", "initializer": "glorot_uniform"}
    network = Transformer.model_validate(settings)
    whole = descriptions.models.build(network, (64,), 2, 5)
    body = descriptions.surgery.features(whole)
    weights = {v.path: np.asarray(v) + 0.1 for v in body.weights}
    found = descriptions.minilm(["the sleeve", "a sole", "the sleeve"], weights, Words(WORDS))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    assert np.array_equal(found[0], found[2])
    other = descriptions.minilm(["the sleeve", "a sole"], {k: v * 1.5 for k, v in weights.items()}, Words(WORDS))
    assert not np.allclose(found[:2], other)


def test_only_the_encoder_that_needs_weights_reads_them():
    def refuse() -> dict[str, np.ndarray]:
        raise AssertionError

    texts = ["a sleeve", "a sole"]
    assert np.array_equal(descriptions.encode("tf-idf", texts, refuse), descriptions.tf_idf(texts))


def test_the_vocabulary_has_as_many_words_as_there_are_vectors(monkeypatch: pytest.MonkeyPatch):
    asked = []
    monkeypatch.setattr(descriptions, "tokeniser", lambda *how: asked.append(how) or Words(WORDS))
    found = descriptions.encode("glove", ["a sole"], lambda: {"embeddings-words/embeddings": VECTORS})
    assert asked == [("words", 7)]
    assert np.array_equal(found, descriptions.glove(["a sole"], VECTORS, Words(WORDS)))


def test_unit_keeps_zeros():
    np.testing.assert_allclose(descriptions.unit(np.array([[3.0, 4], [0, 0]])), [[0.6, 0.8], [0, 0]])


def test_alike_is_the_mean_cosine_of_two():
    assert descriptions.alike(np.eye(3)) == 0
    assert descriptions.alike(np.ones((3, 1))) == pytest.approx(1)


def test_the_file_is_where_the_stage_says():
    assert descriptions.PATH == ROOT / "tasks/crossmodal/descriptions.yaml"
