"""Train one multi-task method on a study, in every repeat.

In:   data/split/<study>/target.npz, scaling.npz
Out:  data/mtl/<study>/<method>/
Run:  dvc repro mtl@tables-hard-sharing   about 20 s
"""

from tasks.common import entry, params, samples, stages
from tasks.common.outcomes import Failed, Trained
from tasks.mtl import CONTROL, METHODS


def main(study: str, method: str) -> None:
    """Run the method and save its models."""
    settings = params.load()
    run, block = stages.choose(METHODS, "mtl", method), settings.settings(study, "mtl", method)
    targets, network = samples.target(study), settings.studies[study].network

    def once(repeat: int, seed: int) -> Trained | Failed:
        return run(targets[repeat], network, block, seed)

    about = {"control": None if method == CONTROL else CONTROL, "uses_source": False}
    stages.train(settings, "mtl", study, method, once, about)


if __name__ == "__main__":
    entry.run(main)
