"""Train one few-shot method on a task's base classes, in every repeat.

In:   data/fewshot/<task>/base.npz
Out:  data/fewshot/<task>/methods/<method>/   an embedding a repeat, see tasks/common/outcomes.py
Run:  dvc repro fewshot@omniglot-5way-1shot-prototypes   about 30 s
"""

from tasks.common import entry, params, stages
from tasks.common.outcomes import Failed, Trained
from tasks.common.params import capped
from tasks.fewshot import METHODS, pools
from tasks.fewshot.settings import episodes_of


def main(task: str, method: str) -> None:
    """Run the method and save its embeddings."""
    settings = params.load()
    chosen, row = settings.fewshot.task(task), stages.choose(METHODS, "fewshot", method)
    block, caps = capped(settings.fewshot.settings(method), settings.caps), settings.caps
    base = pools.base(task, rotations=chosen.rotations, most=caps.source_rows)
    episodes = episodes_of(base.validation, chosen, chosen.validation_episodes, settings, "validation")

    def once(repeat: int, seed: int) -> Trained | Failed:
        return row.run(base, episodes, chosen, block, seed)

    about = {
        "family": "fewshot",
        "settings": block.model_dump(),
        "trained_classes": len(base.train),
        "validation_classes": len(base.validation),
    }
    repeats = min(chosen.repeats, caps.repeats)
    stages.train(settings, pools.folder(task, method), once, about, repeats)


if __name__ == "__main__":
    entry.run(main)
