"""The answer of a study in words. It rests on fair comparisons alone, see tasks/report/verdict.py."""

from tasks.report.formats import interval, listed, number, percent, sentence
from tasks.report.results import Results
from tasks.report.statistics import Comparison
from tasks.report.verdict import SCRATCH, TUNED, Verdict


def warning(results: Results) -> str:
    """What stands before all else if the figures mean nothing; empty for a full run."""
    return "" if results.size == "full" else f"This is a run of size '{results.size}': its figures mean nothing."


def distance(one: Comparison, control: str) -> str:
    """``3.12 points above scratch``."""
    if one.mean is None:
        return f"not comparable with {control}, as they succeeded in no common repeat"
    size = number(abs(100 * one.mean))
    if size == number(0):
        return f"level with {control}"
    return f"{size} points {'above' if one.mean > 0 else 'below'} {control}"


def relation(one: Comparison, control: str, about: str = "") -> str:
    """``3.12 points above scratch (95 % interval +1.20 to +5.04)``; ``about`` goes before the bracket."""
    where = distance(one, control)
    return where if one.mean is None else f"{where}{about} ({certainty(one)})"


def certainty(one: Comparison) -> str:
    """The interval of a difference, or why there is none."""
    if one.interval is not None:
        return f"95 % interval {interval(one.interval)}"
    if one.pairs < 2:
        return "one pair of repeats, so no interval"
    return "the same in every repeat, so no interval"


def answer(results: Results, verdict: Verdict) -> str:
    """Which way wins here, by how much against which control; or that none is shown to."""
    if not verdict.candidates:
        return _without_candidates(verdict)
    if verdict.best is None:
        return "No method that carries knowledge over gave a result: every training failed."
    if verdict.best not in verdict.fair:
        mean = percent(verdict.means[verdict.best][0])
        return sentence(
            "no fair comparison can be made here, so no method can be called better; "
            f"the highest mean of those that carry knowledge over is {mean} %, by {verdict.best}"
        )
    said = _winner(results, verdict, verdict.winner) if verdict.winner else [_nobody(verdict, verdict.best)]
    return " ".join(sentence(text) for text in [*said, *_highest(results, verdict)])


def _winner(results: Results, verdict: Verdict, name: str) -> list[str]:
    control, one = verdict.fair[name]
    mean = percent(verdict.means[name][0])
    if control == SCRATCH:
        return [f"{name} beats {SCRATCH}: {mean} % accuracy, {relation(one, control)}"]
    same = "network and search effort" if results.same_search(name, control) else "network"
    verb = "wins" if verdict.highest in verdict.candidates else "helps"  # a control above it takes the victory away
    said = f"{name} {verb}: {mean} % accuracy, {relation(one, control, f', which has the same {same}')}"
    plain = verdict.of(name).get(SCRATCH)
    scratch = [f"{distance(plain, SCRATCH)}, the notebooks' budget"] if plain and plain.mean is not None else []
    if control == TUNED:
        return [", and ".join([said, *scratch])]
    tuned = []
    if TUNED in verdict.against:
        about = "" if results.same_network(control, TUNED) else ", which has another network"
        tuned = [relation(verdict.of(name)[TUNED], TUNED, about)]
    return [said, f"it is {', and '.join(tuned + scratch)}"] if tuned + scratch else [said]


def _nobody(verdict: Verdict, name: str) -> str:
    """No candidate is better than its control: say so, and how the one with the highest mean stands."""
    text = "no way of carrying knowledge over is shown to help here"
    if len(verdict.said("worse")) == len(verdict.candidates):
        text += ", and every one is shown to be worse than its control"
    control, one = verdict.fair[name]
    relations = [relation(one, control)]
    if control == TUNED and SCRATCH in verdict.against:  # a student differs from scratch in its network too
        relations.append(relation(verdict.of(name)[SCRATCH], SCRATCH))
    mean = percent(verdict.means[name][0])
    which = f"the best of them on average, {name} with" if len(verdict.fair) > 1 else f"{name}, with"
    return f"{text}; {which} {mean} %, is {listed(relations)}"


def _highest(results: Results, verdict: Verdict) -> list[str]:
    name = verdict.highest
    if name is None or name in verdict.candidates:
        return []
    mean = percent(verdict.means[name][0])
    what = "adapts nothing" if results.methods[name].family == "adapt" else "carries nothing over"
    return [f"the highest mean of all is {name}'s, {mean} %, a control that {what}"]


def _without_candidates(verdict: Verdict) -> str:
    start = "no method that carries knowledge over was run"
    tuned = verdict.against.get(SCRATCH, {}).get(TUNED)
    return sentence(f"{start}; {TUNED} is {relation(tuned, SCRATCH)}" if tuned else start)
