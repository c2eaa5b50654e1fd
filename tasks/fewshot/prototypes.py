"""Prototypical networks: each class is the mean of its labelled samples' features, and the nearest mean wins."""

from typing import Any

from tasks.common.backend import tf
from tasks.common.outcomes import Failed, Trained
from tasks.common.schema.fewshot import Episodic, Task
from tasks.fewshot.episodes import Episodes, Scores
from tasks.fewshot.geometry import squared_distances
from tasks.fewshot.learning import episodic
from tasks.fewshot.pools import Base


def logits(support: Any, query: Any) -> Any:
    """``-‖f(x) - c_n‖²`` with the prototype ``c_n = mean_k f(x_nk)``: a softmax of them is p(n | x).

    Args:
        support: Features (E, N, K, d).
        query: Features (E, M, d).

    Returns:
        (E, M, N).

    Source: "Prototypical Networks for Few-shot Learning", arXiv:1703.05175, eq. 1 and 2.
    """
    return -squared_distances(query, tf.reduce_mean(support, axis=2))


def scores(settings: Episodic) -> Scores:
    """How an episode is told."""
    return logits


def run(base: Base, episodes: Episodes, task: Task, settings: Episodic, seed: int) -> Trained | Failed:
    """Train by episodes of as many shots as the task has, and of more classes, which the paper found to help."""
    return episodic(logits, base, episodes, task, settings, seed)
