"""Train one multi-task method on a study, in every repeat.

In:   data/split/<study>/target.npz, source.npz, scaling.npz
Out:  data/methods/<study>/mtl/<method>/
Run:  dvc repro mtl@tables-hard-sharing   about 20 s
"""

from tasks.common import entry, params, samples, stages
from tasks.common.outcomes import Failed, Trained
from tasks.mtl import CONTROL, METHODS, USE_SOURCE


def main(study: str, method: str) -> None:
    """Run the method and save its models."""
    settings = params.load()
    run, block = stages.choose(METHODS, "mtl", method), settings.settings(study, "mtl", method)
    targets, source, network = samples.target(study), samples.source(study), settings.studies[study].network

    def once(repeat: int, seed: int) -> Trained | Failed:
        return run(targets[repeat], source, network, block, seed)

    about = {
        "family": "mtl",
        "settings": block.model_dump(),
        "control": None if method == CONTROL else CONTROL,
        "uses_source": method in USE_SOURCE,
    }
    stages.train(settings, stages.folder(study, "mtl", method), once, about)


if __name__ == "__main__":
    entry.run(main)
