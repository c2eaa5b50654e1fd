"""Train a student on a study, in every repeat.

In:   data/split/<study>/target.npz, scaling.npz; data/transfer/<study>/ (the teacher is one of these)
Out:  data/distill/<study>/<method>/
Run:  dvc repro distill@tables-logits   about 20 s
"""

import numpy as np

from tasks.common import entry, outcomes, params, samples, stages
from tasks.common.catalogue import WITHOUT_SOURCE
from tasks.common.errors import UserError
from tasks.common.loop import predict
from tasks.common.outcomes import Failed, Trained
from tasks.distill import CONTROL, METHODS


def best(study: str, candidates: list[str]) -> str:
    """The transferred model with the highest mean validation accuracy over repeats; loss decides a tie.

    Raises:
        UserError: If each candidate failed in some repeat.
    """
    scores = {}
    for method in candidates:
        repeats = outcomes.read(stages.folder("transfer", study, method))["repeats"]
        if not any(row["failed"] for row in repeats):
            accuracy = np.mean([row["validation_accuracy"] for row in repeats])
            scores[method] = (accuracy, -np.mean([row["validation_loss"] for row in repeats]))
    if not scores:
        raise UserError(f"{study} has no teacher: each of {', '.join(candidates)} failed in some repeat.")
    return max(scores, key=lambda method: scores[method])


def main(study: str, method: str) -> None:
    """Choose the teacher, run the method and save the students."""
    settings = params.load()
    run, block = stages.choose(METHODS, "distill", method), settings.settings(study, "distill", method)
    targets, network = samples.target(study), settings.studies[study].student
    taught = method != CONTROL
    teacher = best(study, [name for name in settings.run.transfer if name not in WITHOUT_SOURCE]) if taught else None

    def once(repeat: int, seed: int) -> Trained | Failed:
        sample, logits = targets[repeat], None
        if teacher:
            model = outcomes.load(stages.folder("transfer", study, teacher), repeat)
            logits = predict(model, sample.train.x)
        return run(sample, logits, network, block, seed)

    about = {"control": CONTROL if taught else None, "uses_source": taught, "teacher": teacher}
    stages.train(settings, "distill", study, method, once, about)


if __name__ == "__main__":
    entry.run(main)
