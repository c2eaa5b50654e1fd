"""Open the test part, once, and measure every selected method of a study on it.

In:   data/split/<study>/test.npz, scaling.npz; data/transfer|distill|mtl/<study>/
Out:  data/evaluate/<study>/results.json     every figure, for the report
      data/evaluate/<study>/metrics.json     means over repeats, for dvc metrics
      data/evaluate/<study>/predictions.npz  <method>: logits, (repeats, n, classes); a failed repeat is NaN
      data/evaluate/<study>/curves/, confusion/   <method>.csv, for dvc plots
Run:  dvc repro evaluate@tables              about 15 s
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tasks.common import entry, outcomes, params, stages
from tasks.common.artifacts import read_npz, replacing, write_json, write_npz
from tasks.common.loop import predict
from tasks.common.metrics import measure
from tasks.common.params import Params
from tasks.common.samples import SPLIT, Array, Scaling

FIGURES = ("accuracy", "macro_f1", "log_loss", "calibration_error")


def test_logits(study: str, family: str, method: str, repeats: list[dict[str, Any]], x: Array, classes: int) -> Array:
    """Test logits of each repeat, (repeats, n, classes) float32."""
    logits = np.full((len(repeats), len(x), classes), np.nan, np.float32)
    for row in repeats:
        if not row["failed"]:
            model = outcomes.load(stages.folder(family, study, method), row["repeat"])
            logits[row["repeat"]] = predict(model, x)
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


def test_variance(logits: Array, other: Array, y: Array) -> float | None:
    """Variance of a paired difference in accuracy that comes from the choice of test samples, a share squared.

    ``var_i(mean_r(hit_ri - other_ri)) / n`` over the n test samples i, averaged over the repeats r in which
    both succeeded; None if there are none. The variance over repeats says nothing of it, as all repeats share
    the test part: two networks that differ on two pictures only would look surely different.

    Args:
        logits: (repeats, n, classes); a failed repeat is NaN.
        other: The same of the method compared with.
        y: True class indices, (n,).
    """
    both = ~np.isnan(logits + other).any(axis=(1, 2))
    if not both.any():
        return None
    hits, other_hits = ((values[both].argmax(axis=2) == y).astype(np.float64) for values in (logits, other))
    return float((hits - other_hits).mean(axis=0).var(ddof=1) / len(y))


def means(methods: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Mean of each figure over the repeats that did not fail; a method that always failed has none."""
    table = {}
    for name, method in methods.items():
        done = [row for row in method["repeats"] if not row["failed"]]
        table[name] = {figure: float(np.mean([row[figure] for row in done])) for figure in FIGURES if done}
    return table


def curve(method: dict[str, Any]) -> str:
    """CSV of a method's learning curve, mean over repeats: epoch, losses in nats, validation accuracy."""
    columns = ["epoch", "loss", "validation_loss", "validation_accuracy"]
    rows = pd.DataFrame(method["curves"], columns=columns)
    return str(rows.groupby("epoch", as_index=False).mean().to_csv(index=False, lineterminator="\n"))


def confusion(logits: Array, y: Array, classes: list[str]) -> str:
    """CSV with a row for each repeat and test sample: its true class and the predicted one."""
    names, done = np.array(classes), [row for row in logits if not np.isnan(row).any()]
    predicted = np.concatenate([names[row.argmax(axis=1)] for row in done]) if done else names[:0]
    actual = np.tile(names[y], len(done))
    return str(pd.DataFrame({"actual": actual, "predicted": predicted}).to_csv(index=False, lineterminator="\n"))


def write_plots(folder: Path, methods: dict[str, Any], logits: dict[str, Array], y: Array, classes: list[str]) -> None:
    """A file for each method in ``curves`` (those that train) and in ``confusion``."""
    with replacing(folder / "curves") as draft:
        draft.mkdir()
        for name, method in methods.items():
            if method["curves"]:
                (draft / f"{name}.csv").write_text(curve(method), encoding="utf-8")
    with replacing(folder / "confusion") as draft:
        draft.mkdir()
        for name, values in logits.items():
            (draft / f"{name}.csv").write_text(confusion(values, y, classes), encoding="utf-8")


def results(
    settings: Params, study: str, read: dict[str, Any], test: dict[str, Array], logits: dict[str, Array]
) -> dict[str, Any]:
    """The content of results.json, from each method's outcome as ``read`` and its test logits."""
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
        "methods": {
            method: entry_of(outcome, logits[method], test["y"]) | {"test_variance": _variances(method, logits, test)}
            for method, outcome in read.items()
        },
        "order": list(read),
    }


def _variances(method: str, logits: dict[str, Array], test: dict[str, Array]) -> dict[str, float | None]:
    """`test_variance` against every other method."""
    return {
        other: test_variance(logits[method], values, test["y"]) for other, values in logits.items() if other != method
    }


def main(study: str) -> None:
    """Measure all selected methods and write the results."""
    settings, test = params.load(), read_npz(SPLIT / study / "test.npz")
    x, classes = Scaling.load(study)(test["x"]), test["classes"].tolist()
    families = settings.run.methods
    read = {method: outcomes.read(stages.folder(family, study, method)) for method, family in families.items()}
    logits = {
        method: test_logits(study, family, method, read[method]["repeats"], x, len(classes))
        for method, family in families.items()
    }
    content, folder = results(settings, study, read, test, logits), stages.DATA / "evaluate" / study
    table = means(content["methods"])
    write_json(folder / "results.json", content)
    write_json(folder / "metrics.json", table)
    write_npz(folder / "predictions.npz", **logits)
    write_plots(folder, content["methods"], logits, test["y"], classes)
    for method, figures in table.items():
        print(f"{study} {method}: test accuracy {figures.get('accuracy', float('nan')):.4f}")


if __name__ == "__main__":
    entry.run(main)
