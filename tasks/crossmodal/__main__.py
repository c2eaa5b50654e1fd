"""Train one cross-modal method on each split, once with the descriptions and once, as a control, with shuffled ones.

In:   data/crossmodal/<task>/seen/split-<s>.npz       nothing of the classes that the split holds out
Out:  data/crossmodal/<task>/methods/<method>/        a model a split; its variant is the control
Run:  dvc repro crossmodal@fashion-words-contrastive  about 15 s
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from tasks.common import entry, outcomes, params, seeds
from tasks.common.outcomes import Failed, Trained
from tasks.common.params import capped
from tasks.common.stages import choose
from tasks.crossmodal import METHODS, seen
from tasks.crossmodal.seen import HOME


def of_split(method: str, path: Path, network: Any, block: Any, seed: int) -> Trained | Failed:
    """The method's model of one split, with the control's beside it."""
    found, control = (
        METHODS[method](seen.read(path, shuffled=shuffled), network, block, seed) for shuffled in (False, True)
    )
    if isinstance(found, Failed) or isinstance(control, Failed):
        return found if isinstance(found, Failed) else control
    return replace(found, variants={"shuffled": control.model})


def main(task: str, method: str) -> None:
    """Write data/crossmodal/TASK/methods/METHOD."""
    settings = params.load()
    choose(METHODS, "crossmodal", method)
    chosen, block = settings.crossmodal.task(task), capped(settings.crossmodal.settings(method), settings.caps)
    found: list[Trained | Failed] = []
    for number, path in enumerate(seen.files(task)):
        seed = seeds.derive(settings.seed, "crossmodal", number)  # the same for every method
        found.append(of_split(method, path, chosen.network, block, seed))
    about = {"family": "crossmodal", "settings": block.model_dump()}
    outcomes.save(HOME / task / "methods" / method, found, about)
    hits = [one.course.validation_accuracy for one in found if isinstance(one, Trained)]
    failed = len(found) - len(hits)
    mean = f"{sum(hits) / len(hits):.3f}" if hits else "none"
    print(f"{method}: {len(found)} splits, {failed} failed; mean validation accuracy among seen classes {mean}")


if __name__ == "__main__":
    entry.run(main)
