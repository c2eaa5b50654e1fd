"""Train a student on a study, in every repeat.

In:   data/split/<study>/target.npz, unlabelled.npz, scaling.npz; data/teach/<study>/
Out:  data/methods/<study>/distill/<method>/
Run:  dvc repro distill@tables-logits   about 20 s
"""

from tasks.common import entry, params, samples, stages
from tasks.common.outcomes import Failed, Trained
from tasks.distill import CONTROL, METHODS, UNTAUGHT
from tasks.distill.teaching import Teaching


def main(study: str, method: str) -> None:
    """Run the method and save the students."""
    settings = params.load()
    run, block = stages.choose(METHODS, "distill", method), settings.settings(study, "distill", method)
    targets, network, lesson = samples.target(study), settings.studies[study].student, Teaching(study)

    def once(repeat: int, seed: int) -> Trained | Failed:
        return run(targets[repeat], lesson.of(repeat), network, block, seed)

    taught = method not in UNTAUGHT
    about = {
        "family": "distill",
        "settings": block.model_dump(),
        "control": None if method == CONTROL else CONTROL,
        "uses_source": taught,
        "teacher": lesson.method if taught else None,
    }
    stages.train(settings, stages.folder(study, "distill", method), once, about)


if __name__ == "__main__":
    entry.run(main)
