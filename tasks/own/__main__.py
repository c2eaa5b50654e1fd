"""Read a data set of a person's own from where it lies, check it, and hold out its test part.

In:   params.yaml               datasets.<dataset>, run.files.<dataset>, seed; the file or folder named there
Out:  data/raw/<dataset>.npz    the arrays that `tasks.own` describes
Run:  dvc repro own@<dataset>   a second or two, longer for many images
"""

from pathlib import Path

import numpy as np

from tasks.common import artifacts, entry, params, paths
from tasks.common.errors import UserError, nearest
from tasks.own import KINDS

RAW = Path("data/raw")


def main(dataset: str) -> None:
    """Write data/raw/DATASET.npz."""
    settings = params.load()
    files = settings.run.files
    if dataset not in files:
        raise UserError(f"--dataset is '{dataset}'; run.files has: {', '.join(files)}.{nearest(dataset, files)}")
    chosen = settings.datasets[dataset]
    path = paths.checked(files[dataset], outside=getattr(chosen, "outside", False))
    try:
        arrays = KINDS[chosen.kind](chosen, path, settings.seed)
        artifacts.write_npz(RAW / f"{dataset}.npz", **arrays)  # large images are read only here
    except UserError as error:
        raise UserError(f"data set '{dataset}', {files[dataset]}: {error}") from None
    for part in ("train", "test") if "train_y" in arrays else ():
        counts = np.bincount(arrays[f"{part}_y"], minlength=len(arrays["classes"]))
        print(f"{part}: " + ", ".join(f"{name} {count}" for name, count in zip(arrays["classes"], counts, strict=True)))


if __name__ == "__main__":
    entry.run(main)
