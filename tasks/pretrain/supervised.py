"""Train the source model on the source's labels."""

from tasks.common import scratch
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.base import Training
from tasks.common.schema.study import Network


def run(sample: Sample, network: Network, settings: Training, seed: int) -> Trained | Failed:
    """A network for the source's classes, by cross-entropy; rate and epoch are chosen on its validation part."""
    return scratch.train(sample, network, settings, seed)
