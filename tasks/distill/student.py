"""Train the student on the labels alone: the control that tells the teacher's part from the student's."""

from typing import Any

from tasks.common import scratch
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.base import Training
from tasks.common.schema.study import Network


def run(sample: Sample, lesson: Any, network: Network, settings: Training, seed: int) -> Trained | Failed:
    """A fresh student, by cross-entropy. The lesson is not looked at."""
    return scratch.train(sample, network, settings, seed)
