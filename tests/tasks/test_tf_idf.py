"""tf-idf with logistic regression: scikit-learn's own pipeline on the same texts as strings, and what it looks at."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline

from tasks.common import outcomes
from tasks.common.objectives import predict
from tasks.common.samples import Array, Part, Sample
from tasks.common.schema.transfer import TfIdf
from tasks.models.cost import multiply_adds
from tasks.transfer import METHODS, tf_idf
from tests.tasks import toys

OTHERS = toys.texts(40, seed=8).train.x  # other texts, with words that the training part lacks


def trained(sample: Sample | None = None, strengths: tuple[float, ...] = (1.0, 100.0), pairs: bool = False):
    settings = TfIdf(strengths=list(strengths), pairs=pairs)
    return METHODS["tf-idf"](sample or toys.texts(), toys.source(), toys.TRANSFORMER, settings, 3)


def words(x: Array) -> list[str]:
    return [" ".join(f"w{int(token)}" for token in text if token) for text in x]


def pipeline(strength: float, pairs: bool):
    """What a person who has the texts as strings would write."""
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2 if pairs else 1), token_pattern=r"\S+"),
        LogisticRegression(C=strength, tol=1e-8, max_iter=10_000),
    )


def probabilities(logits: Array) -> Array:
    e = np.exp(logits.astype(np.float64))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize("strength", [0.3, 30.0])
def test_the_model_gives_scikit_learns_probabilities(classes: int, pairs: bool, strength: float):
    sample = toys.texts(classes=classes)
    model = trained(sample, (strength,), pairs).model
    reference = pipeline(strength, pairs).fit(words(sample.train.x), sample.train.y)
    for x in (sample.train.x, OTHERS):
        expected = reference.predict_proba(words(x))
        np.testing.assert_allclose(probabilities(predict(model, x)), expected, atol=2e-6)
        assert expected.std(axis=0).min() > 1e-3


def test_the_features_are_the_definition():
    """count · (ln((1 + n) / (1 + texts with it)) + 1), each text to length 1; of unknown terms alone, 0."""
    sample = toys.texts()
    model = trained(sample).model
    texts = [text[text != 0] for text in sample.train.x]
    terms = np.unique(np.concatenate(texts))
    counts = np.array([[(text == term).sum() for term in terms] for text in texts])
    values = counts * (np.log((1 + len(texts)) / (1 + (counts > 0).sum(axis=0))) + 1)
    values = values / np.linalg.norm(values, axis=1, keepdims=True)
    features = np.asarray(model.get_layer("terms")(sample.train.x))
    np.testing.assert_allclose(features[:, : len(terms)], values, atol=1e-6)
    assert not features[:, len(terms) :].any()
    strange = np.full((1, 10), 5, np.float32)
    assert not np.asarray(model.get_layer("terms")(strange)).any()
    bias = model.get_layer("head").get_weights()[1]
    assert np.array_equal(predict(model, strange), [bias])


def test_words_are_told_apart_by_order_with_pairs_alone():
    """Two classes with the same words, turned around: single tokens cannot tell them apart."""
    ways = np.array([[101, 110, 120, 102], [101, 120, 110, 102]], np.float32)
    x, y = np.tile(ways, (6, 1)), np.tile(np.array([0, 1], np.int32), 6)
    sample = Sample(Part(x, y, x[:, :1]), Part(x, y, x[:, :1]), ("a", "b"))
    alone, both = (trained(sample, (100.0,), pairs) for pairs in (False, True))
    assert alone.course.validation_loss == pytest.approx(np.log(2))
    np.testing.assert_allclose(probabilities(predict(alone.model, ways)), 0.5, atol=1e-6)
    assert both.course.validation_loss < 0.1
    assert np.array_equal(predict(both.model, ways).argmax(axis=1), [0, 1])


def test_the_strength_is_chosen_on_the_validation_part():
    sample, strengths = toys.texts(), (0.01, 1000.0, 1.0, 10.0)
    result = trained(sample, strengths)
    losses = []
    for strength in strengths:
        fitted = pipeline(strength, False).fit(words(sample.train.x), sample.train.y)
        losses.append(log_loss(sample.validation.y, fitted.predict_proba(words(sample.validation.x))))
    assert result.notes["strength"] == strengths[int(np.argmin(losses))]
    assert 0 < int(np.argmin(losses)) < 3
    assert result.course.validation_loss == pytest.approx(min(losses), rel=1e-6)
    assert result.trainings == 4
    hits = predict(result.model, sample.validation.x).argmax(axis=1) == sample.validation.y
    assert result.course.validation_accuracy == hits.mean()


def test_only_the_training_part_is_fitted():
    """Another validation part may choose another strength, and changes nothing else; terms of it are not known."""
    sample, other = toys.texts(), toys.texts(seed=5)
    swapped = Sample(sample.train, other.validation, sample.classes)
    assert toys.same(trained(sample, (1.0,)).model, trained(swapped, (1.0,)).model)
    terms = tf_idf.terms_of(sample.train.x, False, 999)
    assert {*terms[:, 0]} == {*np.unique(sample.train.x)} - {0}


def test_of_too_many_terms_the_most_frequent_are_kept(monkeypatch: pytest.MonkeyPatch):
    x = np.array([[104, 105, 106, 105], [107, 106, 105, 104]], np.float32)
    assert tf_idf.terms_of(x, True, most=3).tolist() == [[104, 0], [105, 0], [106, 0]]
    assert tf_idf.terms_of(x, True, most=4).tolist() == [[104, 0], [105, 0], [106, 0], [106, 105]]
    assert [104, 105] in tf_idf.terms_of(x, True, most=5).tolist()
    monkeypatch.setattr(tf_idf, "MOST", 25)
    result = trained(pairs=True)
    assert result.notes["terms"] == 25
    assert result.model.get_layer("terms").output.shape == (None, 25)


def test_the_order_of_texts_and_more_padding_change_nothing():
    sample = toys.texts()
    turned = Part(*(values[::-1] for values in (sample.train.x, sample.train.y, sample.train.auxiliary)))
    usual = predict(trained(sample, pairs=True).model, OTHERS)
    other = predict(trained(Sample(turned, sample.validation, sample.classes), pairs=True).model, OTHERS)
    np.testing.assert_allclose(other, usual, atol=1e-5)
    wide = [Part(np.pad(p.x, ((0, 0), (0, 3))), p.y, p.auxiliary) for p in (sample.train, sample.validation)]
    padded = trained(Sample(*wide, sample.classes), pairs=True).model
    np.testing.assert_allclose(predict(padded, np.pad(OTHERS, ((0, 0), (0, 3)))), usual, atol=1e-5)


def test_all_repeats_share_an_architecture_that_can_be_saved(tmp_path: Path):
    results = [trained(toys.texts(seed=seed), pairs=True) for seed in (0, 5)]
    assert results[0].notes["terms"] != results[1].notes["terms"]
    outcomes.save(tmp_path / "two", results, {})
    for repeat, result in enumerate(results):
        assert np.array_equal(predict(outcomes.load(tmp_path / "two", repeat), OTHERS), predict(result.model, OTHERS))


def test_what_was_fitted_is_counted_and_the_free_room_holds_nothing():
    result = trained(pairs=True)
    terms = len(tf_idf.terms_of(toys.texts().train.x, True, 999))
    assert result.moved == (terms + 1) * 3
    assert result.notes["terms"] == terms
    kernel, _ = result.model.get_layer("head").get_weights()
    assert len(kernel) == 30 * 19 == tf_idf.room(10, 30, True)
    assert not kernel[terms:].any()
    assert multiply_adds(result.model) == 30 * 19 * 3


def test_two_runs_give_the_same_bytes_and_counts_are_scikit_learns():
    assert toys.same(trained(pairs=True).model, trained(pairs=True).model)
    x = toys.texts().train.x
    expected = CountVectorizer(token_pattern=r"\S+", ngram_range=(1, 2)).fit_transform(words(x))
    counted = tf_idf.counts(x, tf_idf.terms_of(x, True, 999))
    assert counted.sum() == expected.sum()
    weighted = TfidfTransformer().fit_transform(counted)
    np.testing.assert_allclose(
        np.sort(weighted.sum(axis=0)), np.sort(TfidfTransformer().fit_transform(expected).sum(axis=0))
    )
