"""Train one transfer method with fewer or more labels than its study has: one point of its learning curve.

In:   data/split/<study>/target.npz, unlabelled.npz, oracle.npz, scaling.npz; data/pretrain/<study>/supervised/
Out:  data/methods/<study>/budgets/<method>-at-<percent>/
Run:  dvc repro budgets@tables-fine-tuning-200   about 20 s

Settings, seeds and search are those of the `transfer` stage. Above 100 percent it reads labels that the study's methods
do without; no method is compared with what comes out.
"""

from tasks import budgets
from tasks.common import entry, params, samples, seeds, stages
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.transfer import METHODS, about


def main(study: str, method: str, percent: str) -> None:
    """Train the method in every repeat and save its models."""
    settings = params.load()
    run, block = stages.choose(METHODS, "transfer", method), settings.settings(study, "transfer", method)
    network, targets = settings.studies[study].network, samples.target(study)
    start = settings.methods(study).start
    x, y, sources = samples.unlabelled(study), samples.oracle(study), stages.pretrained(study, start)
    labels = budgets.amount(targets[0], int(percent))

    def sample(repeat: int) -> Sample:
        rng = seeds.generator(settings.seed, "budgets", repeat)
        return budgets.budgeted(targets[repeat], x[repeat], y[repeat], labels, rng)

    def once(repeat: int, seed: int) -> Trained | Failed:
        return run(sample(repeat), sources(repeat), network, block, seed)

    told = about(method, block, start) | {"percent": int(percent), "labels": labels}
    stages.train(settings, stages.folder(study, "budgets", f"{method}-at-{percent}"), once, told)


if __name__ == "__main__":
    entry.run(main)
