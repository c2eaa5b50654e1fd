"""Matching networks: a query takes the labels of the support samples it attends to, by the cosine of their features.

Without the paper's full context embeddings: a sample's features do not hang on the rest of its episode (f = g).
"""

from dataclasses import dataclass
from typing import Any

from tasks.common.backend import tf
from tasks.common.outcomes import Failed, Trained
from tasks.common.schema.fewshot import Matching, Task
from tasks.fewshot.episodes import Episodes, Scores
from tasks.fewshot.geometry import by_class, cosines, flat
from tasks.fewshot.learning import episodic
from tasks.fewshot.pools import Base


def attended(likeness: Any) -> Any:
    """Log-probability of each class: the log of the attention that its support samples get together.

    ``p(n | x) = Σ_k a(x, x_nk)`` with ``a = softmax(likeness)`` over the whole support.

    Args:
        likeness: Of each query to each support sample, (E, M, N, K).

    Returns:
        (E, M, N); its exponentials sum to 1 over the classes.

    Source: "Matching Networks for One Shot Learning", arXiv:1606.04080, eq. 1.
    """
    return tf.nn.log_softmax(tf.reduce_logsumexp(likeness, axis=-1), axis=-1)


@dataclass(frozen=True)
class Attention:
    """Attention by ``scale`` times the cosine. 1 is the paper's, whose p is then at most e² times another's."""

    scale: float

    def __call__(self, support: Any, query: Any) -> Any:
        """Log-probabilities (E, M, N) of support (E, N, K, d) and queries (E, M, d)."""
        return attended(by_class(self.scale * cosines(query, flat(support)), support))


def scores(settings: Matching) -> Scores:
    """How an episode is told."""
    return Attention(settings.scale)


def run(base: Base, episodes: Episodes, task: Task, settings: Matching, seed: int) -> Trained | Failed:
    """Train by episodes of as many shots as the task has."""
    return episodic(scores(settings), base, episodes, task, settings, seed)
