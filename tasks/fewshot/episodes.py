"""Episodes: N classes, K labelled samples of each (the support) and Q more to tell apart (the queries).

Scores of an episode are called (support (E, N, K, d), queries (E, M, d)) and give logits (E, M, N): E episodes at once,
d features. They know no label but a sample's place in the support.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from tasks.common.backend import keras, tf
from tasks.common.errors import UserError
from tasks.common.objectives import Tensors, cross_entropy

Array: TypeAlias = np.ndarray[Any, Any]
Scores: TypeAlias = Callable[[Any, Any], Any]
FEATURES = "features"


@dataclass(frozen=True)
class Episodes:
    """Episodes as rows of a flat pool.

    Attributes:
        support: (episodes, ways, shots) int32.
        query: (episodes, ways, queries) int32; those of class n are of the class of ``support[:, n]``.
    """

    support: Array
    query: Array

    def __len__(self) -> int:
        return len(self.support)


def draw(
    classes: int, samples: int, *, ways: int, shots: int, queries: int, count: int, rng: np.random.Generator
) -> Episodes:
    """Draw episodes from a pool of ``classes`` with as many ``samples`` each, all choices equally likely.

    In an episode no class and no sample occurs twice; episodes are independent of each other.

    Raises:
        UserError: If the pool is too small for one.
    """
    if ways > classes or shots + queries > samples:
        raise UserError(
            f"an episode of {ways} classes with {shots} + {queries} samples each cannot be drawn from {classes} "
            f"classes with {samples} samples; lower ways, shots or queries of the few-shot task."
        )
    chosen = rng.permuted(np.tile(np.arange(classes), (count, 1)), axis=1)[:, :ways]
    order = rng.permuted(np.tile(np.arange(samples), (count, ways, 1)), axis=2)[:, :, : shots + queries]
    rows = (chosen[:, :, None] * samples + order).astype(np.int32)
    return Episodes(rows[:, :, :shots], rows[:, :, shots:])


def deal(x: Any, shots: int, queries: int, seed: Any) -> tuple[Any, Any]:
    """Deal the samples of an episode's classes, x (N, samples, ...), into support (N, K, ...) and query (N, Q, ...).

    ``seed``, (2,) int32, decides which; no sample is in both.
    """
    order = tf.argsort(tf.random.stateless_uniform(tf.shape(x)[:2], seed), axis=1)
    dealt = tf.gather(x, order[:, : shots + queries], axis=1, batch_dims=1)
    return dealt[:, :shots], dealt[:, shots:]


def features(outputs: Any) -> Any:
    """An embedding of a model's output: what it has under ``features``, or the output itself."""
    return outputs[FEATURES] if isinstance(outputs, Mapping) else outputs


def labels(ways: Any, queries: int) -> Any:
    """The true class of each query in the order in which episodes have them: 0 Q times, 1 Q times, ..."""
    return tf.repeat(tf.range(ways), queries)


@dataclass(frozen=True)
class Objective:
    """The cross-entropy of the queries of one episode, whose classes are the rows of the batch.

    The loop's order deals the classes: without repetition, each in one episode an epoch, the last one of fewer classes.
    """

    scores: Scores
    shots: int
    queries: int

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        support, query = deal(batch["x"], self.shots, self.queries, batch["seed"])
        ways, shape = tf.shape(support)[0], support.shape[2:]
        images = tf.concat([tf.reshape(support, [-1, *shape]), tf.reshape(query, [-1, *shape])], axis=0)
        embedded = features(model(images, training=True))
        width = embedded.shape[-1]
        ahead = tf.reshape(embedded[: ways * self.shots], [1, ways, self.shots, width])
        logits = self.scores(ahead, embedded[None, ways * self.shots :])
        return cross_entropy(logits[0], labels(ways, self.queries))


@dataclass(frozen=True)
class Criterion:
    """Mean cross-entropy and accuracy over the queries of fixed episodes of the held-out classes.

    The constants ``support`` and ``query`` are their rows, see `Episodes`. Each sample is embedded once.
    """

    scores: Scores

    def __call__(self, model: keras.Model, held_out: Tensors) -> tuple[Any, Any]:
        embedded = features(model(held_out["x"], training=False))
        logits = classified(self.scores, embedded, held_out["support"], held_out["query"])
        count, ways, queries = held_out["query"].shape
        flat, y = tf.reshape(logits, [-1, ways]), tf.tile(labels(ways, queries), [count])
        hits = tf.equal(tf.argmax(flat, axis=1, output_type=tf.int32), y)
        return cross_entropy(flat, y), tf.reduce_mean(tf.cast(hits, tf.float32))


def classified(scores: Scores, embedded: Any, support: Any, query: Any) -> Any:
    """Logits (episodes, ways · queries, ways) from the features (rows, d) of a flat pool."""
    count, ways, queries = query.shape
    asked = tf.reshape(tf.gather(embedded, query), [count, ways * queries, embedded.shape[-1]])
    return scores(tf.gather(embedded, support), asked)


def accuracies(scores: Scores, embedded: Array, episodes: Episodes, at_once: int = 100) -> Array:
    """The share of its queries that each episode gets right, (episodes,) float64."""
    ways, queries = episodes.query.shape[1:]
    truth, found = np.repeat(np.arange(ways), queries), []
    for start in range(0, len(episodes), at_once):
        part = slice(start, start + at_once)
        logits = np.asarray(classified(scores, tf.constant(embedded), episodes.support[part], episodes.query[part]))
        found.append((logits.argmax(axis=-1) == truth).mean(axis=1))
    return np.concatenate(found)
