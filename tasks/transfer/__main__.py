"""Train one transfer method on a study, in every repeat.

In:   data/split/<study>/target.npz, scaling.npz; data/pretrain/<study>/
Out:  data/transfer/<study>/<method>/
Run:  dvc repro transfer@tables-fine-tuning   about 20 s
"""

from tasks.common import entry, params, samples, stages
from tasks.common.catalogue import WITHOUT_SOURCE
from tasks.common.outcomes import Failed, Trained
from tasks.transfer import CONTROL, METHODS


def main(study: str, method: str) -> None:
    """Run the method and save its models."""
    settings = params.load()
    run, block = stages.choose(METHODS, "transfer", method), settings.settings(study, "transfer", method)
    definition, targets = settings.studies[study], samples.target(study)
    source = stages.pretrained(study, definition.data.source.classes)

    def once(repeat: int, seed: int) -> Trained | Failed:
        return run(targets[repeat], source(repeat), definition.network, block, seed)

    carries = method not in WITHOUT_SOURCE
    about = {"control": CONTROL if carries else None, "uses_source": carries}
    stages.train(settings, "transfer", study, method, once, about)


if __name__ == "__main__":
    entry.run(main)
