"""The verdict for programs (`dvc metrics show` and `diff`) and for a terminal."""

import textwrap
from typing import Any

from tasks.report import adaptation, budgets, multitask, pareto, simplest
from tasks.report.formats import NOTHING, compact, counted, interval, percent, points, spread
from tasks.report.notes import notes
from tasks.report.results import Results
from tasks.report.sentences import answer, warning
from tasks.report.statistics import Comparison
from tasks.report.verdict import Verdict

WIDTH = 100  # columns of the plain text
FEW = 14  # methods that a terminal shows all of; of more it shows the highest below each control, the page all
HIGHEST = 3


def metrics(results: Results, verdict: Verdict) -> dict[str, Any]:
    """A few numbers and a word a method, in percent and points, for verdict.json.

    DVC shows numbers and strings, one column each, and skips lists; so the sentences are in a list.
    """
    table: dict[str, Any] = {}
    for name in results.order:
        table[name] = {"accuracy": _rounded(verdict.means[name][0])}
        if name in verdict.fair:
            one = verdict.fair[name][1]
            table[name] |= {"over-control": _rounded(one.mean), "verdict": one.word}
            table[name] |= {"effect": _effect(one), "smallest-shown": _rounded(one.smallest)}
        for control, one in verdict.of(name).items():
            table[name][f"over-{control}"] = _rounded(one.mean)
            table[name][f"errors-removed-{control}"] = _rounded(one.error_reduction)
        both = results.methods[name].multitask
        if both is not None and both.delta_p is not None:
            table[name]["delta-p"] = _rounded(both.delta_p_mean)
        table[name] |= {f"chosen-by-{who}": _rounded(value) for who, value in adaptation.means(results, name).items()}
    for name, (_, worth) in budgets.worths(results).items():
        told = {"": worth.about, "-low": worth.low, "-high": worth.high} if worth.is_known else {}
        table[name] |= {f"worth-labels{end}": None if value is None else round(value, 1) for end, value in told.items()}
    said = [warning(results), answer(results, verdict), simplest.said(results, verdict), *budgets.said(results)]
    said += notes(results, verdict)
    return table | {"answer": [text for text in said if text]}


def _rounded(share: float | None) -> float | None:
    """Percent with three decimals: finer differences than a test part of some thousand samples can show."""
    return None if share is None else round(100 * share, 3) + 0.0  # + 0.0: no negative zero


def _effect(one: Comparison) -> float | None:
    return None if one.effect is None else round(one.effect, 3) + 0.0


