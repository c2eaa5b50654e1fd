"""Learn the source's and the target's classes together: one trunk, a head for each."""

from dataclasses import dataclass, replace
from typing import Any

from tasks.common import scratch
from tasks.common.backend import keras
from tasks.common.objectives import Tensors, cross_entropy
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.mtl import Joint
from tasks.common.schema.study import Network
from tasks.common.training import arrays, search
from tasks.models import dense, surgery
from tasks.models.dense import HEAD

SOURCE = "source"


@dataclass(frozen=True)
class Objective:
    """Cross-entropy of the target's classes plus ``weight`` times that of the source's; batches of both are as large.

    Weight 0 trains trunk and target head bit for bit as alone.

    Source: "Multitask Learning", doi:10.1023/A:1007379606734 (Caruana, 1997).
    """

    weight: float

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        target = cross_entropy(model(batch["x"], training=True)[HEAD], batch["y"])
        if self.weight == 0:
            return target
        source = model(batch[f"{SOURCE}_x"], training=True)[SOURCE]
        return target + self.weight * cross_entropy(source, batch[f"{SOURCE}_y"])


def build(sample: Sample, source: Sample, network: Network, seed: int) -> keras.Model:
    """The single-task network with one more head: the target's logits under ``head``, the source's under ``source``."""
    single = scratch.network_for(sample, network, seed)
    other = dense.linear(len(source.classes), SOURCE, seed)
    features = surgery.features(single).output
    return keras.Model(single.input, {HEAD: single.output, SOURCE: other(features)}, name="joint")


def run(sample: Sample, source: Sample, network: Network, settings: Joint, seed: int) -> Trained | Failed:
    """Both heads and the trunk learn together; the model handed back is without the source's head.

    An epoch is one pass over the target, with as many rows of the source: the next ones of its own permutation.
    The target's validation loss chooses rate and epoch.
    """
    rows = arrays(source.train)
    found = search(
        settings,
        sample,
        build=lambda: build(sample, source, network, seed),
        phases=lambda rate: [Phase("all", rate, settings.epochs)],
        seed=seed,
        objective=Objective(settings.source_weight),
        streams={SOURCE: {name: rows[name] for name in ("x", "y")}},
    )
    if isinstance(found, Failed):
        return found
    return replace(found, model=keras.Model(found.model.input, found.model.output[HEAD], name="target"))
