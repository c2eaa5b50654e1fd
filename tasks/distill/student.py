"""Train the student on the labels alone: the control that tells the teacher's part from the student's."""

from typing import Any

from tasks.common import scratch
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema import Network, Training


def run(sample: Sample, teacher_logits: Any, network: Network, settings: Training, seed: int) -> Trained | Failed:
    """A fresh student, by cross-entropy. ``teacher_logits`` are not looked at."""
    return scratch.train(sample, network, settings, seed)
