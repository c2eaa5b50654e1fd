"""LEEP: how well the target's labels follow from what the source model takes target samples for."""

import numpy as np

from tasks.screen.checked import Array, checked


def score(probs: Array, y: Array) -> float:
    """Log expected empirical prediction, ``mean_i log Σ_z P(y_i | z) · probs_iz``, in nats.

    ``P(y, z) = mean_i 1[y_i = y] · probs_iz`` is the joint distribution of target labels and source classes,
    ``P(y | z) = P(y, z) / P(z)``.

    Args:
        probs: The source head's class probabilities of target samples, (n, source classes); rows sum to 1.
        y: Target labels, (n,).

    Returns:
        At most 0, which says that the source's classes tell the target's exactly; at least, for large n, minus the
        entropy of the labels, which says that they tell nothing.

    Raises:
        ValueError: If a row is no distribution, or the shapes do not fit.

    Source: "LEEP: A New Measure to Evaluate Transferability of Learned Representations", arXiv:2002.12462, section 3.

    >>> score(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 1]))
    0.0
    """
    probs, y = checked(probs, y)
    if (probs < 0).any() or not np.allclose(probs.sum(axis=1), 1, atol=1e-4):
        raise ValueError("rows are no probabilities: they must be 0 or more and sum to 1; use softmax on logits")
    joint = np.eye(y.max() + 1)[y].T @ probs / len(y)  # (target classes, source classes)
    marginal = joint.sum(axis=0)
    conditional = np.divide(joint, marginal, out=np.zeros_like(joint), where=marginal > 0)
    return float(np.log((conditional[y] * probs).sum(axis=1)).mean())
