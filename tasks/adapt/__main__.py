"""Carry a classifier to the target's domain in one way, in every repeat; nobody here sees a target label.

In:   data/split/<study>/source.npz, unlabelled.npz, scaling.npz
Out:  data/methods/<study>/adapt/<method>/
Run:  dvc repro adapt@tables-shift-coral   about 20 s
"""

from tasks.adapt import CONTROL, METHODS
from tasks.common import entry, params, samples, stages
from tasks.common.outcomes import Failed, Trained


def main(study: str, method: str) -> None:
    """Run the method and save its models, with all candidates of each choice."""
    settings = params.load()
    run, block = stages.choose(METHODS, "adapt", method), settings.settings(study, "adapt", method)
    network, source, targets = settings.studies[study].network, samples.source(study), samples.unlabelled(study)

    def once(repeat: int, seed: int) -> Trained | Failed:
        result = run(source, targets[repeat], network, block, seed)
        if isinstance(result, Trained):
            _tell(result)
        return result

    control = method == CONTROL
    about = {
        "family": "adapt",
        "settings": block.model_dump(),
        "control": None if control else CONTROL,
        "uses_source": not control,
    }
    stages.train(settings, stages.folder(study, "adapt", method), once, about)


def _tell(result: Trained) -> None:
    """What the log says of the candidates."""
    notes = result.notes
    print(f"  {notes['choice']} chooses {notes['chosen'][notes['choice']]} of {len(notes['candidates'])} candidates")
    for name, one in notes["candidates"].items():
        if one["collapsed"]:
            shares = ", ".join(f"{share:.2f}" for share in one["shares"])
            chosen = " and is the choice" if name == notes["chosen"][notes["choice"]] else ""
            print(f"  {name} has collapsed{chosen}: class shares on the target are {shares}")


if __name__ == "__main__":
    entry.run(main)
