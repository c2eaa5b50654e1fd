"""The verdict in words: the answer in one sentence, then what a reader must know beside it."""

from tasks.report.formats import counted, interval, listed, number, percent, sentence
from tasks.report.results import Results
from tasks.report.statistics import Comparison
from tasks.report.verdict import SCRATCH, TUNED, Verdict


def relation(one: Comparison, control: str) -> str:
    """``3.12 points above scratch (95 % interval 1.20 to 5.04)``."""
    if one.mean is None:
        return f"not comparable with {control}, as they succeeded in no common repeat"
    size = number(abs(100 * one.mean))
    where = f"{size} points {'above' if one.mean > 0 else 'below'} {control}"
    if size == number(0):
        where = f"level with {control}"
    return f"{where} ({certainty(one)})"


def certainty(one: Comparison) -> str:
    """The interval of a difference, or why there is none."""
    if one.interval is not None:
        return f"95 % interval {interval(one.interval)}"
    if one.pairs < 2:
        return "one pair of repeats, so no interval"
    return "the same in every repeat, so no interval"


def answer(verdict: Verdict) -> str:
    """Which method wins here, by how much against which control; or that none is shown to."""
    if not verdict.candidates:
        return _without_candidates(verdict)
    if verdict.leader is None:
        return "No method gave a result: every training of every method failed."
    if not verdict.controls:
        return _without_control(verdict, verdict.leader)
    wins = verdict.wins(verdict.leader)
    if not wins:
        return _nobody(verdict, verdict.leader)
    mean = percent(verdict.means[verdict.leader][0])
    relations = {control: relation(one, control) for control, one in verdict.of(verdict.leader).items()}
    won = listed([relations[control] for control in wins])
    others = [control for control in relations if control not in wins]
    if not others:
        verb = "wins" if len(wins) > 1 else f"beats {wins[0]}"
        return sentence(f"{verdict.leader} {verb}: with {mean} % accuracy it is {won}")
    (other,) = others
    start = f"{verdict.leader} beats {wins[0]} but {_short_of(verdict, verdict.leader, other)} {other}"
    return sentence(f"{start}: with {mean} % accuracy it is {won}, and {relations[other]}")


def _short_of(verdict: Verdict, method: str, control: str) -> str:
    return "is worse than" if control in verdict.losses(method) else "is not shown to beat"


def _nobody(verdict: Verdict, leader: str) -> str:
    """No candidate is better than any control: say so, and what the highest mean is worth."""
    controls = listed(verdict.controls, "or")
    losers = [name for name in verdict.candidates if verdict.losses(name)]
    relations = listed([relation(one, control) for control, one in verdict.of(leader).items()])
    text = f"no method is shown to be better than {controls}"
    if len(losers) == len(verdict.candidates) > 1:
        text += ", and every one is shown to be worse than "
        text += listed([c for c in verdict.controls if any(c in verdict.losses(name) for name in losers)], "or")
    elif losers:
        text += f", and {listed(losers)} {'is' if len(losers) == 1 else 'are'} shown to be worse"
    mean = percent(verdict.means[leader][0])
    return sentence(f"{text}; the best of them on average, {leader} with {mean} %, is {relations}")


def _without_control(verdict: Verdict, leader: str) -> str:
    mean = percent(verdict.means[leader][0])
    return sentence(
        f"neither {SCRATCH} nor {TUNED} was run, so no method can be called better; "
        f"the highest mean accuracy is {mean} %, by {leader}"
    )


def _without_candidates(verdict: Verdict) -> str:
    start = "no method that carries knowledge over was run"
    tuned = verdict.against.get(SCRATCH, {}).get(TUNED)
    return sentence(f"{start}; {TUNED} is {relation(tuned, SCRATCH)}" if tuned else start)


