"""Train one kind of source model of a study.

In:   data/split/<study>/source.npz, scaling.npz
Out:  data/pretrain/<study>/<method>/   a model a repeat, or one for all (pretrain.repeats)
Run:  dvc repro pretrain@fashion-pullover-supervised   about 20 s
"""

from tasks.common import entry, params, samples, stages
from tasks.pretrain import LABELS_SOURCE, METHODS, sources


def main(study: str, method: str) -> None:
    """Train and save the source models."""
    settings = params.load()
    run, block = stages.choose(METHODS, "pretrain", method), settings.settings(study, "pretrain", method)
    sample, network = samples.source(study), settings.studies[study].network
    classes = sample.classes if method in LABELS_SOURCE else ()
    sources.train(settings, study, method, block, classes, lambda _, seed: run(sample, network, block, seed))


if __name__ == "__main__":
    entry.run(main)
