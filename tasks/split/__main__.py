"""Cut the samples of one study. See `tasks.split` for what is written.

Run:  dvc repro split@tables          about 1 s
"""

from pathlib import Path

from tasks import split
from tasks.common import entry, lazy, params
from tasks.common.samples import SPLIT


def main(study: str, source: str, target: str) -> None:
    """Write the files of one study, from its source's and its target's data set."""
    settings = params.load()
    source_raw, target_raw = (lazy.read(Path(f"data/raw/{dataset}.npz")) for dataset in (source, target))
    split.write(SPLIT / study, source_raw, target_raw, settings.studies[study].data, settings.seed, settings.caps)


if __name__ == "__main__":
    entry.run(main)
