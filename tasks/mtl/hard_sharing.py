"""Hard parameter sharing: one trunk, a head for the class and a head for the auxiliary quantities."""

from dataclasses import dataclass
from typing import Any

from tasks.common import scratch
from tasks.common.backend import keras, tf
from tasks.common.objectives import Tensors, cross_entropy
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.mtl import HardSharing
from tasks.common.schema.study import Network
from tasks.common.training import search
from tasks.models import dense, surgery
from tasks.models.dense import HEAD

AUXILIARY = "auxiliary"


@dataclass(frozen=True)
class Objective:
    """Cross-entropy of the class plus ``weight`` times the mean squared error of the auxiliary quantities.

    The declared weight is the only balance; auxiliary labels are standardised, so that 1 means one
    standard deviation squared against one nat. Weight 0 trains trunk and class head bit for bit as alone.

    Source: "Multitask Learning", doi:10.1023/A:1007379606734 (Caruana, 1997).
    """

    weight: float

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        outputs = model(batch["x"], training=True)
        error = tf.reduce_mean(tf.math.squared_difference(outputs[AUXILIARY], batch[AUXILIARY]))
        return cross_entropy(outputs[HEAD], batch["y"]) + self.weight * error


def build(sample: Sample, network: Network, seed: int) -> keras.Model:
    """The single-task network with one more head: logits under ``head``, quantities under ``auxiliary``."""
    single = scratch.network_for(sample, network, seed)
    quantities = dense.linear(sample.train.auxiliary.shape[1], AUXILIARY, seed)
    features = surgery.features(single).output
    return keras.Model(single.input, {HEAD: single.output, AUXILIARY: quantities(features)}, name="shared")


def run(sample: Sample, source: Sample, network: Network, settings: HardSharing, seed: int) -> Trained | Failed:
    """Both heads and the trunk learn together; the class's validation loss chooses the epoch."""
    return search(
        settings,
        sample,
        build=lambda: build(sample, network, seed),
        phases=lambda rate: [Phase("all", rate, settings.epochs)],
        seed=seed,
        objective=Objective(settings.auxiliary_weight),
    )
