"""What a reader must know beside the answer, in sentences."""

from statistics import median

from tasks.report import adaptation, sensitivity, teaching
from tasks.report.formats import counted, listed, percent, sentence
from tasks.report.results import Results
from tasks.report.sentences import relation
from tasks.report.statistics import Comparison
from tasks.report.verdict import SCRATCH, TUNED, Verdict, is_control


def notes(results: Results, verdict: Verdict) -> list[str]:
    """Sentences that keep the answer honest, most telling first."""
    found = [
        _errors_removed(verdict),
        _winners(verdict),
        _higher(verdict),
        *_negative(results, verdict),
        _search(verdict),
        *_networks(results, verdict),
        _unjudged(results, verdict),
        *teaching.notes(results, verdict),
        *adaptation.notes(results, verdict),
        _failed(results),
        _could_show(verdict),
        _sure(results, verdict),
    ]
    return [sentence(text) for text in found if text]


def _errors_removed(verdict: Verdict) -> str:
    """By the winner; or by the best method, if it has the network of both scratch controls."""
    name = verdict.winner or verdict.best
    if name not in verdict.fair:
        return ""
    control, fair = verdict.fair[name]
    if verdict.winner is None and control not in verdict.against:
        return ""
    removed, more, perfect = [], [], []
    for other, one in ({control: fair} | verdict.of(name)).items():
        if one.mean is None:
            continue
        if one.error_reduction is None:
            perfect.append(f"{other} makes no error that could be removed")
        elif one.error_reduction < 0:
            more.append(f"{percent(-one.error_reduction, 0)} % more errors than {other}")
        else:
            removed.append(f"{percent(one.error_reduction, 0)} % of the errors of {other}")
    parts = [f"{verb} {listed(found)}" for verb, found in (("removes", removed), ("makes", more)) if found]
    told = [f"{name if verdict.winner else f'on average {name}'} {listed(parts, 'but')}"] if parts else []
    return "; ".join(told + perfect)


def _winners(verdict: Verdict) -> str:
    others = [name for name in verdict.said("better") if name != verdict.winner]
    if not others:
        return ""
    verb, whose = ("is", "its control") if len(others) == 1 else ("are", "their controls")
    return f"{listed(others)} {verb} shown to be better than {whose} too; the winners are not tested against each other"


def _higher(verdict: Verdict) -> str:
    """A candidate with a higher mean than the one that the answer names."""
    name = verdict.highest
    if name not in verdict.candidates or name in (verdict.winner or verdict.best,):
        return ""
    why = f"not shown to be better than {verdict.fair[name][0]}" if name in verdict.fair else "without a control here"
    return f"{name} has a higher mean, {percent(verdict.means[name][0])} %, but is {why}"


def _negative(results: Results, verdict: Verdict) -> list[str]:
    """Negative transfer by its name; methods without a source that are worse are called just that."""
    texts = []
    for uses_source, start in ((True, "negative transfer: "), (False, "")):
        names = [name for name in verdict.said("worse") if results.methods[name].uses_source == uses_source]
        losers = {control: [name for name in names if verdict.fair[name][0] == control] for control in verdict.means}
        parts = [
            f"{listed(found)} {'is' if len(found) == 1 else 'are'} worse than {control}"
            for control, found in losers.items()
            if found
        ]
        texts.append(f"{start}{'; '.join(parts)}" if parts else "")
    return texts


def _search(verdict: Verdict) -> str:
    """What search effort alone is worth, or that nobody measured it."""
    if any(control == SCRATCH for control, _ in verdict.fair.values()):
        return (
            f"{TUNED} was not run, so a gain over {SCRATCH} may come from the search for a rate and an epoch "
            "rather than from the knowledge carried over"
        )
    alone = verdict.against.get(SCRATCH, {}).get(TUNED)
    if alone is None or alone.mean is None or not verdict.candidates:
        return ""
    return f"the search alone: {TUNED} is {relation(alone, SCRATCH)}"


def _networks(results: Results, verdict: Verdict) -> list[str]:
    """What another network alone is worth, for each control that has one."""
    return [
        f"another network alone: {name} is {relation(one, TUNED)}"
        for name, one in verdict.against.get(TUNED, {}).items()
        if is_control(results, name)
        and one.mean is not None
        and results.same_search(name, TUNED)
        and not results.same_network(name, TUNED)
    ]


def _unjudged(results: Results, verdict: Verdict) -> str:
    without = [name for name in verdict.candidates if name not in verdict.fair]
    if not without or not verdict.fair:  # without any control the answer says it
        return ""
    missing = sorted({control for name in without if (control := results.methods[name].control)})
    why = f": {listed(missing)} {'was' if len(missing) == 1 else 'were'} not run" if missing else ""
    return f"{listed(without)} cannot be judged without a fair control{why}"


def _failed(results: Results) -> str:
    failed = results.failures()
    if not failed:
        return ""
    total = sum(len(method.repeats) for method in results.methods.values())
    return f"{len(failed)} of {total} trained repeats failed and {'is' if len(failed) == 1 else 'are'} left out"


def _sure(results: Results, verdict: Verdict) -> str:
    """What the words and intervals rest on, and what they do not cover."""
    if not verdict.fair:
        return ""
    if results.repeats < 2:
        return "one repeat cannot tell a difference from chance: run more repeats for intervals and words"
    tests = [one for _, one in verdict.fair.values()]
    text = f"the words hold at 5 %, on {results.repeats} paired repeats"
    if len(tests) > 1:
        text += f", after Holm's correction for {counted(len(tests), 'comparison')}; the intervals are not corrected"
        if any(one.word == "not shown" and leaves_out_zero(one) for one in tests):
            text += ", so one may leave out zero where nothing is shown"
    return (
        f"{text}. Both cover new labelled samples, initial weights, batch orders and test samples, "
        "but no other source model where all repeats share one"
    )


def _could_show(verdict: Verdict) -> str:
    """The smallest difference that this run could have shown, so that "not shown" is not read as "the same"."""
    judged = [one for _, one in verdict.fair.values() if one.smallest is not None and one.law is not None]
    if not judged:
        return ""
    smallest = sorted(one.smallest for one in judged if one.smallest is not None)
    found = median(sensitivity.detectable(one.law, len(judged)) for one in judged if one.law is not None)
    span = f"{percent(smallest[0])} points"
    if len(smallest) > 1:
        span = f"{percent(smallest[0])} to {percent(smallest[-1])} points (median {percent(median(smallest))})"
    return (
        f"the smallest difference to its control that this run could have shown of a method is {span}; "
        f"a true one of {percent(found)} points is shown in four of five such runs"
    )


def leaves_out_zero(one: Comparison) -> bool:
    """Whether the interval of a difference, which is not corrected, lies on one side of zero."""
    return one.interval is not None and one.interval[0] * one.interval[1] > 0
