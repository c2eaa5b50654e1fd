"""The report as one self-contained HTML page: what its template shows, prepared."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup

from tasks.report import (
    adaptation,
    budget_curves,
    budgets,
    curves,
    forest,
    formats,
    mistakes,
    multitask,
    pareto,
    plots,
    screening,
    sentences,
    simplest,
    templates,
)
from tasks.report.about import about
from tasks.report.formats import NOTHING, number
from tasks.report.notes import notes
from tasks.report.pareto import Trade
from tasks.report.records import Method
from tasks.report.results import Results
from tasks.report.statistics import summary
from tasks.report.verdict import Verdict

LEADING = 6  # methods whose small figures are in sight
COSTS = [
    "method", "accuracy, %", "multiply-adds", "parameters stored", "parameters trained",
    "samples seen", "trainings a repeat", "most epochs", "rates chosen",
]  # fmt: skip
MEASURES = ["method", "macro F1, %", "log loss, nats", "calibration error, %"]


def render(
    results: Results,
    verdict: Verdict,
    question: str,
    settings: Mapping[str, str],
    scores: screening.Scores | None = None,
) -> str:
    """The whole page. ``settings`` are shown in their order, as they are; ``scores`` are those of the source models."""
    trades = pareto.trades(results, verdict)
    ahead = leading(results, verdict, trades)
    ranked = [*ahead, *(name for name in results.order if name not in ahead)]
    axis = forest.axis(verdict)
    trained = {name: results.methods[name] for name in ranked}
    low = curves.floor(list(trained.values()))
    drawn = {name: curves.curves(name, method, low) for name, method in trained.items()}
    confusions = {one.method: one for one in mistakes.confusions(results)}
    shown: dict[str, Any] = {
        "results": results,
        "verdict": verdict,
        "question": question,
        "warning": sentences.warning(results),
        "answer": sentences.answer(results, verdict),
        "simplest": simplest.said(results, verdict),
        "facts": _facts(results),
        "notes": notes(results, verdict),
        "axis": axis,
        "groups": forest.groups(results, verdict, axis),
        "trades": [(trade, Markup(plots.trade(trade, verdict.candidates))) for trade in trades],
        "costs": {"header": COSTS, "rows": [_cost(results, verdict, name, trades) for name in ranked]},
        "measures": {"header": MEASURES, "rows": [_measures(results, name) for name in ranked]},
        "budgets": _budgets(results, verdict),
        "screened": _screened(results, verdict, scores or {}),
        "multitask": {
            "about": multitask.ABOUT,
            "header": multitask.HEADER,
            "rows": list(multitask.rows(results, verdict)),
        },
        "choices": {
            "caption": adaptation.CAPTION,
            "about": adaptation.ABOUT,
            "header": adaptation.header(results),
            "rows": list(adaptation.rows(results)),
        },
        "leading": ahead,
        "curves": _drawn(drawn.items()),
        "untrained": [name for name, svg in drawn.items() if svg is None],
        "reliabilities": _drawn((name, plots.reliability(name, method)) for name, method in trained.items()),
        "hardest": mistakes.samples(results),
        "mistakes_about": mistakes.about(results),
        "confusions": [confusions[name] for name in ranked if name in confusions],
        "descriptions": [(name, one) for name in results.order if (one := about(name)) is not None],
        "failures": results.failures() + budgets.failures(results),
        "settings": settings,
        "trainings": _trainings(results),
    }
    return templates.render("page.html.j2", results.order, **shown, contents=_contents(shown))


def leading(results: Results, verdict: Verdict, trades: list[Trade]) -> list[str]:
    """The methods a reader looks at first, best mean first: the winner, what it is held against, and the fronts."""
    top = verdict.winner or verdict.best
    plain = simplest.simplest(results, verdict)
    control = verdict.fair[top][0] if top and top in verdict.fair else None
    ranked = sorted(results.order, key=lambda name: verdict.means[name][0] or 0.0, reverse=True)
    wanted: list[str | None] = [top, verdict.highest, control, plain.name if plain else None]
    wanted += [name for trade in trades for name in reversed(trade.front)]
    found = list(dict.fromkeys(name for name in [*wanted, *ranked] if name is not None))[:LEADING]
    return [name for name in ranked if name in found]


def _contents(shown: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The sections that the page has, for its list of links: (anchor, label)."""
    has = {
        "differences": ("Differences", True),
        "cost": ("Cost", True),
        "labels": ("Labels", shown["budgets"]["rows"]),
        "sources": ("Source models", shown["screened"]["rows"]),
        "tasks": ("Two tasks", shown["multitask"]["rows"]),
        "choices": ("Choices", shown["choices"]["rows"]),
        "curves": ("Learning curves", shown["curves"]),
        "calibration": ("Calibration", True),
        "mistakes": ("Mistakes", shown["hardest"] or shown["confusions"]),
        "failed": ("Failed repeats", shown["failures"]),
        "methods": ("Methods", shown["descriptions"]),
        "made": ("Settings and data", True),
    }
    return [(anchor, label) for anchor, (label, is_there) in has.items() if is_there]


