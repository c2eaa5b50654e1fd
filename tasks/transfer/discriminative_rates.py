"""Fine-tune all layers at once, each slower than the one above it: the lower a layer, the more general it is."""

from tasks.common import mixing
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.study import Network
from tasks.common.schema.transfer import DiscriminativeRates
from tasks.common.stages import Source
from tasks.common.training import search
from tasks.models import surgery


def run(sample: Sample, source: Source, network: Network, settings: DiscriminativeRates, seed: int) -> Trained | Failed:
    """The head moves at the full rate, the hidden layer at depth d below it at ``rate / factor^d``.

    With ``factor`` 1 this is full fine-tuning, bit for bit.

    Source: "Universal Language Model Fine-tuning for Text Classification", arXiv:1801.06146, section 3.2
    (discriminative fine-tuning; there the factor is 2.6).
    """
    return search(
        settings,
        sample,
        build=lambda: surgery.with_new_head(source.model, len(sample.classes), seed),
        phases=lambda rate: [Phase("all", rate, settings.epochs, shares=shares(source, network, settings.factor))],
        seed=seed,
        **mixing.arguments(settings, sample),
    )


def shares(source: Source, network: Network, factor: float) -> tuple[tuple[str, float], ...]:
    """(layer, share of the rate) of every hidden layer and its batch normalisation; none where all move alike."""
    if factor == 1:  # old + 1 · (new - old) is not the new weight's bits
        return ()
    return tuple(
        (layer, factor**-depth)
        for depth, name in enumerate(reversed(network.hidden), start=1)
        for layer in sorted(surgery.names_of(source.model, [name]))
    )
