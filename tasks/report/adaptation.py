"""Domain adaptation in the report: what each choice without target labels was worth, the gap closed, collapses."""

from collections.abc import Iterator

import numpy as np

from tasks.report.formats import NOTHING, counted, listed, percent, points
from tasks.report.records import Choices
from tasks.report.results import Results
from tasks.report.verdict import Verdict

ORACLE = "oracle"
CAPTION = (
    "Test accuracy in %, mean over repeats, of the candidate that each criterion chooses without target labels; "
    "* marks the method's own choice."
)
ABOUT = (
    "A candidate is one training, with one rate and one weight. source-validation trusts the loss on the source, "
    "information wants predictions on the target that are sure and diverse, density wants them in tight groups. "
    "The oracle takes the best on the test part, which nobody could know. A model has collapsed if its predictions on "
    "the target crowd into few classes."
)


def choices(results: Results, name: str) -> list[Choices]:
    """Those of each repeat of a method that succeeded; none of a method without candidates."""
    return [one.choices for one in results.methods[name].repeats if one.choices is not None]


def criteria(results: Results) -> list[str]:
    """Names of the criteria, in the order they were evaluated in."""
    return list(dict.fromkeys(who for name in results.order for one in choices(results, name) for who in one.criteria))


def means(results: Results, name: str) -> dict[str, float]:
    """Mean test accuracy by who chose: each criterion, and the oracle; empty for a method without candidates."""
    found = choices(results, name)
    if not found:
        return {}
    means = {who: float(np.mean([one.criteria[who].accuracy for one in found])) for who in found[0].criteria}
    return means | {ORACLE: float(np.mean([one.oracle.accuracy for one in found]))}


def header(results: Results) -> list[str]:
    """The table's columns."""
    return ["method", *criteria(results), ORACLE, "candidates", "collapsed"]


def rows(results: Results) -> Iterator[list[str]]:
    """A row for each method with candidates."""
    for name in results.order:
        found, mean = choices(results, name), means(results, name)
        if found:
            shown = [f"{percent(mean[who])}{'*' if who == found[0].own else ''}" for who in criteria(results)]
            total, flagged = sum(one.candidates for one in found), sum(one.collapsed for one in found)
            yield [name, *shown, percent(mean[ORACLE]), str(total), str(flagged) if flagged else NOTHING]


def notes(results: Results, verdict: Verdict) -> Iterator[str]:
    """What a reader must know of adaptation, in sentences."""
    adapted = [name for name in results.order if choices(results, name)]
    if not adapted:
        return
    yield from _gap(results, verdict)
    for name in adapted:
        found = choices(results, name)
        bad = sum(one.chosen_collapsed for one in found)
        if bad:
            yield (
                f"{name} has collapsed in {bad} of {counted(len(found), 'repeat')}: its predictions on the target "
                "crowd into few classes, so its accuracy says little of the method"
            )
    yield _best_criterion(results, adapted)
    if results.pool and results.unlabelled * 2 > results.pool:
        share = percent(results.unlabelled / results.pool, 0)
        yield (
            f"each repeat of an adaptation method has {share} % of the same unlabelled samples, so what is said of "
            "these methods holds for such samples as these, and does not cover others"
        )


def _gap(results: Results, verdict: Verdict) -> Iterator[str]:
    """How much of the way from the floor to the ceiling the best adaptation goes."""
    for ceiling in verdict.ceilings:
        top = verdict.means[ceiling][0]
        family = results.methods[ceiling].family
        own = [name for name in verdict.fair if results.methods[name].family == family]
        ranked = {name: mean for name in own if (mean := verdict.means[name][0]) is not None}
        if top is None or not ranked:
            continue
        best = max(ranked, key=lambda name: ranked[name])
        floor = verdict.fair[best][0]
        bottom = verdict.means[floor][0]
        if bottom is None or top <= bottom:
            yield f"{ceiling}, which is given the labels, is no higher than {floor} here, so there is no gap to close"
            continue
        closed = (ranked[best] - bottom) / (top - bottom)
        yield (
            f"from {floor} to {ceiling}, which is given the labels, are {points(top - bottom).lstrip('+')} points; "
            f"on average {best} closes {percent(closed, 0)} % of them"
        )


def _best_criterion(results: Results, adapted: list[str]) -> str:
    """What each criterion lost against the oracle, on average over the methods."""
    lost = {
        who: float(np.mean([mean[ORACLE] - mean[who] for name in adapted if (mean := means(results, name))]))
        for who in criteria(results)
    }
    said = [f"{who} loses {percent(loss)}" for who, loss in sorted(lost.items(), key=lambda item: item[1])]
    return f"against the best candidate, averaged over the adaptation methods, {listed(said)} points of accuracy"
