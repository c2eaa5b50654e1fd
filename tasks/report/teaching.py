"""What distillation carried over: the share of the gap to its teacher that a student closes."""

from collections.abc import Iterator

from tasks.report.formats import percent
from tasks.report.results import Results
from tasks.report.sentences import relation
from tasks.report.verdict import Verdict, compare

FAMILY = "distill"


def ratio(results: Results, verdict: Verdict, name: str) -> float | None:
    """The distillation ratio of a student: (student - control) / (teacher - control), in mean accuracy.

    0 is no better than the same student without a teacher, 1 as good as the teacher, and more is possible. None where
    the teacher is not above the student's control by more than noise: of a gap that may be none, no share can be told.
    """
    control, one = verdict.fair[name]
    if results.teacher is None or results.teacher not in results.methods or one.mean is None:
        return None
    gap = compare(results, results.teacher, control)
    if gap.mean is None or gap.mean <= 0 or (gap.interval is not None and gap.interval[0] <= 0):
        return None
    return one.mean / gap.mean


def notes(results: Results, verdict: Verdict) -> Iterator[str]:
    """The student that closes most of the gap, or that there is none to close."""
    students = [
        name
        for name, (_, one) in verdict.fair.items()
        if results.methods[name].family == FAMILY and results.methods[name].uses_source and one.mean is not None
    ]
    if not students or results.teacher not in results.methods:
        return
    best = max(students, key=lambda name: verdict.means[name][0] or 0.0)
    control, found = verdict.fair[best][0], ratio(results, verdict, best)
    if found is None:
        lead = relation(compare(results, results.teacher, control), control)
        yield f"the teacher, {results.teacher}, is {lead}: no gap is shown that a student could close"
    else:
        yield (
            f"of the gap between {control} and its teacher {results.teacher}, {best} closes {percent(found, 0)} % on "
            "average, the most of the students"
        )
