"""LogME: the evidence of a Bayesian linear model of the target's labels on the source's features."""

import numpy as np

from tasks.screen.checked import Array, checked

ROUNDS, TOLERANCE = 100, 1e-6


def score(features: Array, y: Array) -> float:
    """Largest log evidence a sample, averaged over the classes' one-against-all labels, in nats.

    For labels t of 0 and 1: weights ~ N(0, 1/α), t ~ N(features · weights, 1/β); ``max_{α, β} log p(t | features, α,
    β) / n``. The sum of evidences is over all samples, so more features are not better by themselves.

    Args:
        features: Of target samples, (n, features).
        y: Target labels, (n,).

    Raises:
        ValueError: If the shapes do not fit, or a value is not finite.

    Source: "LogME: Practical Assessment of Pre-trained Models for Transfer Learning", arXiv:2102.11005, section 4,
    algorithm 1, with the fixed point of its algorithm 2 in "Ranking and Tuning Pre-trained Models" (arXiv:2110.10545).
    """
    features, y = checked(features, y)
    basis, singular, _ = np.linalg.svd(features, full_matrices=False)
    labels = np.eye(y.max() + 1)[y].T  # (classes, n)
    return float(np.mean([_best(basis, singular, t, features.shape[1]) for t in labels]))


def evidence(alpha: float, beta: float, singular: Array, projected: Array, rest: float, n: int, width: int) -> float:
    """``log p(t | features, α, β)`` from the features' singular values and the labels' parts along them.

    Args:
        singular: (r,), r = min(n, width).
        projected: Of the labels onto the left singular vectors, (r,).
        rest: Squared length of what is left of the labels.
    """
    curvature = alpha + beta * singular**2
    # With weights m = β A⁻¹ Fᵀ t; A = αI + β FᵀF is diagonal along the right singular vectors.
    weights = beta * singular * projected / curvature
    error = rest + float(((projected - singular * weights) ** 2).sum())
    logdet = float(np.log(curvature).sum()) + (width - len(singular)) * np.log(alpha)
    fit = n / 2 * np.log(beta) + width / 2 * np.log(alpha) - n / 2 * np.log(2 * np.pi)
    return float(fit - beta / 2 * error - alpha / 2 * (weights**2).sum() - logdet / 2)


def _best(basis: Array, singular: Array, t: Array, width: int) -> float:
    """The largest evidence of labels ``t`` (n,), divided by n; α and β by MacKay's fixed point."""
    n, projected = len(t), basis.T @ t
    rest = max(float(t @ t - projected @ projected), 0.0)
    alpha, beta = 1.0, 1.0
    for _ in range(ROUNDS):
        curvature = alpha + beta * singular**2
        effective = float((beta * singular**2 / curvature).sum())
        weights = beta * singular * projected / curvature
        error = rest + float(((projected - singular * weights) ** 2).sum())
        before = alpha, beta
        alpha = _bounded(effective, float(weights @ weights))
        beta = _bounded(n - effective, error)
        if abs(np.log(alpha / before[0])) + abs(np.log(beta / before[1])) < TOLERANCE:
            break
    return evidence(alpha, beta, singular, projected, rest, n, width) / n


def _bounded(above: float, below: float) -> float:
    """A ratio within 1e±10: a perfect fit would make α and β endless, and features of zeros make α nothing."""
    return float(np.clip(above / max(below, 1e-300), 1e-10, 1e10))
