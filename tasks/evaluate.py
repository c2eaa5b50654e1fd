"""Open the test part, once, and measure every selected method of a study on it.

In:   data/split/<study>/test.npz, scaling.npz; data/transfer|distill|mtl/<study>/
Out:  data/evaluate/<study>/results.json     every figure, for the report
      data/evaluate/<study>/metrics.json     means over repeats, for dvc metrics
      data/evaluate/<study>/predictions.npz  <method>: logits, (repeats, n, classes); a failed repeat is NaN
      data/evaluate/<study>/curves.csv, confusion.csv   for dvc plots
Run:  dvc repro evaluate@tables              about 15 s
"""

from typing import Any

import numpy as np
import pandas as pd

from tasks.common import entry, outcomes, params, stages
from tasks.common.artifacts import read_npz, write_json, write_npz, write_text
from tasks.common.loop import class_logits
from tasks.common.metrics import measure
from tasks.common.params import Params
from tasks.common.samples import SPLIT, Array, Scaling

FIGURES = ("accuracy", "macro_f1", "log_loss", "calibration_error")


def predict(study: str, family: str, method: str, repeats: list[dict[str, Any]], x: Array, classes: int) -> Array:
    """Test logits of each repeat, (repeats, n, classes) float32."""
    logits = np.full((len(repeats), len(x), classes), np.nan, np.float32)
    for row in repeats:
        if not row["failed"]:
            model = outcomes.load(stages.folder(family, study, method), row["repeat"])
            logits[row["repeat"]] = class_logits(model.predict(x, batch_size=512, verbose=0))
    return logits


def entry_of(outcome: dict[str, Any], logits: Array, y: Array) -> dict[str, Any]:
    """A method's part of results.json."""
    rows = [row | (measure(logits[row["repeat"]], y) if not row["failed"] else {}) for row in outcome["repeats"]]
    settings = outcome["settings"]
    return {
        "family": outcome["family"],
        "control": outcome["control"],
        "uses_source": outcome["uses_source"],
        "parameters": outcome["parameters"],
        "settings": settings,
        "trainings": len(settings.get("rates", [])),
        "epochs": settings.get("epochs", 0) + settings.get("head_epochs", 0),
        "repeats": [_repeat(row) for row in rows],
        "curves": [{"repeat": row["repeat"], **epoch} for row in rows for epoch in row.get("curve", [])],
    }


def _repeat(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "repeat": row["repeat"],
        "failed": row["failed"],
        "chosen": {"rate": row.get("rate"), "epoch": row.get("epoch")},
        **{name: row.get(name) for name in (*FIGURES, "confusion", "validation_accuracy")},
    }


def means(methods: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Mean of each figure over the repeats that did not fail; a method that always failed has none."""
    table = {}
    for name, method in methods.items():
        done = [row for row in method["repeats"] if not row["failed"]]
        table[name] = {figure: float(np.mean([row[figure] for row in done])) for figure in FIGURES if done}
    return table


def curves(methods: dict[str, Any]) -> str:
    """CSV with a row for each method, repeat and epoch."""
    rows = [{"method": name, **row} for name, method in methods.items() for row in method["curves"]]
    return str(pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"))


def confusion(logits: dict[str, Array], y: Array, classes: list[str]) -> str:
    """CSV with a row for each method, repeat and test sample: its true class and the predicted one."""
    names, frames = np.array(classes), []
    for method, values in logits.items():
        for repeat, row in enumerate(values):
            if not np.isnan(row).any():
                predicted = names[row.argmax(axis=1)]
                frames.append(
                    pd.DataFrame({"method": method, "repeat": repeat, "actual": names[y], "predicted": predicted})
                )
    return str(pd.concat(frames).to_csv(index=False, lineterminator="\n"))


def results(settings: Params, study: str, test: dict[str, Array], logits: dict[str, Array]) -> dict[str, Any]:
    """The content of results.json."""
    read = {m: outcomes.read(stages.folder(f, study, m)) for m, f in settings.run.methods.items()}
    target = settings.studies[study].data.target
    return {
        "study": study,
        "classes": test["classes"].tolist(),
        "test_size": len(test["y"]),
        "labelled": target.labelled,
        "validation": target.validation,
        "repeats": settings.caps.repeats,
        "size": settings.size,
        "teacher": next((outcome["teacher"] for outcome in read.values() if outcome.get("teacher")), None),
        "methods": {method: entry_of(outcome, logits[method], test["y"]) for method, outcome in read.items()},
        "order": list(read),
    }


def main(study: str) -> None:
    """Measure all selected methods and write the five files."""
    settings, test = params.load(), read_npz(SPLIT / study / "test.npz")
    x, classes = Scaling.load(study)(test["x"]), test["classes"].tolist()
    logits = {}
    for method, family in settings.run.methods.items():
        repeats = outcomes.read(stages.folder(family, study, method))["repeats"]
        logits[method] = predict(study, family, method, repeats, x, len(classes))
    content, folder = results(settings, study, test, logits), stages.DATA / "evaluate" / study
    write_json(folder / "results.json", content)
    write_json(folder / "metrics.json", means(content["methods"]))
    write_npz(folder / "predictions.npz", **logits)
    write_text(folder / "curves.csv", curves(content["methods"]))
    write_text(folder / "confusion.csv", confusion(logits, test["y"], classes))
    for method, figures in means(content["methods"]).items():
        print(f"{study} {method}: test accuracy {figures.get('accuracy', float('nan')):.4f}")


if __name__ == "__main__":
    entry.run(main)
