"""Figures that studies of this project repeat, read from their evaluations."""

from pathlib import Path

from benchmarks.published import Figure, paired, spread
from tasks.report.results import Results, read

EVALUATED = Path("data/evaluate")


def accuracies(results: Results, method: str) -> list[float]:
    """Test accuracy in % of each repeat that succeeded."""
    return [100 * row.accuracy for row in results.methods[method].repeats if row.accuracy is not None]


def figures(full: bool = False) -> list[Figure]:
    """From ``data/evaluate``: run the studies first. ``full`` changes nothing here."""
    return [_sandal(), _shift()]


def _sandal() -> Figure:
    results = read(EVALUATED / "fashion-sandal" / "results.json")
    scratch, tuned = accuracies(results, "scratch"), accuracies(results, "fine-tuning")
    return Figure(
        question="Sandal against shirt, 200 labels, accuracy in %: from scratch by the notebook's budget, fine-tuned",
        source="Géron, Hands-On Machine Learning, chapter 11",
        published="97.65, then 99.40",
        ours=f"{spread(scratch, 2)}, then {spread(tuned, 2)}",
        interval=f"{paired([b - a for a, b in zip(scratch, tuned, strict=True)], 2)} points",
        holds=sum(tuned) > sum(scratch),
    )


def _shift() -> Figure:
    results = read(EVALUATED / "digits-shift" / "results.json")
    floor, ceiling = accuracies(results, "source-only"), accuracies(results, "target-oracle")
    between = {name: accuracies(results, name) for name in results.order if results.methods[name].family == "adapt"}
    best = max(
        (name for name in between if name not in ("source-only", "target-oracle")), key=lambda n: sum(between[n])
    )
    gain = paired([b - a for a, b in zip(floor, between[best], strict=True)], 1)
    return Figure(
        question="MNIST to UCI digits without target labels, accuracy in %: floor, methods, ceiling",
        source="measured before, untuned",
        published="77 source only, 82 CORAL, 86 MMD, 98 oracle",
        ours="; ".join(f"{name} {spread(values, 1)}" for name, values in between.items()),
        interval=f"{best} over source-only {gain} points",
        holds=sum(floor) < sum(between[best]) <= sum(ceiling),
    )