def notes(results: Results, verdict: Verdict) -> list[str]:
    """Sentences that keep the answer honest, most telling first."""
    found = [
        _errors_removed(verdict),
        _tuning(verdict),
        _higher(verdict),
        *_negative(results, verdict),
        _own(verdict),
        _failed(results),
        _sure(results, verdict),
    ]
    return [sentence(text) for text in found if text]


def _errors_removed(verdict: Verdict) -> str:
    if verdict.leader is None or not verdict.wins(verdict.leader):
        return ""
    removed, others = [], []
    for control, one in verdict.of(verdict.leader).items():
        if one.error_reduction is None:
            others.append(f"{control} makes no error that could be removed")
        elif one.error_reduction < 0:
            others.append(f"it makes {percent(-one.error_reduction, 0)} % more errors than {control}")
        else:
            removed.append(f"{percent(one.error_reduction, 0)} % of the errors of {control}")
    return listed(([f"it removes {listed(removed)}"] if removed else []) + others, "but")


def _tuning(verdict: Verdict) -> str:
    """What search effort alone is worth, or that nobody measured it."""
    if TUNED not in verdict.controls:
        return (
            f"{TUNED} was not run, so a gain over {SCRATCH} may come from the search for a rate and an epoch "
            "rather than from the knowledge carried over"
            if verdict.controls and verdict.candidates
            else ""
        )
    alone = verdict.against.get(SCRATCH, {}).get(TUNED)
    if alone is None or alone.mean is None or not verdict.candidates:
        return ""
    text = f"with the same search effort, scratch alone ({TUNED}) is {relation(alone, SCRATCH)}, {alone.word}"
    tuned, best = verdict.means[TUNED][0], verdict.highest and verdict.means[verdict.highest][0]
    if tuned is not None and best and tuned > best:
        text += f"; its mean, {percent(tuned)} %, is above that of every method that carries knowledge over"
    return text


def _higher(verdict: Verdict) -> str:
    if verdict.highest is None or verdict.highest == verdict.leader:
        return ""
    mean = percent(verdict.means[verdict.highest][0])
    return f"{verdict.highest} has a higher mean, {mean} %, but is shown to be better than fewer controls"


def _negative(results: Results, verdict: Verdict) -> list[str]:
    """Negative transfer by its name; methods without a source that are worse are called just that."""
    texts = []
    for uses_source, name in ((True, "negative transfer: "), (False, "")):
        losses = {
            method: verdict.losses(method)
            for method in verdict.candidates
            if results.methods[method].uses_source == uses_source and verdict.losses(method)
        }
        parts = [f"{method} is worse than {listed(controls)}" for method, controls in losses.items()]
        texts.append(f"{name}{listed(parts)}" if parts else "")
    return texts


def _own(verdict: Verdict) -> str:
    parts = [
        f"{method} is {relation(one, control)}, {one.word}"
        for method, (control, one) in verdict.own.items()
        if one.mean is not None
    ]
    whose = "its own control" if len(parts) == 1 else "their families' own controls"
    return f"against {whose}: {'; '.join(parts)}" if parts else ""


def _failed(results: Results) -> str:
    failed = results.failures()
    if not failed:
        return ""
    total = sum(len(method.repeats) for method in results.methods.values())
    verb = "failed and is" if len(failed) == 1 else "failed and are"
    return f"{len(failed)} of {total} trained repeats {verb} left out of every pair"


def _sure(results: Results, verdict: Verdict) -> str:
    """What the words and intervals rest on, and what they do not cover."""
    if not verdict.controls:
        return ""
    if results.repeats < 2:
        return "one repeat cannot tell a difference from chance: run more repeats for intervals and words"
    compared = max(len(others) for others in verdict.against.values())
    return (
        f"the words rest on {results.repeats} paired repeats and hold at 5 % after Holm's correction for "
        f"{counted(compared, 'method')} compared with a control; the intervals are for one comparison each. "
        "They cover new labelled samples, initial weights and batch orders, not another test set, nor another "
        "source model where all repeats share one"
    )
