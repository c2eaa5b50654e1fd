"""What tells an episode: papers' definitions in NumPy, limits that are known methods, and what must change nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_softmax, logsumexp, softmax
from sklearn.linear_model import LogisticRegression

from tasks.fewshot import METHODS, matching, nearest, prototypes
from tasks.fewshot.fine_tuned import LinearHead
from tasks.fewshot.geometry import by_class, cosines, flat, squared_distances
from tests.tasks.fewshot import toys

RNG = np.random.default_rng(0)
SUPPORT = RNG.normal(size=(2, 4, 3, 6)).astype(np.float32)  # (E, N, K, d)
QUERY = RNG.normal(size=(2, 5, 6)).astype(np.float32)  # (E, M, d)
SCORES = {name: row.scores(toys.settings(name)) for name, row in METHODS.items()}
EACH = pytest.mark.parametrize("name", SCORES)
Scores = Callable[[Any, Any], Any]


def told(scores: Scores, support: Any = SUPPORT, query: Any = QUERY) -> Any:
    """Logits as an array."""
    return scores(tf.constant(support), tf.constant(query)).numpy()


def test_prototypes_are_a_softmax_over_squared_distances_to_means() -> None:
    """Snell et al. (2017), eq. 1 and 2, in loops."""
    found = softmax(told(prototypes.logits), axis=-1)
    for e in range(2):
        for m in range(5):
            near = [np.exp(-np.sum((QUERY[e, m] - SUPPORT[e, n].mean(axis=0)) ** 2)) for n in range(4)]
            np.testing.assert_allclose(found[e, m], near / np.sum(near), rtol=2e-4)


@pytest.mark.parametrize("scale", [1.0, 7.0])
def test_matching_adds_up_the_attention_to_the_samples_of_a_class(scale: float) -> None:
    """Vinyals et al. (2016), eq. 1: ŷ = Σ a(x̂, x_i) y_i, a a softmax of cosines over the support, in loops."""
    found = np.exp(told(matching.Attention(scale)))
    for e in range(2):
        for m in range(5):
            cosine = [
                [x @ QUERY[e, m] / np.linalg.norm(x) / np.linalg.norm(QUERY[e, m]) for x in SUPPORT[e, n]]
                for n in range(4)
            ]
            attention = np.exp(scale * np.array(cosine))
            np.testing.assert_allclose(found[e, m], attention.sum(axis=1) / attention.sum(), rtol=1e-5)


def test_nearest_is_the_nearest_sample_of_each_class() -> None:
    found = told(nearest.logits)
    expected = -np.square(QUERY[:, :, None, None] - SUPPORT[:, None]).sum(axis=-1).min(axis=-1)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_of_one_shot_the_nearest_prototype_is_the_nearest_neighbour() -> None:
    one = SUPPORT[:, :, :1]
    np.testing.assert_array_equal(told(prototypes.logits, one), told(nearest.logits, one))


def test_of_one_shot_prototypes_are_matching_by_minus_the_squared_distance() -> None:
    """Snell et al. (2017), section 2.5: "in the case of one-shot learning, c_k = x_k"."""
    one = SUPPORT[:, :, :1]
    likeness = by_class(-squared_distances(tf.constant(QUERY), flat(tf.constant(one))), tf.constant(one))
    expected = log_softmax(told(prototypes.logits, one), axis=-1)
    np.testing.assert_allclose(matching.attended(likeness).numpy(), expected, atol=1e-5)
    several = by_class(-squared_distances(tf.constant(QUERY), flat(tf.constant(SUPPORT))), tf.constant(SUPPORT))
    assert np.abs(matching.attended(several).numpy() - log_softmax(told(prototypes.logits), axis=-1)).max() > 0.1


def test_matching_at_a_great_scale_is_the_nearest_by_cosine_and_at_a_small_one_counts_samples() -> None:
    found = told(matching.Attention(1e4))
    lengths = np.linalg.norm(SUPPORT, axis=-1)
    cosine = np.einsum("emd,enkd->emnk", QUERY, SUPPORT) / lengths[:, None]
    np.testing.assert_array_equal(found.argmax(axis=-1), cosine.max(axis=-1).argmax(axis=-1))
    np.testing.assert_allclose(told(matching.Attention(1e-6)), np.log(1 / 4), atol=1e-5)


def test_matching_with_one_class_is_sure_of_it() -> None:
    np.testing.assert_allclose(told(matching.Attention(3.0), SUPPORT[:, :1]), 0, atol=1e-6)


def test_features_without_length_are_like_nothing_and_break_nothing() -> None:
    np.testing.assert_array_equal(cosines(tf.zeros((1, 2, 3)), tf.ones((1, 4, 3))).numpy(), 0)


@EACH
def test_classes_in_another_order_give_their_logits_in_that_order(name: str) -> None:
    order = [2, 0, 3, 1]
    np.testing.assert_allclose(
        told(SCORES[name], SUPPORT[:, order]), told(SCORES[name])[:, :, order], rtol=1e-4, atol=1e-5
    )


@EACH
def test_the_order_of_a_classs_samples_and_of_the_queries_changes_nothing(name: str) -> None:
    before = told(SCORES[name])
    np.testing.assert_allclose(told(SCORES[name], SUPPORT[:, :, [2, 0, 1]]), before, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        told(SCORES[name], SUPPORT, QUERY[:, ::-1].copy())[:, ::-1], before, rtol=1e-4, atol=1e-5
    )


@EACH
def test_an_episode_hangs_on_no_other_and_a_query_on_no_other_query(name: str) -> None:
    whole = told(SCORES[name])
    np.testing.assert_allclose(told(SCORES[name], SUPPORT[1:], QUERY[1:]), whole[1:], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(told(SCORES[name], SUPPORT, QUERY[:, 2:3]), whole[:, 2:3], rtol=1e-5, atol=1e-6)


@EACH
def test_a_traced_function_gives_what_plain_calls_do(name: str) -> None:
    traced = tf.function(SCORES[name])(tf.constant(SUPPORT), tf.constant(QUERY))
    np.testing.assert_allclose(traced.numpy(), told(SCORES[name]), rtol=1e-5, atol=1e-6)


def descent(head: LinearHead, support: Any, query: Any) -> Any:
    """The head of one episode by its weights and not by coefficients: support (N, K, d), query (M, d), in NumPy."""
    ways, shots, width = support.shape
    x = np.hstack([support.reshape(-1, width), np.ones((ways * shots, 1))])
    y = np.repeat(np.eye(ways), shots, axis=0)
    weights = speed = np.zeros((width + 1, ways))
    for _ in range(head.steps):
        slope = x.T @ (softmax(x @ weights, axis=1) - y) / len(x) + head.decay * weights
        speed = head.momentum * speed + slope
        weights = weights - head.rate / np.square(x).sum(axis=1).mean() * speed
    return np.hstack([query, np.ones((len(query), 1))]) @ weights


@pytest.mark.parametrize("changes", [{}, {"steps": 1}, {"momentum": 0.0}, {"decay": 0.5}, {"rate": 0.3}])
def test_the_head_is_gradient_descent_on_its_weights(changes: dict[str, Any]) -> None:
    head = LinearHead(**({"steps": 15, "rate": 1.0, "momentum": 0.9, "decay": 0.01} | changes))
    found = told(head)
    for e in range(2):
        np.testing.assert_allclose(found[e], descent(head, SUPPORT[e], QUERY[e]), rtol=1e-3, atol=1e-4)


def test_the_head_tends_to_the_logistic_regression_with_its_decay() -> None:
    """mean loss + λ/2 ‖W‖² is scikit-learn's with C = 1/(λ n); its bias has no penalty, so it is a feature here."""
    found = told(LinearHead(steps=4000, rate=2.0, momentum=0.9, decay=0.02))
    y = np.repeat(np.arange(4), 3)
    for e in range(2):
        x, query = (np.hstack([a, np.ones((len(a), 1))]) for a in (SUPPORT[e].reshape(12, 6), QUERY[e]))
        fitted = LogisticRegression(C=1 / (0.02 * 12), fit_intercept=False, tol=1e-10, max_iter=5000).fit(x, y)
        expected = query @ fitted.coef_.T
        np.testing.assert_allclose(log_softmax(found[e], axis=1), log_softmax(expected, axis=1), atol=2e-3)


def test_a_head_without_steps_knows_nothing() -> None:
    np.testing.assert_array_equal(told(LinearHead(steps=0, rate=1.0, momentum=0.9, decay=0.0)), 0)


def test_larger_features_without_bias_need_no_other_rate() -> None:
    """Features ten thousand times as large: the steps are the same but for the bias."""
    head = LinearHead(steps=30, rate=1.0, momentum=0.9, decay=0.0)
    large = told(head, 1e4 * SUPPORT, 1e4 * QUERY)
    larger = told(head, 1e5 * SUPPORT, 1e5 * QUERY)
    np.testing.assert_allclose(large, larger, rtol=1e-3, atol=1e-3)
    assert logsumexp(large) > np.log(large.size)  # and they are no zeros
