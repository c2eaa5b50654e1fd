"""Train with the labels that adaptation does without: its ceiling. Besides it only `budgets` reads them.

In:   data/split/<study>/source.npz (class names), unlabelled.npz, oracle.npz, scaling.npz
Out:  data/methods/<study>/adapt/target-oracle/
Run:  dvc repro oracle@tables-shift   about 10 s
"""

import numpy as np

from tasks.common import entry, params, samples, scratch, seeds, stages
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Array, Part, Sample
from tasks.common.schema.base import Training
from tasks.common.schema.study import Network

NAME = "target-oracle"
VALIDATION_SHARE = 0.2  # of the samples, to choose rate and epoch


def labelled(x: Array, y: Array, classes: tuple[str, ...], seed: int) -> Sample:
    """The target samples with their labels, of which a random fifth chooses rate and epoch."""
    rows = seeds.generator(seed, "oracle").permutation(len(y))
    held_out = round(VALIDATION_SHARE * len(y))
    parts = (np.sort(rows[held_out:]), np.sort(rows[:held_out]))
    train, validation = (Part(x[part], y[part], np.zeros((len(part), 0), np.float32)) for part in parts)
    return Sample(train, validation, classes)


def run(
    x: Array, y: Array, classes: tuple[str, ...], network: Network, settings: Training, seed: int
) -> Trained | Failed:
    """A fresh network on the target alone ("train on target" in the papers): no source sample is used.

    Args:
        x: The samples that adaptation sees without labels, (u, ...).
        y: Their labels, (u,) int32.
    """
    return scratch.train(labelled(x, y, classes, seed), network, settings, seed)


def main(study: str) -> None:
    """Train the ceiling in every repeat and save its models."""
    settings = params.load()
    block, network = settings.settings(study, "adapt", NAME), settings.studies[study].network
    classes, targets, answers = samples.source(study).classes, samples.unlabelled(study), samples.oracle(study)

    def once(repeat: int, seed: int) -> Trained | Failed:
        return run(targets[repeat], answers[repeat], classes, network, block, seed)

    about = {
        "family": "adapt",
        "settings": block.model_dump(),
        "control": None,
        "uses_source": False,
        "ceiling": True,
    }
    stages.train(settings, stages.folder(study, "adapt", NAME), once, about)


if __name__ == "__main__":
    entry.run(main)
