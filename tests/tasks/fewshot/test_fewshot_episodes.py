"""Episodes: what is drawn, what is never drawn twice, and what a training step makes of them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_softmax
from scipy.stats import chisquare

from tasks.common.errors import UserError
from tasks.fewshot import prototypes
from tasks.fewshot.episodes import Criterion, Objective, accuracies, deal, draw
from tests.tasks.fewshot import toys

PARTS = draw(9, 7, ways=4, shots=2, queries=3, count=3000, rng=np.random.default_rng(0))
FLAT = keras.Sequential([keras.Input((3,)), keras.layers.Flatten()])
X = np.random.default_rng(1).normal(size=(5, 8, 3)).astype(np.float32)


def test_an_episode_has_its_classes_once_and_no_sample_twice() -> None:
    assert PARTS.support.shape == (3000, 4, 2)
    assert PARTS.query.shape == (3000, 4, 3)
    classes = PARTS.support[:, :, 0] // 7
    for rows in (PARTS.support, PARTS.query):
        np.testing.assert_array_equal(rows // 7, np.broadcast_to(classes[:, :, None], rows.shape))
    assert all(len({*row}) == 4 for row in classes.tolist())
    drawn = np.concatenate([PARTS.support, PARTS.query], axis=2).reshape(3000, -1)
    assert all(len({*row}) == 20 for row in drawn.tolist())


def test_every_class_and_sample_is_as_likely_in_every_place() -> None:
    for place in range(4):
        assert chisquare(np.bincount(PARTS.support[:, place, 0], minlength=63)).pvalue > 0.001
    assert chisquare(np.bincount(PARTS.query[:, 1, 2], minlength=63)).pvalue > 0.001
    pairs = PARTS.support[:, 0, 0] // 7 * 9 + PARTS.support[:, 1, 0] // 7
    counts = np.bincount(pairs, minlength=81)[~np.eye(9, dtype=bool).ravel()]
    assert chisquare(counts).pvalue > 0.001


def test_a_seed_decides_the_episodes_and_the_first_do_not_hang_on_it_alone() -> None:
    sizes = {"ways": 3, "shots": 1, "queries": 2, "count": 5}
    first, again, other = (draw(9, 7, **sizes, rng=np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.query, again.query)
    assert (first.query != other.query).any()


@pytest.mark.parametrize("sizes", [(10, 2, 3), (4, 5, 3)])
def test_a_pool_too_small_for_an_episode_is_refused(sizes: tuple[int, int, int]) -> None:
    ways, shots, queries = sizes
    with pytest.raises(UserError, match=f"an episode of {ways} classes with {shots} \\+ {queries} samples each cannot"):
        draw(9, 7, ways=ways, shots=shots, queries=queries, count=1, rng=np.random.default_rng(0))


def test_dealt_samples_are_of_their_class_and_never_support_and_query_at_once() -> None:
    x = np.arange(40).reshape(5, 8, 1)  # sample s of class c is 8 c + s
    seen = []
    for step in range(400):
        support, query = (part.numpy()[:, :, 0] for part in deal(tf.constant(x), 2, 3, tf.constant([7, step])))
        assert support.shape == (5, 2)
        assert query.shape == (5, 3)
        both = np.concatenate([support, query], axis=1)
        np.testing.assert_array_equal(both // 8, np.broadcast_to(np.arange(5)[:, None], both.shape))
        assert all(len({*row}) == 5 for row in both.tolist())
        seen.append(support[0])
    assert chisquare(np.bincount(np.ravel(seen), minlength=8)).pvalue > 0.001


def test_the_objective_is_the_cross_entropy_of_one_episode_of_the_batch() -> None:
    """Snell et al. (2017), algorithm 1, in NumPy, with the samples that the step's seed deals."""
    seed = tf.constant([3, 4])
    found = Objective(prototypes.logits, 2, 3)(FLAT, {"x": tf.constant(X), "seed": seed})
    support, query = (part.numpy() for part in deal(tf.constant(X), 2, 3, seed))
    centres, total = support.mean(axis=1), 0.0
    for label in range(5):
        for sample in query[label]:
            total -= log_softmax([-np.sum((sample - centre) ** 2) for centre in centres])[label]
    assert float(found) == pytest.approx(total / 15, rel=1e-5)


def test_a_rest_of_one_class_has_no_loss_and_moves_nothing() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with tf.GradientTape() as tape:
        loss = Objective(prototypes.logits, 2, 3)(model, {"x": tf.constant(X[:1]), "seed": tf.constant([0, 1])})
    assert float(loss) == 0
    assert not np.any(tape.gradient(loss, model.trainable_variables[0]))


def test_the_criterion_and_the_accuracies_are_those_of_episodes_told_one_by_one() -> None:
    pool = toys.pool(6, 3, noise=0.6)
    episodes = toys.episodes(pool, count=7)
    model = keras.Sequential([keras.Input(pool.x.shape[2:]), keras.layers.Flatten()])
    held_out = {"x": pool.flat, "support": tf.constant(episodes.support), "query": tf.constant(episodes.query)}
    flat, losses, hits = pool.flat.reshape(len(pool.flat), -1), [], []
    for support, query in zip(episodes.support, episodes.query, strict=True):
        centres = flat[support].mean(axis=1)  # (N, d)
        for label, rows in enumerate(query):
            logits = -np.square(flat[rows][:, None] - centres).sum(axis=2)  # (Q, N)
            losses += (-log_softmax(logits, axis=1)[:, label]).tolist()
            hits += (logits.argmax(axis=1) == label).tolist()
    loss, accuracy = Criterion(prototypes.logits)(model, held_out)
    assert float(loss) == pytest.approx(np.mean(losses), rel=1e-4)
    assert float(accuracy) == pytest.approx(np.mean(hits))
    assert 0.4 < np.mean(hits) < 0.99
    found = accuracies(prototypes.logits, flat, episodes, at_once=3)
    np.testing.assert_allclose(found, np.reshape(hits, (7, -1)).mean(axis=1))