def text(results: Results, verdict: Verdict, question: str, page: str) -> str:
    """The verdict as plain text, at most `WIDTH` columns wide; it ends with where the ``page`` lies."""
    asked = [_prose("Question", question), _prose("Answer", answer(results, verdict))]
    if beside := simplest.said(results, verdict):
        asked.append(_prose("Simplest", beside))
    asked += [_prose("Labels", told) for told in budgets.said(results)]
    if warned := warning(results):
        asked.insert(0, _prose("Warning", warned))
    blocks = [
        "\n".join(asked),
        _fair(results, verdict),
        _scratch(results, verdict),
        _multitask(results, verdict),
        _choices(results),
        _trades(results, verdict),
        "\n".join(_prose("", note, mark="- ") for note in notes(results, verdict)),
        f"The same with pictures: {page}",
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _prose(label: str, words: str, mark: str = "") -> str:
    start = f"{label:<10}" if label else mark
    return textwrap.fill(words, WIDTH, initial_indent=start, subsequent_indent=" " * len(start), break_on_hyphens=False)


def _fair(results: Results, verdict: Verdict) -> str:
    """Every method: the controls, each with the candidates that are compared with it below, then the rest."""
    rows = []
    for control in verdict.controls:
        rows.append(_row(results, verdict, control, control, ["", "", "control"]))
        below = {name: one for name, (own, one) in verdict.fair.items() if own == control}
        shown = _shown(results, verdict, list(below))
        for name in shown:
            one = below[name]
            cells = [points(one.mean), interval(one.interval), one.word or ""]
            rows.append(_row(results, verdict, name, f"  {name}", cells))
        if left := [below[name] for name in below if name not in shown]:
            rows.append([f"    and {len(left)} more: {_words(left)}"])
    for name in (name for name in verdict.candidates if name not in verdict.fair):
        rows.append(_row(results, verdict, name, name, [NOTHING, NOTHING, "no control"]))
    rows += [_row(results, verdict, name, name, ["", "", "ceiling"]) for name in verdict.ceilings]
    title = textwrap.fill(
        f"Accuracy in % on {results.test_size:,} test samples, mean ± spread of {counted(results.repeats, 'repeat')}. "
        "Below each control, the methods that differ from it in the knowledge carried over, by how many points. "
        "Then the multiply-adds of one prediction, and the samples seen in training.",
        WIDTH,
    )
    header = ["method", "accuracy", "difference", "95 % interval", "verdict", "mult-adds", "samples"]
    return _table(title, header, rows)


def _shown(results: Results, verdict: Verdict, names: list[str]) -> list[str]:
    """The methods below one control that a terminal shows: all of few, else those with the highest means."""
    if len(results.order) <= FEW:
        return names
    ranked = sorted(names, key=lambda name: -(verdict.means[name][0] or 0.0))[:HIGHEST]
    return [name for name in names if name in ranked]


def _words(comparisons: list[Comparison]) -> str:
    """How often each word occurs, such as ``9 not shown, 1 worse``."""
    counts = {word: sum(one.word == word for one in comparisons) for word in ("better", "not shown", "worse")}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def _row(results: Results, verdict: Verdict, name: str, label: str, comparison: list[str]) -> list[str]:
    """One method with its accuracy before its comparison; after it what a prediction costs, and what training."""
    method = results.methods[name]
    accuracy = spread(*verdict.means[name], scale=100)
    return [label, accuracy, *comparison, compact(method.multiply_adds), compact(method.samples_seen)]


def _scratch(results: Results, verdict: Verdict) -> str:
    """Every method against both scratch controls, without words."""
    rows = []
    for name in results.order:
        row = [name]
        for control in verdict.against:
            row += _over(verdict.of(name)[control]) if name != control else ["", ""]
        rows.append(row)
    if not verdict.against or len(results.order) > FEW:
        return ""
    header = ["method", *(cell for control in verdict.against for cell in (f"over {control}", "removed"))]
    title = textwrap.fill(
        "Points over the controls that all methods share, with 95 % interval, and errors removed. No verdict here: "
        "scratch has the notebooks' smaller budget, and a student has another network.",
        WIDTH,
    )
    return _table(title, header, rows)


def _over(one: Comparison) -> list[str]:
    shown = points(one.mean) if one.interval is None else f"{points(one.mean)} ({interval(one.interval)})"
    return [shown, f"{percent(one.error_reduction, 0)} %" if one.error_reduction is not None else NOTHING]


def _multitask(results: Results, verdict: Verdict) -> str:
    """Both tasks of the methods that learn two; nothing if there are none."""
    rows = list(multitask.rows(results, verdict))
    title = textwrap.fill(f"Both tasks of the methods that learn two; accuracy and Δp in %. {multitask.ABOUT}", WIDTH)
    return _table(title, multitask.HEADER, rows) if rows else ""


def _choices(results: Results) -> str:
    """What each way of choosing among the candidates of adaptation methods was worth; nothing if there are none."""
    rows = list(adaptation.rows(results))
    title = textwrap.fill(f"{adaptation.CAPTION} {adaptation.ABOUT}", WIDTH)
    return _table(title, adaptation.header(results), rows) if rows else ""


def _trades(results: Results, verdict: Verdict) -> str:
    """The fronts of accuracy against cost; nothing where no cost is known."""
    found = [_prose("", pareto.said(trade), mark="  ") for trade in pareto.trades(results, verdict)]
    return "\n".join(["No method is cheaper and at least as good:", *found]) if found else ""


def _table(title: str, header: list[str], rows: list[list[str]]) -> str:
    """Columns aligned; the first and any of words to the left, numbers to the right. One cell alone is a line."""
    full = [header, *(row for row in rows if len(row) > 1)]
    widths = [max(len(row[column]) for row in full) for column in range(len(header))]
    widths[0] = min(widths[0], WIDTH - sum(widths[1:]) - 2 * len(header))
    lines = []
    for row in [header, *rows]:
        if len(row) == 1:
            lines.append(row[0])
            continue
        cells = [
            _cut(cell, width).ljust(width) if column == 0 or header[column] == "verdict" else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join([title, *(f"  {line}" for line in lines)])


def _cut(cell: str, width: int) -> str:
    return cell if len(cell) <= width else f"{cell[: width - 1]}…"
