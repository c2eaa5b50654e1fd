"""Measure each exported file on the test part, with its own runtime.

In:   data/export/<study>/; data/split/<study>/test.npz
Out:  data/shipped/<study>.json    {method: {format: accuracy, agreement with the .keras file, bytes}}
Run:  dvc repro shipped@tables     about 10 s
"""

from pathlib import Path
from typing import Any

from tasks.common import entry
from tasks.common.artifacts import read_json, read_npz, write_json
from tasks.common.samples import SPLIT, Array
from tasks.common.stages import DATA
from tasks.export import FILES, INDEX
from tasks.export.running import load


def measured(folder: Path, x: Array, y: Array) -> dict[str, dict[str, Any]]:
    """Figures of the files of one method, by format, on raw inputs ``x`` (n, ...) with labels ``y`` (n,).

    ``agreement``: share of samples for which the file names the class that the `.keras` file names.
    """
    named, sizes = {}, {}
    for kind, name in FILES.items():
        runner, card = load(folder / name)
        named[kind], sizes[kind] = runner(x).argmax(axis=1), card["files"][kind]["bytes"]
    return {
        kind: {
            "accuracy": float((classes == y).mean()),
            "agreement": float((classes == named["keras"]).mean()),
            "bytes": sizes[kind],
        }
        for kind, classes in named.items()
    }


def main(study: str) -> None:
    """Measure the files of every exported method."""
    folder, test = DATA / "export" / study, read_npz(SPLIT / study / "test.npz")
    table = {method: measured(folder / method, test["x"], test["y"]) for method in read_json(folder / INDEX)}
    write_json(DATA / "shipped" / f"{study}.json", table)
    for method, files in table.items():
        for kind, one in files.items():
            figures = f"accuracy {one['accuracy']:.4f}, agreement {one['agreement']:.4f}, {one['bytes']:,} bytes"
            print(f"{study} {method} {kind}: {figures}")


if __name__ == "__main__":
    entry.run(main)
