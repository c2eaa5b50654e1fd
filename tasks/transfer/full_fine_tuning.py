"""Start from the source model and train everything at once: layers and new head, at one rate."""

from tasks.common import mixing
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.study import Network
from tasks.common.schema.transfer import TransferTraining
from tasks.common.stages import Source
from tasks.common.training import search
from tasks.models import surgery


def run(sample: Sample, source: Source, network: Network, settings: TransferTraining, seed: int) -> Trained | Failed:
    """The training of `scratch-tuned` from the source's weights: nothing but the start differs.

    Source: "Rich feature hierarchies for accurate object detection and semantic segmentation", arXiv:1311.2524,
    section 2.3 (domain-specific fine-tuning).
    """
    return search(
        settings,
        sample,
        build=lambda: surgery.with_new_head(source.model, len(sample.classes), seed),
        phases=lambda rate: [Phase("all", rate, settings.epochs)],
        seed=seed,
        **mixing.arguments(settings, sample),
    )
