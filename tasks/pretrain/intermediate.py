"""Train a network that starts from weights that others trained further, on the source's labels.

In:   data/split/<study>/source.npz, scaling.npz; data/pretrain/<study>/given/
Out:  data/pretrain/<study>/intermediate/   a model a repeat, or one for all (pretrain.repeats)
Run:  dvc repro intermediate@reviews        about a minute
"""

from tasks.common import entry, params, samples, stages
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.base import Training
from tasks.common.stages import Source
from tasks.common.training import search
from tasks.models import surgery
from tasks.pretrain import sources


def run(sample: Sample, source: Source, settings: Training, seed: int) -> Trained | Failed:
    """Everything moves, at one rate, from the given weights and with a new head.

    Source: "Sentence Encoders on STILTs: Supplementary Training on Intermediate Labeled-data Tasks",
    arXiv:1811.01088, section 2.
    """
    return search(
        settings,
        sample,
        build=lambda: surgery.with_new_head(source.model, len(sample.classes), seed),
        phases=lambda rate: [Phase("all", rate, settings.epochs)],
        seed=seed,
    )


def main(study: str) -> None:
    """Train and save the source models."""
    settings, method = params.load(), "intermediate"
    block, sample = settings.settings(study, "pretrain", method), samples.source(study)
    given = stages.pretrained(study, "given")
    sources.train(
        settings, study, method, block, sample.classes, lambda repeat, seed: run(sample, given(repeat), block, seed)
    )


if __name__ == "__main__":
    entry.run(main)
