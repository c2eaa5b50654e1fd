"""Train the source model of a study.

In:   data/split/<study>/source.npz, scaling.npz
Out:  data/pretrain/<study>/supervised/   a model a repeat, or one for all (pretrain.repeats)
Run:  dvc repro pretrain@fashion-pullover   about 20 s
"""

from tasks.common import entry, outcomes, params, samples, stages
from tasks.common.errors import UserError
from tasks.common.outcomes import Failed
from tasks.pretrain import METHODS


def main(study: str) -> None:
    """Train and save the source models; a source that diverges is an error, as all else needs it."""
    settings = params.load()
    sample, network = samples.source(study), settings.studies[study].network
    training = settings.settings(study, "pretrain", "supervised")
    results = []
    for repeat in range(min(settings.pretrain.repeats, settings.caps.repeats)):
        seed = stages.repeat_seed(settings.seed, repeat)
        results.append(METHODS["supervised"](sample, network, training, seed))
        if isinstance(results[-1], Failed):
            raise UserError(f"the source model diverged: {results[-1].reason}. Lower pretrain.supervised.rates.")
        print(f"{study} source model {repeat}: validation accuracy {results[-1].course.validation_accuracy:.3f}")
    about = {"family": "pretrain", "settings": training.model_dump(), "classes": list(sample.classes)}
    outcomes.save(stages.folder("pretrain", study, "supervised"), results, about)


if __name__ == "__main__":
    entry.run(main)
