"""Train one few-shot method on a task's base classes, in every repeat.

In:   data/fewshot/<task>/base.npz
Out:  data/fewshot/<task>/methods/<method>/   an embedding a repeat, see tasks/common/outcomes.py
Run:  dvc repro fewshot@omniglot-5way-1shot-prototypes   about 30 s
"""

from tasks.common import entry, seeds, stages
from tasks.common.outcomes import Failed, Trained
from tasks.common.params import capped
from tasks.fewshot import METHODS, pools, settings
from tasks.fewshot.episodes import draw


def main(task: str, method: str) -> None:
    """Run the method and save its embeddings."""
    params = settings.load()
    chosen, row = settings.task_of(params, task), stages.choose(METHODS, "fewshot", method)
    block, caps = capped(settings.method_of(params, method), params.caps), params.caps
    base = pools.base(task, rotations=chosen.rotations, most=caps.source_rows)
    episodes = draw(  # the same for all methods and repeats
        len(base.validation),
        base.validation.samples,
        ways=chosen.ways,
        shots=chosen.shots,
        queries=chosen.queries,
        count=settings.at_most(chosen, chosen.validation_episodes, caps),
        rng=seeds.generator(params.seed, "few-shot", "validation"),
    )

    def once(repeat: int, seed: int) -> Trained | Failed:
        return row.run(base, episodes, chosen, block, seed)

    about = {
        "family": "fewshot",
        "settings": block.model_dump(),
        "trained_classes": len(base.train),
        "validation_classes": len(base.validation),
    }
    repeats = min(chosen.repeats, caps.repeats)
    stages.train(params, pools.folder(task, method), once, about, repeats)


if __name__ == "__main__":
    entry.run(main)
