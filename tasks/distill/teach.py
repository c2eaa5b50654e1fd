"""Choose the teacher of a study and let it speak once: what every student of it learns from.

In:   data/split/<study>/target.npz, unlabelled.npz, scaling.npz; data/methods/<study>/transfer/
Out:  data/teach/<study>/teacher/      outcome of the transfer method that teaches, models of all repeats
      data/teach/<study>/teacher.json  its name
      data/teach/<study>/logits.npz    of the labelled training part, (repeats, n, classes), and of unlabelled samples
      data/teach/<study>/features.npz  its features of the training part, (repeats, n, width), by layer
      data/teach/<study>/attention.npz its attention on them, (repeats, n, h, w), by convolution; none if it is dense
Run:  dvc repro teach@tables           about 8 s
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tasks.common import entry, outcomes, params, samples, stages
from tasks.common.artifacts import Arrays, replacing, write_json, write_npz
from tasks.common.catalogue import WITHOUT_SOURCE
from tasks.common.errors import UserError
from tasks.common.objectives import predict
from tasks.distill import inside


def best(study: str, candidates: list[str]) -> str:
    """The transferred model with the highest mean validation accuracy over repeats; loss decides a tie.

    Raises:
        UserError: If each candidate failed in some repeat.
    """
    scores = {}
    for method in candidates:
        repeats = outcomes.read(stages.folder(study, "transfer", method))["repeats"]
        if not any(row["failed"] for row in repeats):
            accuracy = np.mean([row["validation_accuracy"] for row in repeats])
            scores[method] = (accuracy, -np.mean([row["validation_loss"] for row in repeats]))
    if not scores:
        raise UserError(f"{study} has no teacher: each of {', '.join(candidates)} failed in some repeat.")
    return max(scores, key=lambda method: scores[method])


def write(folder: Path, home: Path, targets: list[samples.Sample], unlabelled: list[samples.Array]) -> None:
    """Copy the teacher found in ``home`` and write what it says."""
    teachers = [outcomes.load(home, repeat) for repeat in range(len(targets))]
    train = [predict(model, sample.train.x) for model, sample in zip(teachers, targets, strict=True)]
    seen = [inside.look(model, sample.train.x) for model, sample in zip(teachers, targets, strict=True)]
    others = [
        predict(model, x) if len(x) else np.empty((0, len(sample.classes)), np.float32)
        for model, x, sample in zip(teachers, unlabelled, targets, strict=True)
    ]
    with replacing(folder) as draft:
        draft.mkdir()
        shutil.copytree(home, draft / "teacher")
        write_json(draft / "teacher.json", {"method": home.name})
        write_npz(draft / "logits.npz", train=np.stack(train), unlabelled=np.stack(others))
        write_npz(draft / "features.npz", **_stacked([one.features for one in seen]))
        write_npz(draft / "attention.npz", **_stacked([one.maps for one in seen]))


def _stacked(repeats: list[Mapping[str, samples.Array]]) -> Arrays:
    """Each array with a leading axis of repeats."""
    return {name: np.stack([arrays[name] for arrays in repeats]) for name in repeats[0]}


def main(study: str) -> None:
    """Choose the teacher and write what it says of every sample a student may see."""
    settings = params.load()
    candidates = [name for name in settings.methods(study).transfer if name not in WITHOUT_SOURCE]
    teacher = best(study, candidates)
    home = stages.folder(study, "transfer", teacher)
    write(stages.DATA / "teach" / study, home, samples.target(study), samples.unlabelled(study))
    print(f"{study}: {teacher} teaches")


if __name__ == "__main__":
    entry.run(main)
