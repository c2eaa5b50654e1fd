"""Which models of a study leave it, by nothing but what results.json says and by the report's own rules."""

from collections import defaultdict

from tasks.report import pareto
from tasks.report.results import Results
from tasks.report.simplest import simplest
from tasks.report.verdict import judge


def chosen(results: Results) -> dict[str, list[str]]:
    """{method: why it is exported}, empty where every training failed.

    ``winner``: shown to be better than its fair control, with the highest mean. ``best``: in its place where nothing
    is, the highest mean. ``simplest``: the simplest within noise of the highest. ``front``: no method is cheaper, in
    multiply-adds of a prediction, and at least as accurate.
    """
    verdict, why = judge(results), defaultdict[str, list[str]](list)
    if verdict.winner:
        why[verdict.winner].append("winner")
    elif verdict.best:
        why[verdict.best].append("best")
    if found := simplest(results, verdict):
        why[found.name].append("simplest")
    for trade in pareto.trades(results, verdict):
        for method in trade.front if trade.kind == "multiply_adds" else ():
            why[method].append("front")
    return dict(why)


def repeat_of(results: Results, method: str) -> int:
    """The first repeat that did not fail: a sample of what the method gives, as its accuracy and interval tell it.

    Not the one with the best validation accuracy: every repeat has a validation part of its own, so the best is the
    luckiest part as likely as the best model.
    """
    return min(one.repeat for one in results.methods[method].repeats if one.failed is None)
