"""Open the test part, once, and measure every selected method of a study on it.

In:   data/split/<study>/test.npz, scaling.npz; data/methods/<study>/
Out:  data/evaluate/<study>/results.json     every figure, for the report
      data/evaluate/<study>/metrics.json     means over repeats and the cost, for dvc metrics
      data/evaluate/<study>/predictions.npz  <method>: logits, (repeats, n, classes); a failed repeat is NaN
      data/evaluate/<study>/curves/, confusion/   <method>.csv, for dvc plots
Run:  dvc repro evaluate@tables              about 15 s
"""

from typing import Any

from tasks.common import entry, lazy, outcomes, params, stages
from tasks.common.artifacts import write_json, write_npz
from tasks.common.intervals import overlap
from tasks.common.params import Params
from tasks.common.samples import SPLIT, Array, Scaling
from tasks.evaluate import budgets, multitask, provenance
from tasks.evaluate.entries import entry_of, means, test_logits
from tasks.evaluate.hardest import hardest
from tasks.evaluate.plots import write_plots
from tasks.evaluate.predictor import Predictor, threads
from tasks.evaluate.variance import variances


def results(settings: Params, study: str, methods: dict[str, Any], test: dict[str, Array]) -> dict[str, Any]:
    """The content of results.json."""
    target = settings.studies[study].data.target
    return {
        "study": study,
        "classes": test["classes"].tolist(),
        "test_size": len(test["y"]),
        "labelled": target.labelled,
        "validation": target.validation,
        "unlabelled": target.unlabelled,
        "pool": int(test["pool"]),
        "repeats": settings.caps.repeats,
        "size": settings.size,
        "teacher": next((method["teacher"] for method in methods.values() if method["teacher"]), None),
        "methods": methods,
        "order": list(methods),
        "hashes": provenance.hashes(SPLIT / study),
        "versions": provenance.versions(),
    }


def main(study: str) -> None:
    """Measure all selected methods and write the results."""
    cores = threads()
    settings, test = params.load(), lazy.read(SPLIT / study / "test.npz")
    x, y, classes = Scaling.load(study)(test["x"]), test["y"], test["classes"].tolist()
    homes = stages.compared(settings, study)
    read = {method: outcomes.read(home) for method, home in homes.items()}
    predictor = Predictor(x, cores)
    logits = {name: test_logits(predictor, home, read[name]["repeats"], len(classes)) for name, home in homes.items()}
    methods = {
        name: entry_of(predictor, home, read[name], logits[name], y) | {"test_variance": variances(name, logits, y)}
        for name, home in homes.items()
    }
    target = settings.studies[study].data.target
    share = overlap(target.labelled, target.validation, int(test["pool"]))
    both = multitask.of(predictor, homes, read, logits, y, test["auxiliary"], share)
    methods = {name: content | {"multitask": both.get(name)} for name, content in methods.items()}
    compared = {method: values for method, values in logits.items() if not methods[method]["ceiling"]}
    beside = {
        "hardest": hardest(compared, test["x"], x, y, classes),
        "budgets": budgets.of(predictor, settings, study, logits, y, len(classes)),
    }
    folder, table = stages.DATA / "evaluate" / study, means(methods)
    write_json(folder / "results.json", results(settings, study, methods, test) | beside)
    write_json(folder / "metrics.json", table)
    write_npz(folder / "predictions.npz", **logits)
    write_plots(folder, methods, logits, y, classes)
    for method, figures in table.items():
        print(f"{study} {method}: test accuracy {figures.get('accuracy', float('nan')):.4f}")


if __name__ == "__main__":
    entry.run(main)
