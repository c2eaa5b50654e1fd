"""The verdict for programs (`dvc metrics show` and `diff`) and for a terminal."""

import textwrap
from typing import Any

from tasks.report import sentences
from tasks.report.formats import interval, percent, points, spread
from tasks.report.results import Results
from tasks.report.statistics import Comparison
from tasks.report.verdict import Verdict

WIDTH = 100  # columns of the plain-text table


def metrics(results: Results, verdict: Verdict) -> dict[str, Any]:
    """A few numbers and words a method, in percent and points, for verdict.json.

    DVC shows numbers and strings, one column each, and skips lists; so the sentences are in a list.
    """
    table: dict[str, Any] = {
        name: {"accuracy": _rounded(verdict.means[name][0])}
        | {
            key: value
            for control, one in verdict.of(name).items()
            for key, value in {
                f"over-{control}": _rounded(one.mean),
                f"errors-removed-{control}": _rounded(one.error_reduction),
                f"than-{control}": one.word,
            }.items()
        }
        for name in results.order
    }
    return table | {"answer": [sentences.answer(verdict), *sentences.notes(results, verdict)]}


def _rounded(share: float | None) -> float | None:
    """Percent with three decimals: finer differences than a test part of some thousand samples can show."""
    return None if share is None else round(100 * share, 3) + 0.0  # + 0.0: no negative zero


def text(results: Results, verdict: Verdict, question: str) -> str:
    """The verdict as plain text, at most `WIDTH` columns wide."""
    blocks = [
        _prose("Question", question) + "\n" + _prose("Answer", sentences.answer(verdict)),
        _accuracies(results, verdict),
        *(_against(results, verdict, control) for control in verdict.controls),
        _own(verdict),
        "\n".join(_prose("", note, mark="- ") for note in sentences.notes(results, verdict)),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _prose(label: str, words: str, mark: str = "") -> str:
    start = f"{label:<10}" if label else mark
    return textwrap.fill(words, WIDTH, initial_indent=start, subsequent_indent=" " * len(start), break_on_hyphens=False)


def _accuracies(results: Results, verdict: Verdict) -> str:
    rows = [
        [
            name,
            spread(*verdict.means[name], scale=100),
            f"{results.methods[name].parameters.trained:,}",
            str(results.methods[name].trainings),
        ]
        for name in results.order
    ]
    title = f"Accuracy in % on {results.test_size:,} test samples, mean ± spread of {results.repeats} repeats"
    return _table(title, ["method", "accuracy", "parameters trained", "trainings tried"], rows)


def _row(name: str, one: Comparison) -> list[str]:
    reduction = percent(one.error_reduction, 0)
    return [name, points(one.mean), interval(one.interval), f"{reduction} %", one.word]


COLUMNS = ["method", "difference", "95 % interval", "errors removed", "verdict"]


def _against(results: Results, verdict: Verdict, control: str) -> str:
    rows = [_row(name, verdict.against[control][name]) for name in results.order if name != control]
    return _table(f"Against {control}: paired differences in points of accuracy", COLUMNS, rows)


def _own(verdict: Verdict) -> str:
    rows = [_row(f"{name} - {control}", one) for name, (control, one) in verdict.own.items()]
    return _table("Against a family's own control", COLUMNS, rows) if rows else ""


def _table(title: str, header: list[str], rows: list[list[str]]) -> str:
    """Columns aligned; the first and any of words to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    widths[0] = min(widths[0], WIDTH - sum(widths[1:]) - 2 * len(header))
    lines = []
    for row in [header, *rows]:
        cells = [
            _cut(cell, width).ljust(width) if column == 0 or header[column] == "verdict" else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join([title, *(f"  {line}" for line in lines)])


def _cut(cell: str, width: int) -> str:
    return cell if len(cell) <= width else f"{cell[: width - 1]}…"
