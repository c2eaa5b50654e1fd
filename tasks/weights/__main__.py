"""Bring weights that others trained into one file, from where they are published or from a person's own.

In:   params.yaml               datasets.<dataset>; run.weight_files.<dataset> and the file or folder named there
Out:  data/raw/<dataset>.npz    the arrays that `tasks.weights` describes
Run:  dvc repro weights@minilm  about 20 s, and once a download of 90 MB
"""

from pathlib import Path

from tasks.common import artifacts, entry, params, paths
from tasks.common.errors import UserError, unknown
from tasks.weights import KINDS

RAW = Path("data/raw")


def main(dataset: str) -> None:
    """Write data/raw/DATASET.npz."""
    settings = params.load()
    files = settings.run.weight_files
    if dataset not in (*settings.run.weights, *files):
        raise UserError(unknown("--dataset", dataset, (*settings.run.weights, *files)))
    chosen = settings.datasets[dataset]
    outside = getattr(chosen, "outside", False)
    place = paths.checked(files[dataset], outside=outside, where="run.weight_files") if dataset in files else None
    try:
        arrays = KINDS[chosen.kind](chosen, place)
    except UserError as error:
        raise UserError(f"weights '{dataset}': {error}") from None
    artifacts.write_npz(RAW / f"{dataset}.npz", **arrays)


if __name__ == "__main__":
    entry.run(main)
