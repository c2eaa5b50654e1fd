"""Train one kind of source model of a study.

In:   data/split/<study>/source.npz, scaling.npz
Out:  data/pretrain/<study>/<method>/   a model a repeat, or one for all (pretrain.repeats)
Run:  dvc repro pretrain@fashion-pullover-supervised   about 20 s
"""

from tasks.common import entry, params, samples, stages
from tasks.common.errors import UserError
from tasks.common.outcomes import Failed, Trained
from tasks.pretrain import LABELS_SOURCE, METHODS


def main(study: str, method: str) -> None:
    """Train and save the source models; a source that diverges is an error, as all else needs it."""
    settings = params.load()
    run, block = stages.choose(METHODS, "pretrain", method), settings.settings(study, "pretrain", method)
    sample, network = samples.source(study), settings.studies[study].network

    def once(repeat: int, seed: int) -> Trained | Failed:
        result = run(sample, network, block, seed)
        if isinstance(result, Failed):
            raise UserError(f"the source model diverged: {result.reason}. Lower pretrain.{method}.rates.")
        return result

    about = {
        "family": "pretrain",
        "settings": block.model_dump(),
        "classes": list(sample.classes) if method in LABELS_SOURCE else [],
    }
    repeats = min(settings.pretrain.repeats, settings.caps.repeats)
    stages.train(settings, stages.source_folder(study, method), once, about, repeats)


if __name__ == "__main__":
    entry.run(main)
