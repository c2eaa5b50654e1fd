"""Train on the source's labels and do nothing about the target: the floor of adaptation."""

from tasks.adapt import candidates, joint
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Array, Sample
from tasks.common.schema.adapt import Adaptation
from tasks.common.schema.study import Network


def run(source: Sample, unlabelled: Array, network: Network, settings: Adaptation, seed: int) -> Trained | Failed:
    """A fresh network by cross-entropy on the source; the target's samples only measure the candidates."""
    return candidates.search(
        settings,
        source,
        unlabelled,
        lambda rate, _: joint.on_source(source, network, settings, seed, rate, settings.epochs),
    )
