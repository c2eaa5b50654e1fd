"""Logistic regression on tf-idf: what texts are told apart by without any network, and the bar for those with one."""

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from tasks.common.backend import keras
from tasks.common.outcomes import Trained
from tasks.common.phases import Course
from tasks.common.samples import Part, Sample
from tasks.common.schema.study import Network
from tasks.common.schema.transfer import TfIdf
from tasks.common.stages import Source
from tasks.models.dense import HEAD
from tasks.models.text_layers import PADDING, TermWeights

Array = np.ndarray[Any, Any]
MOST = 20_000
"""Terms kept: a batch of texts has a row of them all in memory."""


def run(sample: Sample, source: Source, network: Network, settings: TfIdf, seed: int) -> Trained:
    """scikit-learn's `TfidfTransformer` and `LogisticRegression` on the terms of the training part, as a Keras model.

    Terms are the tokens, and with ``pairs`` two neighbours too, the `MOST` frequent; those that the training part
    does not have are ignored. Of the strengths the one with the lowest validation loss is kept, the first of equals.
    Neither ``source`` nor ``network`` nor ``seed`` is looked at: nothing here is random.

    The model gives the regression's probabilities by softmax: of two classes its one score z as logits -z/2 and z/2.
    It has room for as many terms as texts of these sizes can have, whatever they say, so that the models of all
    repeats share an architecture; of the room that is left free nothing is trained.

    Source: "Term-weighting approaches in automatic text retrieval", doi:10.1016/0306-4573(88)90021-0.
    """
    terms = terms_of(sample.train.x, settings.pairs, MOST)
    weighting = TfidfTransformer()
    train = weighting.fit_transform(counts(sample.train.x, terms))
    held_out = weighting.transform(counts(sample.validation.x, terms))
    # Far beyond the usual tolerance, so that what is found hangs on the data and not on the solver's path.
    fits = [LogisticRegression(C=c, tol=1e-8, max_iter=10_000).fit(train, sample.train.y) for c in settings.strengths]
    losses = [log_loss(sample.validation.y, fit.predict_proba(held_out), labels=fit.classes_) for fit in fits]
    best = int(np.argmin(losses))  # the first of equals
    fitted, strength = fits[best], settings.strengths[best]
    model = as_network(sample.train, settings.pairs, terms, weighting.idf_, fitted)
    hits = fitted.predict(held_out) == sample.validation.y
    return Trained(
        model,
        Course(validation_loss=float(losses[best]), validation_accuracy=float(hits.mean())),
        rate=None,
        trainings=len(settings.strengths),
        moved=(len(terms) + 1) * len(sample.classes),
        notes={"strength": strength, "terms": len(terms)},
    )


def terms_of(x: Array, pairs: bool, most: int) -> Array:
    """The terms that texts (n, length) have, int64 (terms, 2), sorted: a token and 0, or a token and the next one.

    Of more than ``most`` those that occur most often, the first of equals, as scikit-learn's ``max_features`` does.
    """
    found, often = np.unique(_occurring(x, pairs)[1], axis=0, return_counts=True)
    return found[np.sort(np.argsort(-often, kind="stable")[:most])]


def counts(x: Array, terms: Array) -> csr_matrix:
    """How often each of n texts has each term, (n, terms): those of ``terms`` alone."""
    rows, found = _occurring(x, bool((terms[:, 1] != PADDING).any()))
    column = {(first, second): number for number, (first, second) in enumerate(terms.tolist())}
    places = [(row, column.get((first, second))) for row, (first, second) in zip(rows, found.tolist(), strict=True)]
    known = np.array([place for place in places if place[1] is not None], np.int64).reshape(-1, 2)
    return csr_matrix((np.ones(len(known)), known.T), shape=(len(x), len(terms)))


def room(length: int, texts: int, pairs: bool) -> int:
    """How many different terms so many texts can have at most, of those that are kept."""
    return min(MOST, texts * (2 * length - 1 if pairs else length))


def as_network(train: Part, pairs: bool, terms: Array, idf: Array, fitted: LogisticRegression) -> keras.Model:
    """Token numbers (batch, length) -> logits (batch, classes): what was fitted, as layers ``terms`` and the head."""
    length = train.x.shape[1]
    capacity = room(length, len(train), pairs)
    inputs = keras.Input((length,), name="inputs")
    weighted = TermWeights(capacity, name="terms")
    head = keras.layers.Dense(max(2, len(fitted.intercept_)), name=HEAD)
    model = keras.Model(inputs, head(weighted(inputs)), name="tf-idf")
    kernel, bias = fitted.coef_.T, fitted.intercept_
    if len(bias) == 1:  # of two classes scikit-learn has the second one's score
        kernel, bias = (np.concatenate([-values, values], axis=-1) / 2 for values in (kernel, bias))
    free = capacity - len(terms)
    table = np.pad(terms, ((0, free), (0, 0)), constant_values=-1).T
    weighted.set_weights([table.astype(np.float32), np.pad(idf, (0, free)).astype(np.float32)])
    head.set_weights([np.pad(kernel, ((0, free), (0, 0))).astype(np.float32), bias.astype(np.float32)])
    return model


def _occurring(x: Array, pairs: bool) -> tuple[Array, Array]:
    """Every occurrence of a term in texts (n, length): its text, (m,), and its tokens, (m, 2)."""
    tokens = x.astype(np.int64)
    alone = np.stack([tokens, np.full_like(tokens, PADDING)], axis=-1)
    found = alone
    if pairs:
        found = np.concatenate([alone, np.stack([tokens[:, :-1], tokens[:, 1:]], axis=-1)], axis=1)
    real = found[..., 0] != PADDING
    real[:, tokens.shape[1] :] &= found[:, tokens.shape[1] :, 1] != PADDING
    return np.nonzero(real)[0], found[real]
