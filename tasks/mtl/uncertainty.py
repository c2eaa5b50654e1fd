"""Task weights from the noise that each task is estimated to have."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.common.backend import keras, tf
from tasks.common.objectives import Tensors
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.mtl import Uncertainty
from tasks.common.schema.study import Network
from tasks.mtl import shared


def weighted(label: Any, auxiliary: Any, log_variances: Any) -> Any:
    """Both losses by their uncertainty: ``CE / σ₁² + log σ₁ + MSE / (2σ₂²) + log σ₂``, ``log_variances`` = log σ².

    A class's σ² is a temperature of its softmax, a quantity's the variance of Gaussian noise; hence the factor 2
    between the two forms. For losses held fixed the minimum lies at σ₁² = 2·CE and σ₂² = MSE.

    Args:
        label: Cross-entropy in nats, scalar.
        auxiliary: Mean squared error, scalar.
        log_variances: (2,), of the class first; logarithms, so that each σ² is positive and can move freely.

    Source: "Multi-Task Learning Using Uncertainty to Weigh Losses for Scene Geometry and Semantics",
    arXiv:1705.07115, section 3.2: eq. 7 has the regression's form, eq. 10 both together.
    """
    precisions = tf.exp(-log_variances)
    penalty = tf.reduce_sum(log_variances) / 2
    return precisions[0] * label + precisions[1] / 2 * auxiliary + penalty


@dataclass(frozen=True)
class Objective:
    """`weighted`, the log-variances trained along with the network."""

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        outputs = model(batch["x"], training=True)
        return weighted(*shared.losses(outputs, batch), outputs[shared.MEMORY])


def told(log_variances: list[float]) -> dict[str, Any]:
    """The standard deviations σ of the epoch kept, class first."""
    return {"uncertainties": np.exp(np.array(log_variances) / 2).tolist()}


def run(sample: Sample, source: Sample, network: Network, settings: Uncertainty, seed: int) -> Trained | Failed:
    """Both heads, the trunk and the log-variances learn together.

    Log-variances that do not move stay as they start: at 0 this is `hard-sharing` at auxiliary weight 1/2, bit for bit.
    """

    def phase(rate: float) -> Phase:
        share = settings.variance_share
        return Phase("all", rate, settings.epochs, shares=() if share == 1 else ((shared.MEMORY, share),))

    start = [settings.initial_log_variance] * shared.TASKS
    return shared.train(sample, network, settings, seed, Objective(), memory=start, learnt=True, told=told, phase=phase)
