"""Bring a data set into one file, whichever source has it, with the same bytes from each.

In:   params.yaml               datasets.<dataset>, seed
Out:  data/raw/<dataset>.npz    the arrays that `tasks.datasets` describes
Run:  dvc repro download        about 2 s once Fashion-MNIST's 30 MB are in the download cache
"""

from pathlib import Path

from tasks.common import artifacts, entry, params
from tasks.common.errors import UserError, nearest
from tasks.datasets import KINDS

RAW = Path("data/raw")


def main(dataset: str) -> None:
    """Write data/raw/DATASET.npz."""
    settings = params.load()
    if dataset not in settings.datasets:
        known = ", ".join(settings.datasets)
        raise UserError(f"--dataset is '{dataset}'; params.yaml has: {known}.{nearest(dataset, settings.datasets)}")
    chosen = settings.datasets[dataset]
    artifacts.write_npz(RAW / f"{dataset}.npz", **KINDS[chosen.kind](chosen, settings.seed))


if __name__ == "__main__":
    entry.run(main)
