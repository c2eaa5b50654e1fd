"""Learn the class alone, with the network and effort of the others: the control of multi-task learning."""

from tasks.common import scratch
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.base import Training
from tasks.common.schema.study import Network


def run(sample: Sample, source: Sample, network: Network, settings: Training, seed: int) -> Trained | Failed:
    """A fresh network, by cross-entropy; the auxiliary labels are not looked at."""
    return scratch.train(sample, network, settings, seed)
