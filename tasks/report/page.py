"""The report as one self-contained HTML page: what its template shows, prepared."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tasks.report import adaptation, formats, multitask, plots, sentences
from tasks.report.notes import notes
from tasks.report.results import Method, Results
from tasks.report.statistics import summary
from tasks.report.verdict import Verdict

HERE = Path(__file__).parent
FAMILIES = {
    "transfer": "Transfer",
    "distill": "Distillation",
    "mtl": "Multi-task learning",
    "adapt": "Domain adaptation",
}


@dataclass(frozen=True)
class Confusion:
    """Rows are true classes: (class, counts, share of each count in its row, share that is right)."""

    method: str
    rows: list[tuple[str, list[int], list[float], float]]


def render(results: Results, verdict: Verdict, question: str, settings: Mapping[str, str]) -> str:
    """The whole page. ``settings`` are shown in their order, as they are."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        percent=formats.percent, points=formats.points, interval=formats.interval, number=formats.number
    )
    environment.filters["prose"] = lambda text: prose(text, results.order)
    trained = {name: results.methods[name] for name in results.order}
    low = plots.floor(list(trained.values()))
    drawn = {name: plots.curves(name, method, low) for name, method in trained.items()}
    return environment.get_template("page.html.j2").render(
        style=Markup((HERE / "page.css").read_text(encoding="utf-8")),
        results=results,
        verdict=verdict,
        question=question,
        warning=sentences.warning(results),
        answer=sentences.answer(results, verdict),
        notes=notes(results, verdict),
        families=[(FAMILIES.get(key, key), list(names)) for key, names in _by_family(results)],
        means={name: formats.spread(*pair, scale=100) for name, pair in verdict.means.items()},
        measures={name: _measures(results, name) for name in results.order},
        multitask={
            "about": multitask.ABOUT,
            "header": multitask.HEADER,
            "rows": list(multitask.rows(results, verdict)),
        },
        choices={
            "caption": adaptation.CAPTION,
            "about": adaptation.ABOUT,
            "header": adaptation.header(results),
            "rows": list(adaptation.rows(results)),
        },
        rates={name: _rates(method) for name, method in trained.items()},
        forests=[(title, remark, Markup(svg)) for title, remark, svg in _forests(verdict)],
        curves=[(name, Markup(svg)) for name, svg in drawn.items() if svg is not None],
        untrained=[name for name, svg in drawn.items() if svg is None],
        confusions=list(_confusions(results)),
        failures=results.failures(),
        settings=settings,
        trainings=_trainings(results),
    )


def prose(text: str, names: list[str]) -> Markup:
    """A sentence with the methods' names set apart from its own words, and no break before a percent sign."""
    longest_first = "|".join(re.escape(escape(name)) for name in sorted(names, key=len, reverse=True))
    marked = re.sub(rf"(?<![\w-])({longest_first})(?![\w-])", r'<span class="name">\1</span>', escape(text), flags=re.I)
    return Markup(marked.replace(" %", "\N{NO-BREAK SPACE}%"))


def _by_family(results: Results) -> Iterator[tuple[str, Iterator[str]]]:
    return groupby(results.order, key=lambda name: results.methods[name].family)


def _measures(results: Results, name: str) -> dict[str, str]:
    """Measures beside accuracy, as ``mean ± sd`` over the repeats."""
    return {
        "macro F1, %": formats.spread(*summary(results.measure(name, "macro_f1")), scale=100),
        "log loss, nats": formats.spread(*summary(results.measure(name, "log_loss")), digits=3),
        "calibration error, %": formats.spread(*summary(results.measure(name, "calibration_error")), scale=100),
    }


def _rates(method: Method) -> str:
    """The learning rates that validation data chose, with how often each."""
    rates = [one.chosen.rate for one in method.repeats if one.chosen and one.chosen.rate is not None]
    counts = {rate: rates.count(rate) for rate in sorted(set(rates))}
    if len(counts) == 1:
        return f"{rates[0]:g}"
    return ", ".join(f"{rate:g} ({count}×)" for rate, count in counts.items()) or formats.NOTHING


def _forests(verdict: Verdict) -> Iterator[tuple[str, str, str]]:
    """Title, remark and figure: the fair comparisons, then every method against one scratch control."""
    if verdict.fair:
        yield "Over the fair control", "A filled dot is shown to differ, a hollow one is not.", plots.fair(verdict)
    for control, others in list(verdict.against.items())[:1]:
        if others:
            remark = "Network and search may differ, so there is no verdict."
            yield f"Over {control}", remark, plots.shared(control, others)


def _trainings(results: Results) -> tuple[list[str], dict[str, list[str]]]:
    """How each method was trained: the table's columns and a row a method; what only one method has shares a column."""
    rows = {name: flat(results.methods[name].settings) for name in results.order if results.methods[name].settings}
    count = Counter(key for row in rows.values() for key in row)
    keys = [key for key in sorted(count) if count[key] > 1]
    own = {name: ", ".join(f"{key} {row[key]}" for key in row if count[key] == 1) for name, row in rows.items()}
    return [*keys, "its own"], {name: [*(row.get(key, "") for key in keys), own[name]] for name, row in rows.items()}


def _confusions(results: Results) -> Iterator[Confusion]:
    for name in results.order:
        counts = results.confusion(name)
        if counts is None:
            continue
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        rows = [
            (label, counts[row].tolist(), shares[row].round(4).tolist(), float(shares[row, row]))
            for row, label in enumerate(results.classes)
        ]
        yield Confusion(name, rows)


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
