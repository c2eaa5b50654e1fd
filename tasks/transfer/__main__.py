"""Train one transfer method on a study, in every repeat, from the source model named.

In:   data/split/<study>/target.npz, scaling.npz; data/pretrain/<study>/<source>/
Out:  data/methods/<study>/transfer/<method>/, or origins/<method>-from-<source>/ for another source than the suite's
Run:  dvc repro transfer@tables-fine-tuning   about 20 s
"""

from tasks.common import entry, params, samples, stages
from tasks.common.outcomes import Failed, Trained
from tasks.transfer import METHODS, about


def main(study: str, method: str, source: str | None = None) -> None:
    """Run the method and save its models; without a source named, from the one that the study's suite starts from."""
    settings = params.load()
    start = settings.methods(study).start
    source = source or start
    run, block = stages.choose(METHODS, "transfer", method), settings.settings(study, "transfer", method)
    network, targets = settings.studies[study].network, samples.target(study)
    sources = stages.pretrained(study, source)

    def once(repeat: int, seed: int) -> Trained | Failed:
        return run(targets[repeat], sources(repeat), network, block, seed)

    home = stages.folder(study, "transfer", method)
    if source != start:
        home = stages.folder(study, "origins", f"{method}-from-{source}")
    stages.train(settings, home, once, about(method, block, source))


if __name__ == "__main__":
    entry.run(main)
