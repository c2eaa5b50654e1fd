"""The plain sum of the tasks' losses: what every method that balances tasks has to beat."""

from typing import Any

from tasks.common.backend import keras
from tasks.common.objectives import Tensors
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.base import Training
from tasks.common.schema.study import Network
from tasks.mtl import shared


def objective(model: keras.Model, batch: Tensors) -> Any:
    """Each task's loss with weight 1: `hard-sharing` at auxiliary weight 1, bit for bit.

    Source: "In Defense of the Unitary Scalarization for Deep Multi-Task Learning", arXiv:2201.04122.
    """
    label, auxiliary = shared.losses(model(batch["x"], training=True), batch)
    return label + auxiliary


def run(sample: Sample, source: Sample, network: Network, settings: Training, seed: int) -> Trained | Failed:
    """Both heads and the trunk learn together."""
    return shared.train(sample, network, settings, seed, objective)
