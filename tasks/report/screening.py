"""What the source models' scores said before any training, beside what training then found."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
from scipy import stats

from tasks.report import formats
from tasks.report.results import Results, content
from tasks.report.statistics import summary
from tasks.report.verdict import Verdict

Scores: TypeAlias = Mapping[str, Mapping[str, list[float | None]]]
"""Source model -> score -> a number a repeat, as the screen stage writes them."""

LABELS = {"leep": "LEEP, nats", "logme": "LogME, nats", "h-score": "H-score"}
FEWEST = 3  # source models that can be ranked


def read(path: Path) -> Scores:
    """Read ``data/screen/<study>/scores.json``.

    Raises:
        UserError: If it is not there, or is not JSON.
    """
    found: Scores = content(path, "screen")
    return found


def started(results: Results) -> dict[str, dict[str, str]]:
    """Transfer methods that start from several source models: {method: {source model: its name in the results}}."""
    found: dict[str, dict[str, str]] = {}
    for name in results.order:
        source = results.methods[name].source
        if source is not None and results.methods[name].family == "transfer":
            found.setdefault(name.removesuffix(f"-from-{source}"), {})[source] = name
    return {method: names for method, names in found.items() if len(names) >= FEWEST}


def header(results: Results, scores: Scores) -> list[str]:
    """Columns of `rows`."""
    return ["source model", *(LABELS.get(name, name) for name in _names(scores)), *started(results)]


def rows(results: Results, verdict: Verdict, scores: Scores) -> Iterator[list[str]]:
    """A row a source model, the best first: scores, accuracies in percent; mean ± standard deviation over repeats."""
    methods = started(results) if scores else {}
    first = next(iter(methods.values()), {})
    for source in sorted(first, key=lambda name: verdict.means[first[name]][0] or 0.0, reverse=True):
        told = [_spread(scores.get(source, {}).get(name, [])) for name in _names(scores)]
        accuracies = [verdict.means.get(names.get(source, ""), (None, None)) for names in methods.values()]
        yield [source, *told, *(formats.spread(*one, scale=100) for one in accuracies)]


def said(results: Results, verdict: Verdict, scores: Scores) -> list[str]:
    """For each method, how each score's ranking of the source models agrees with that of the accuracies."""
    return [
        f"Kendall's rank correlation with the accuracy of {method}, over {count} source models: "
        + "; ".join(f"{LABELS[name].split(',')[0]} {formats.signed(tau)} (p = {p:.2g})" for name, tau, p in found)
        + "."
        for method, names in started(results).items()
        for count, found in [_agreement(names, verdict, scores)]
        if found
    ]


def _agreement(
    names: Mapping[str, str], verdict: Verdict, scores: Scores
) -> tuple[int, list[tuple[str, float, float]]]:
    """How many source models were ranked, and of each score that all of them have: name, Kendall's tau-b, p value."""
    accuracy = {source: verdict.means[name][0] for source, name in names.items() if verdict.means[name][0] is not None}
    known = [source for source in accuracy if source in scores]
    found = []
    for name in _names(scores) if len(known) >= FEWEST else ():
        values = [[one for one in scores[source].get(name, []) if one is not None] for source in known]
        if all(values):
            tau, p = stats.kendalltau([np.mean(one) for one in values], [accuracy[source] for source in known])
            if np.isfinite(tau):
                found.append((name, float(tau), float(p)))
    return len(known), found


def _names(scores: Scores) -> list[str]:
    return list(dict.fromkeys(name for row in scores.values() for name in row))


def _spread(values: list[float | None]) -> str:
    return formats.spread(*summary(np.array([np.nan if value is None else value for value in values])), digits=3)
