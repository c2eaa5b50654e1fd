"""Put weights that others trained into a study's network: a source model without a source's samples.

In:   data/raw/<weights>.npz, an array for each variable; data/split/<study>/notes.json, the shape of a sample
Out:  data/pretrain/<study>/given/   one model, which ends with its features
Run:  dvc repro given@clothing       about 10 s
"""

from pathlib import Path

from tasks.common import entry, outcomes, params, stages
from tasks.common.artifacts import read_json, read_npz
from tasks.common.errors import UserError
from tasks.common.outcomes import Trained
from tasks.common.phases import Course
from tasks.common.samples import SPLIT
from tasks.models import given

RAW = Path("data/raw")


def main(study: str, weights: str) -> None:
    """Write data/pretrain/STUDY/given, from data/raw/WEIGHTS.npz."""
    settings = params.load()
    inputs = tuple(read_json(SPLIT / study / "notes.json")["inputs"])
    try:
        model = given.build(settings.studies[study].network, inputs, read_npz(RAW / f"{weights}.npz"), settings.seed)
    except UserError as error:
        raise UserError(f"run.given.{study} is '{weights}': {error}") from None
    about = {"family": "pretrain", "settings": {}, "classes": [], "samples_seen": [0]}
    outcomes.save(stages.source_folder(study, "given"), [Trained(model, Course(), None, 0, 0)], about)


if __name__ == "__main__":
    entry.run(main)
