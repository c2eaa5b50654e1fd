"""Train the new head, then unfreeze the layers step by step from the last to the first, at falling rates."""

from tasks.common import mixing
from tasks.common.layers import unfrozen
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.study import Network
from tasks.common.schema.transfer import ProgressiveUnfreezing
from tasks.common.stages import Source
from tasks.common.training import search
from tasks.models import surgery
from tasks.models.dense import HEAD


def run(
    sample: Sample, source: Source, network: Network, settings: ProgressiveUnfreezing, seed: int
) -> Trained | Failed:
    """Step 0 moves the head; each further step adds the next layers below, at ``decay`` times the rate before.

    All steps have the same number of epochs, and the last has what is left over too. Departs from the paper in
    that rates fall from step to step; with ``decay`` 1 they do not.

    Source: "Universal Language Model Fine-tuning for Text Classification", arXiv:1801.06146, section 3.3
    (gradual unfreezing).
    """
    groups = [[], *unfrozen(network.hidden, settings.steps)]
    moving = [surgery.names_of(source.model, names) | {HEAD} for names in groups]
    return search(
        settings,
        sample,
        build=lambda: surgery.with_new_head(source.model, len(sample.classes), seed),
        phases=lambda rate: phases(rate, settings.decay, settings.epochs, moving),
        seed=seed,
        **mixing.arguments(settings, sample),
    )


def phases(rate: float, decay: float, epochs: int, moving: list[frozenset[str]]) -> list[Phase]:
    """One phase for each set of layers that move; ``rate · decay^step``, ``epochs`` in all."""
    each, last = epochs // len(moving), len(moving) - 1
    return [
        Phase(
            f"step {step}" if step else "head",
            rate * decay**step,
            epochs - last * each if step == last else each,
            names,
        )
        for step, names in enumerate(moving)
    ]
