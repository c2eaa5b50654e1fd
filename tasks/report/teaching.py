"""What distillation carried over: the share of the gap to its teacher that a student closes."""

from collections.abc import Iterator

from tasks.report.formats import listed, percent
from tasks.report.results import Results
from tasks.report.verdict import Verdict

FAMILY = "distill"


def ratios(results: Results, verdict: Verdict) -> dict[str, float]:
    """The distillation ratio of each student: (student - control) / (teacher - control), in mean accuracy.

    0 is no better than the same student without a teacher, 1 as good as the teacher, and more is possible. Empty where
    the teacher is no better than the student alone: then there is no gap to close.
    """
    teacher = verdict.means.get(results.teacher or "", (None, None))[0]
    found = {}
    for name, (control, _) in verdict.fair.items():
        own, alone = verdict.means[name][0], verdict.means[control][0]
        method = results.methods[name]
        if method.family == FAMILY and method.uses_source and None not in (teacher, own, alone) and teacher > alone:  # type: ignore[operator]
            found[name] = (own - alone) / (teacher - alone)  # type: ignore[operator]
    return found


def notes(results: Results, verdict: Verdict) -> Iterator[str]:
    """The student that closes most of the gap, or why there is none."""
    students = [name for name in verdict.fair if results.methods[name].family == FAMILY]
    teacher = verdict.means.get(results.teacher or "", (None, None))[0]
    if not students or teacher is None:
        return
    controls = sorted({verdict.fair[name][0] for name in students})
    found = ratios(results, verdict)
    if not found:
        yield f"the teacher, {results.teacher}, is on average not above {listed(controls)}: there is no gap to close"
        return
    best = max(found, key=lambda name: found[name])
    yield (
        f"of the gap between {verdict.fair[best][0]} and its teacher {results.teacher}, "
        f"{best} closes {percent(found[best], 0)} % on average, the most of the students"
    )
