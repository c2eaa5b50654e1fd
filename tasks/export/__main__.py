"""Convert the models of a study that are worth shipping. Sees no test part: results.json alone tells which.

In:   data/evaluate/<study>/results.json; data/methods/<study>/; data/split/<study>/target.npz, scaling.npz
Out:  data/export/<study>/<method>/   model.keras, float32.tflite, float16.tflite, int8.tflite, card.json
      data/export/<study>/index.json  {method: why it is there}
Run:  dvc repro export@tables         about 10 s
"""

from pathlib import Path

from tasks.common import entry, outcomes
from tasks.common.artifacts import read_npz, replacing, write_json
from tasks.common.backend import keras
from tasks.common.errors import UserError
from tasks.common.samples import SPLIT, Array, Scaling
from tasks.common.stages import DATA
from tasks.export import CARD, FILES, INDEX, card, network
from tasks.export.beside import describe
from tasks.export.choice import chosen, repeat_of
from tasks.export.convert import Kind, lite
from tasks.report import results

LITE: tuple[Kind, ...] = ("float32", "float16", "int8")


def home(study: str, method: str) -> Path:
    """Where a method's models lie; its family's folder is found by its name, which no other has.

    Raises:
        UserError: If it is not there.
    """
    folders = sorted((DATA / "methods" / study).glob(f"*/{method}"))
    if not folders:
        raise UserError(
            f"{method} is in the results of {study}, but not under data/methods. Run evaluate@{study} again."
        )
    return folders[0]


def write_lite(folder: Path, model: keras.Model, rows: Array, scaling: Scaling) -> None:
    """The TensorFlow Lite files of a trained model; ``rows`` are raw and labelled, (n, ...).

    The scaling is inside, but for int8 of a table: one step of 8 bits cannot serve columns whose ranges differ by
    orders of magnitude, so there the values come scaled.
    """
    for kind in LITE:
        inside = rows.dtype != "float32" or kind != "int8"
        single = network.shipped(model, scaling if inside else None, batch=1)
        content = lite(single, kind, rows if inside else scaling(rows))
        (folder / FILES[kind]).write_bytes(content)


def main(study: str) -> None:
    """Write the files of every model that leaves the study."""
    found = results.read(DATA / "evaluate" / study / "results.json")
    scaling, labelled = Scaling.load(study), read_npz(SPLIT / study / "target.npz")["train_x"]
    why = chosen(found)
    with replacing(DATA / "export" / study) as draft:
        draft.mkdir()
        for method, reasons in why.items():
            repeat, folder = repeat_of(found, method), draft / method
            model, rows = outcomes.load(home(study, method), repeat), labelled[repeat]
            whole = network.shipped(model, scaling)
            network.write(folder / FILES["keras"], whole)
            write_lite(folder, model, rows, scaling)
            told = card.content(found, method, reasons, repeat, str(rows.dtype), scaling)
            files = {kind: {"name": name, **describe(folder / name)} for kind, name in FILES.items()}
            write_json(folder / CARD, told | {"weights_sha256": network.weights_hash(whole), "files": files})
            sizes = ", ".join(f"{kind} {one['bytes']:,}" for kind, one in files.items())
            print(f"{study} {method} ({', '.join(reasons)}), bytes: {sizes}", flush=True)
        write_json(draft / INDEX, why)
    if not why:
        print(f"{study}: every training failed, so there is nothing to export")


if __name__ == "__main__":
    entry.run(main)
