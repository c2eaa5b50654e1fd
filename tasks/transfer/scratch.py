"""Train on the labelled target sample alone: what every other method is compared with.

As `scratch` it has one given rate and number of epochs; as `scratch-tuned` it may search as the others do.
A network that was only given a poor rate is easily beaten.
"""

from tasks.common import mixing, scratch
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.study import Network
from tasks.common.schema.transfer import TransferTraining
from tasks.common.stages import Source
from tasks.models import hub


def run(sample: Sample, source: Source, network: Network, settings: TransferTraining, seed: int) -> Trained | Failed:
    """A fresh network, by cross-entropy. ``source`` is not looked at, but for the graph of a TensorFlow Hub module."""
    build = (lambda: hub.fresh(source.model, len(sample.classes), seed)) if network.kind == "hub" else None
    return scratch.train(sample, network, settings, seed, build=build, **mixing.arguments(settings, sample))
