"""Whether a method's probabilities can be trusted: how often it is right where it says how sure it is."""

import numpy as np
from scipy.special import softmax

from tasks.common.samples import Array

BINS = 10


def reliability(logits: Array, y: Array) -> list[dict[str, float]]:
    """Bins of confidence, over the test samples of all repeats that succeeded; empty bins are left out.

    Args:
        logits: (repeats, n, classes); a failed repeat is NaN.
        y: True class indices, (n,).

    Returns:
        Of each bin ``(b/BINS, (b+1)/BINS]`` its ``share`` of the samples, and their mean ``confidence`` and
        ``accuracy``, all from 0 to 1; equal confidence and accuracy is calibrated.

    Source: "On Calibration of Modern Neural Networks", arXiv:1706.04599, section 2.
    """
    done = logits[~np.isnan(logits).any(axis=(1, 2))].astype(np.float64)
    if not len(done):
        return []
    confidence = softmax(done, axis=2).max(axis=2).ravel()
    hits = (done.argmax(axis=2) == y).ravel()
    place = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    return [
        {
            "share": float((place == one).mean()),
            "confidence": float(confidence[place == one].mean()),
            "accuracy": float(hits[place == one].mean()),
        }
        for one in np.unique(place)
    ]
