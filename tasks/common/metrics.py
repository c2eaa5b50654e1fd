"""What a classifier's logits are worth on labelled samples. Plain NumPy and scikit-learn, no TensorFlow."""

from typing import Any

import numpy as np
from scipy.special import log_softmax
from sklearn.metrics import confusion_matrix, f1_score

Array = np.ndarray[Any, Any]


def measure(logits: Array, y: Array) -> dict[str, Any]:
    """All figures of one model.

    Args:
        logits: (n, classes), finite.
        y: True class indices, (n,).

    Returns:
        ``accuracy`` and ``macro_f1`` in 0..1, ``log_loss`` in nats, ``calibration_error`` in 0..1, and
        ``confusion`` (classes, classes) counts with the truth along the rows.
    """
    labels = list(range(logits.shape[1]))
    log_probs = log_softmax(logits.astype(np.float64), axis=1)
    probs, predicted = np.exp(log_probs), logits.argmax(axis=1)
    return {
        "accuracy": float((predicted == y).mean()),
        "macro_f1": float(f1_score(y, predicted, labels=labels, average="macro", zero_division=0)),
        "log_loss": float(-log_probs[np.arange(len(y)), y].mean()),
        "calibration_error": calibration_error(probs, y),
        "confusion": confusion_matrix(y, predicted, labels=labels).tolist(),
    }


def calibration_error(probs: Array, y: Array, bins: int = 15) -> float:
    """Expected calibration error: mean gap of confidence and accuracy over equal-width bins of confidence.

    ``sum_b n_b/n · |accuracy_b - confidence_b|``, bins (b/bins, (b+1)/bins]; 0 is calibrated, 1 the worst.

    Args:
        probs: Class probabilities, (n, classes), rows sum to 1.
        y: True class indices, (n,).

    Source: "On Calibration of Modern Neural Networks", arXiv:1706.04599, section 2, eq. 3.
    """
    confidence, hit = probs.max(axis=1), probs.argmax(axis=1) == y
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gaps = np.bincount(place, weights=hit - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(y))
