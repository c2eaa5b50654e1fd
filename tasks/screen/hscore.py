"""H-score: how much of the features' spread lies between the target's classes."""

import numpy as np

from tasks.screen.checked import Array, checked


def score(features: Array, y: Array) -> float:
    """``tr(cov(f)⁺ · cov(E[f | y]))``, with the pseudo-inverse where features are dependent.

    Args:
        features: Of target samples, (n, features).
        y: Target labels, (n,).

    Returns:
        0, where all classes have the same mean, to classes - 1, where features tell them apart without error. With as
        many features as samples it is always near the latter: the covariance of too few samples says nothing.

    Raises:
        ValueError: If the shapes do not fit, or a value is not finite.

    Source: "An Information-Theoretic Approach to Transferability in Task Transfer Learning", ICIP 2019, definition 2.
    """
    features, y = checked(features, y)
    centred = features - features.mean(axis=0)
    counts = np.bincount(y)
    means = np.stack([centred[y == label].mean(axis=0) for label in range(len(counts))])  # (classes, features)
    between = (means * counts[:, None]).T @ means / len(y)
    return float(np.trace(np.linalg.pinv(centred.T @ centred / len(y), rcond=1e-10, hermitian=True) @ between))