def _budgets(results: Results, verdict: Verdict) -> dict[str, Any]:
    svg = budget_curves.figure(budgets.curves(results), verdict.controls)
    return {
        "said": budgets.said(results),
        "svg": None if svg is None else Markup(svg),
        "header": budgets.HEADER,
        "rows": list(budgets.rows(results)),
    }


def _screened(results: Results, verdict: Verdict, scores: screening.Scores) -> dict[str, Any]:
    return {
        "said": screening.said(results, verdict, scores),
        "header": screening.header(results, scores),
        "rows": list(screening.rows(results, verdict, scores)),
    }


def _facts(results: Results) -> dict[str, str]:
    return {
        "labelled samples a repeat": number(results.labelled, 0),
        "more for validation": number(results.validation, 0),
        "test samples": number(results.test_size, 0),
        "repeats": str(results.repeats),
        "methods": str(len(results.order)),
    }


def _drawn(figures: Iterable[tuple[str, str | None]]) -> list[tuple[str, Markup]]:
    return [(name, Markup(svg)) for name, svg in figures if svg is not None]


def _cost(results: Results, verdict: Verdict, name: str, trades: list[Trade]) -> list[str]:
    """A row of `COSTS`; exact counts, and a star at the costs on whose front the method is."""
    method = results.methods[name]
    fronts = {trade.kind for trade in trades if name in trade.front}
    adds, samples = (
        (NOTHING if value is None else number(value, 0)) + (" *" if kind in fronts else "")
        for kind, value in (("multiply_adds", method.multiply_adds), ("samples_seen", method.samples_seen))
    )
    stored, moved = number(method.parameters.total, 0), number(method.parameters.trained, 0)
    effort = [str(method.trainings), str(method.epochs), _rates(method)]
    return [name, formats.spread(*verdict.means[name], scale=100), adds, stored, moved, samples, *effort]


def _measures(results: Results, name: str) -> list[str]:
    """A row of `MEASURES`, as ``mean ± sd`` over the repeats."""
    return [
        name,
        formats.spread(*summary(results.measure(name, "macro_f1")), scale=100),
        formats.spread(*summary(results.measure(name, "log_loss")), digits=3),
        formats.spread(*summary(results.measure(name, "calibration_error")), scale=100),
    ]


def _rates(method: Method) -> str:
    """The learning rates that validation data chose, with how often each."""
    rates = [one.chosen.rate for one in method.repeats if one.chosen and one.chosen.rate is not None]
    counts = {rate: rates.count(rate) for rate in sorted(set(rates))}
    if len(counts) == 1:
        return f"{rates[0]:g}"
    return ", ".join(f"{rate:g} ({count}×)" for rate, count in counts.items()) or NOTHING


def _trainings(results: Results) -> tuple[list[str], dict[str, list[str]]]:
    """How each method was trained: the table's columns and a row a method; what only one method has shares a column."""
    rows = {name: flat(results.methods[name].settings) for name in results.order if results.methods[name].settings}
    count = Counter(key for row in rows.values() for key in row)
    keys = [key for key in sorted(count) if count[key] > 1]
    own = {name: ", ".join(f"{key} {row[key]}" for key in row if count[key] == 1) for name, row in rows.items()}
    return [*keys, "its own"], {name: [*(row.get(key, "") for key in keys), own[name]] for name, row in rows.items()}


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested settings as dotted names with their values in words, for the settings table."""
    rows: dict[str, str] = {}
    for key, value in settings.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            rows |= flat(value, f"{name}.")
        elif isinstance(value, list | tuple):
            rows[name] = ", ".join(map(str, value))
        else:
            rows[name] = {"True": "yes", "False": "no", "None": "no limit"}.get(str(value), str(value))
    return rows
