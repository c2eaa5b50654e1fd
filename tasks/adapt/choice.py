"""Choose a model for a domain without labels: three criteria, and when a model has collapsed. Plain NumPy.

Every criterion is called (source_logits, source_y, target_logits), of the source's validation part and of the
unlabelled target samples; the candidate with the highest value is chosen, the first of equals.
"""

from collections.abc import Callable, Mapping

import numpy as np
from scipy.special import log_softmax, softmax, xlogy

from tasks.common.samples import Array

TEMPERATURE = 0.05  # of `density`, as its paper has it for every data set
ROWS = 1024  # of the similarity matrix at a time, so that memory does not grow with the square of the samples


def source_validation(source_logits: Array, source_y: Array, target_logits: Array) -> float:
    """Minus the mean cross-entropy on held-out source samples, in nats: right where the domains agree.

    It sees nothing of the target, so it cannot tell adaptation from none, or from harm.
    """
    log_probs = log_softmax(source_logits.astype(np.float64), axis=1)
    return float(log_probs[np.arange(len(source_y)), source_y].mean())


def information(source_logits: Array, source_y: Array, target_logits: Array) -> float:
    """Mutual information of target samples and their predicted classes, ``H(mean_i p_i) - mean_i H(p_i)``, in nats.

    The second term wants each prediction to be sure. Alone it would be best for a model that gives every sample the
    same class; the first term, the diversity of all predictions, then takes away as much: such a model gets 0.

    Source: "Information-Theoretical Learning of Discriminative Clusters for Unsupervised Domain Adaptation",
    arXiv:1206.6438 (InfoMax); as a criterion of choice: "Three New Validators and a Large-Scale Benchmark Ranking for
    Unsupervised Domain Adaptation", arXiv:2208.07360.
    """
    probs = softmax(target_logits.astype(np.float64), axis=1)
    return float(entropy(probs.mean(axis=0)) - entropy(probs).mean())


def density(source_logits: Array, source_y: Array, target_logits: Array) -> float:
    """Soft neighbourhood density: how many target samples each finds near its own prediction, as an entropy in nats.

    Predictions p_i are scaled to length 1; each sample's cosine similarities to all others, divided by
    `TEMPERATURE`, become a distribution by a softmax; its entropy is averaged over the samples. At most
    ``log(n - 1)``, which a collapsed model reaches too: the criterion trusts that training keeps the classes apart.

    Source: "Tune it the Right Way: Unsupervised Validation of Domain Adaptation via Soft Neighborhood Density",
    arXiv:2108.10860, section 3.2.
    """
    probs = softmax(target_logits.astype(np.float64), axis=1)
    probs /= np.linalg.norm(probs, axis=1, keepdims=True)
    total = 0.0
    for start in range(0, len(probs), ROWS):
        near = probs[start : start + ROWS] @ probs.T / TEMPERATURE  # (rows, n)
        near[np.arange(len(near)), np.arange(start, start + len(near))] = -np.inf  # nobody is its own neighbour
        total += entropy(softmax(near, axis=1)).sum()
    return float(total / len(probs))


CRITERIA: Mapping[str, Callable[[Array, Array, Array], float]] = {
    "source-validation": source_validation,
    "information": information,
    "density": density,
}


def entropy(probs: Array) -> Array:
    """Entropy in nats along the last axis."""
    result: Array = -xlogy(probs, probs).sum(axis=-1)
    return result


def shares(labels: Array, classes: int) -> Array:
    """The share of each class, (classes,) float64."""
    result: Array = np.bincount(labels, minlength=classes) / len(labels)
    return result


def overlap(predicted: Array, expected: Array) -> float:
    """``sum_k min(predicted_k, expected_k)``: the most accuracy predictions with such shares of classes could have, if
    the classes had the expected shares."""
    return float(np.minimum(predicted, expected).sum())


def collapsed(predicted: Array, expected: Array) -> bool:
    """Whether predictions on the target crowd into few classes.

    One class for all samples has an overlap of ``max_k expected_k`` at most, the right shares have 1. A model nearer
    to the first than to the second has collapsed. With ten equally frequent classes that is an overlap below 0.55,
    with two below 0.75. The source's shares are what is expected: nothing is known of the target's, so a target
    whose classes really have other shares may be flagged too.

    Args:
        predicted: Shares of the predicted classes among the unlabelled samples, (classes,).
        expected: Shares of the classes in the source's training part, (classes,).
    """
    return bool(overlap(predicted, expected) < (1 + expected.max()) / 2)
