"""Hard parameter sharing: one trunk, a head for the class and a head for the auxiliary quantities."""

from dataclasses import dataclass
from typing import Any

from tasks.common.backend import keras
from tasks.common.objectives import Tensors
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.mtl import HardSharing
from tasks.common.schema.study import Network
from tasks.mtl import shared


@dataclass(frozen=True)
class Objective:
    """Cross-entropy of the class plus ``weight`` times the mean squared error of the auxiliary quantities.

    The declared weight is the only balance; auxiliary labels are standardised, so that 1 means one
    standard deviation squared against one nat. Weight 0 trains trunk and class head bit for bit as alone.

    Source: "Multitask Learning", doi:10.1023/A:1007379606734 (Caruana, 1997).
    """

    weight: float

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        label, auxiliary = shared.losses(model(batch["x"], training=True), batch)
        return label + self.weight * auxiliary


def run(sample: Sample, source: Sample, network: Network, settings: HardSharing, seed: int) -> Trained | Failed:
    """Both heads and the trunk learn together."""
    return shared.train(sample, network, settings, seed, Objective(settings.auxiliary_weight))
