"""The simplest method within noise of the best: what a person may choose who would rather keep and do less."""

from dataclasses import dataclass

from tasks.report.formats import compact, interval, number, points, sentence
from tasks.report.results import Results
from tasks.report.statistics import Comparison
from tasks.report.verdict import Verdict, compare


@dataclass(frozen=True)
class Simplest:
    """Attributes:
    best: The method with the highest mean, controls included and ceilings not.
    name: The simplest of those level with it; may be the best itself.
    level: All methods within noise of the best, simplest first, the best among them.
    difference: ``name`` minus ``best``; None if they are the same method.
    """

    best: str
    name: str
    level: list[str]
    difference: Comparison | None


def simplest(results: Results, verdict: Verdict) -> Simplest | None:
    """The simplest of all methods whose paired 95 % interval against the best includes 0, or that never differ from it.

    Simple is what a person has to keep and do, in this order: fewer multiply-adds for a prediction, fewer parameters to
    store, no source model and no teacher, fewer parameters trained, fewer samples seen in training. A method that is
    as simple in all of it goes before another with a lower mean.

    The intervals are not corrected for the number of methods. That errs towards the best: a correction would widen
    them, and take in more methods. Within noise does not mean as good, only that this run cannot tell them apart.
    Labels are no part of the cost: beside domain adaptation, `scratch-tuned` may be named, which needs some.

    Returns:
        None where nothing can be said: one repeat, or all failed.
    """
    best = verdict.highest
    if best is None or results.repeats < 2:
        return None
    against = {name: compare(results, name, best) for name in (*verdict.candidates, *verdict.controls) if name != best}
    level = [best, *(name for name, one in against.items() if is_level(one))]
    level.sort(key=lambda name: (*effort(results, name), -(verdict.means[name][0] or 0.0)))
    return Simplest(best, level[0], level, against.get(level[0]))


def is_level(one: Comparison) -> bool:
    """Whether a method's difference to the best may be nothing."""
    if one.interval is not None:
        return one.interval[0] <= 0 <= one.interval[1]
    return one.pairs > 1 and one.mean is not None and one.law is None and abs(one.mean) < 1e-9


def effort(results: Results, name: str) -> tuple[float, ...]:
    """What a person has to keep and do, in the order of `simplest`; an unknown cost counts as none."""
    method = results.methods[name]
    return (
        method.multiply_adds or 0,
        method.parameters.total,
        method.uses_source,
        method.parameters.trained,
        method.samples_seen or 0.0,
    )


def said(results: Results, verdict: Verdict) -> str:
    """One sentence beside the answer; empty where nothing can be said."""
    found = simplest(results, verdict)
    if found is None:
        return ""
    if found.difference is None:
        others = len(found.level) - 1
        none = (
            "no other is within noise of it" if others == 0 else f"none of the {others} within noise of it is simpler"
        )
        return sentence(f"{found.name}, the method with the highest mean, is the simplest choice too: {none}")
    one = found.difference
    told = f"{points(one.mean)} points ({interval(one.interval)})" if one.interval else "the same in every repeat"
    return sentence(
        f"the simplest method within noise of the best, {found.best}, is {found.name}: {told}, "
        f"with {_cost(results, found.name, found.best)}"
    )


def _cost(results: Results, name: str, best: str) -> str:
    """The first point in which one method is simpler than another."""
    one, other = results.methods[name], results.methods[best]
    if one.multiply_adds != other.multiply_adds and one.multiply_adds and other.multiply_adds:
        return f"{number(other.multiply_adds / one.multiply_adds, 1)} times fewer multiply-adds a prediction"
    if one.parameters.total != other.parameters.total:
        return f"{compact(one.parameters.total)} parameters against {compact(other.parameters.total)}"
    if one.uses_source != other.uses_source:
        return "a network as large, and no source model"
    if one.parameters.trained != other.parameters.trained:
        return f"{compact(one.parameters.trained)} parameters trained, not {compact(other.parameters.trained)}"
    return "a network as large, and less training"
