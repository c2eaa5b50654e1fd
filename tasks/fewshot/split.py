"""Part the classes of a few-shot task: those to train on and to choose by in one file, the novel ones in another.

In:   data/raw/<base>.npz, data/raw/<novel>.npz
Out:  data/fewshot/<task>/base.npz    train_x, validation_x (classes, samples, height, width) uint8, and their names
      data/fewshot/<task>/novel.npz   x, names; only the report opens it
Run:  dvc repro fewshot-split           about 1 s
"""

import numpy as np

from tasks.common import entry, params
from tasks.common.artifacts import read_npz, write_npz
from tasks.fewshot import pools


def main(task: str, base: str, novel: str) -> None:
    """Write data/fewshot/TASK/base.npz and novel.npz from the raw data sets BASE and NOVEL."""
    chosen = params.load().fewshot.task(task)
    known, new = (pools.of_raw(read_npz(pools.RAW / f"{name}.npz"), name) for name in (base, novel))
    parts = pools.parted(known, new, chosen.validation, task)
    write_npz(
        pools.HOME / task / "base.npz",
        train_x=parts.train.x,
        train_names=np.array(parts.train.names),
        validation_x=parts.validation.x,
        validation_names=np.array(parts.validation.names),
    )
    write_npz(pools.HOME / task / "novel.npz", x=new.x, names=np.array(new.names))
    print(f"{len(parts.train)} classes to train on, {len(parts.validation)} to choose by, {len(new)} novel", flush=True)


if __name__ == "__main__":
    entry.run(main)
