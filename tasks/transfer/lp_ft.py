"""First the best linear head on the source's features, then fine-tuning of everything from there.

A random head makes fine-tuning distort good features before it is any good itself.
"""

from dataclasses import replace

from tasks.common import mixing
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Course, Phase
from tasks.common.samples import Sample
from tasks.common.schema.study import Network
from tasks.common.schema.transfer import LpFt
from tasks.common.stages import Source
from tasks.common.training import search
from tasks.models import surgery
from tasks.models.dense import HEAD


def run(sample: Sample, source: Source, network: Network, settings: LpFt, seed: int) -> Trained | Failed:
    """Linear probing over all rates; from the best probe, fine-tuning over all rates.

    Each choice is made on the validation part. A rate is tried for ``probe_epochs + epochs`` in all, so the
    search is as large as that of a method with so many epochs. Where no epoch of fine-tuning helps, and the
    best is kept, the result is the probe. With ``probe_epochs`` 0 this is full fine-tuning, bit for bit.

    Source: "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", arXiv:2202.10054,
    sections 2 and 3.4 (LP-FT).
    """
    probe = search(
        settings,
        sample,
        build=lambda: surgery.with_new_head(source.model, len(sample.classes), seed),
        phases=lambda rate: [Phase("head", rate, settings.probe_epochs, frozenset({HEAD}))],
        seed=seed,
        **mixing.arguments(settings, sample),
    )
    if isinstance(probe, Failed):
        return probe
    tuned = search(
        settings,
        sample,
        build=lambda: surgery.copy(probe.model),
        phases=lambda rate: [Phase("all", rate, settings.epochs)],
        seed=seed,
        **mixing.arguments(settings, sample),
    )
    if isinstance(tuned, Failed):
        return tuned
    return replace(tuned, course=joined(probe.course, tuned.course), notes={"probe_rate": probe.rate})


def joined(first: Course, second: Course) -> Course:
    """One course of two trainings, the second from where the first was kept; its epochs count on."""
    offset = len(first.rows)
    rows = first.rows + [row | {"epoch": row["epoch"] + offset} for row in second.rows]
    epoch = second.epoch + offset if second.epoch else first.epoch
    return Course(rows, epoch, second.validation_loss, second.validation_accuracy)
