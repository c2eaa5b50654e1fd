"""The verdict on a few-shot task, for programs and for a terminal."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.common.intervals import Estimate
from tasks.common.schema.fewshot import FLOOR, Task
from tasks.fewshot.measured import Measured
from tasks.fewshot.verdict import Verdict
from tasks.report.formats import NOTHING, counted, interval, listed, percent, points

WIDTH = 100  # columns of the plain text
REMARKS = {
    "matching": "matching is without full context embeddings.",
    "fine-tuned": "fine-tuned trains a new linear head on the labelled samples of each episode.",
}


@dataclass(frozen=True)
class Results:
    """All that is known of a task's novel episodes."""

    task: str
    settings: Task
    size: str
    episodes: int
    novel: tuple[str, ...]
    methods: Mapping[str, Measured]
    verdict: Verdict

    @property
    def repeats(self) -> int:
        """Trainings of each method."""
        return max(len(one.accuracies) for one in self.methods.values())

    @property
    def failures(self) -> list[tuple[str, int, str]]:
        """(method, repeat, reason) of all repeats that failed."""
        return [(name, *one) for name, measured in self.methods.items() for one in measured.failures]


def content(found: Results) -> dict[str, Any]:
    """What results.json holds; accuracies and differences are shares, not points."""
    methods = {}
    for name, one in found.verdict.means.items():
        measured = found.methods[name]
        methods[name] = {
            "accuracy": one.mean,
            "interval": _ends(one),
            "repeats": [None if failed else mean for mean, failed in _repeats(measured)],
            "failed": {str(repeat): reason for repeat, reason in measured.failures},
            "rates": measured.chosen("rate"),
            "epochs": measured.chosen("epoch"),
            "parameters": measured.outcome["parameters"],
            "settings": measured.outcome["settings"],
        }
    differences = [
        {
            "method": name,
            "over": other,
            "mean": one.mean,
            "interval": one.interval,
            "p": one.p,
            "adjusted": one.adjusted,
            "word": one.word,
            "pairs": one.pairs,
        }
        for (name, other), one in found.verdict.differences.items()
    ]
    return {
        "task": found.task,
        "size": found.size,
        "settings": found.settings.model_dump(),
        "episodes": found.episodes,
        "novel": list(found.novel),
        "methods": methods,
        "differences": differences,
        "answer": answer(found),
    }


def _repeats(measured: Measured) -> list[tuple[float, bool]]:
    return [(float(row.mean()), bool(row.mean() != row.mean())) for row in measured.accuracies]


def _ends(one: Estimate) -> tuple[float, float] | None:
    """An interval within what an accuracy can be."""
    return None if one.interval is None else (max(0.0, one.interval[0]), min(1.0, one.interval[1]))


def warning(found: Results) -> str:
    """What a reader must know first, or nothing."""
    return "" if found.size == "full" else f"Size {found.size}: the figures mean nothing."


def answer(found: Results) -> str:
    """The verdict in a sentence or two."""
    verdict, best = found.verdict, found.verdict.best
    if best is None:
        return "No method could be measured: every training failed."
    said = f"{best} tells {percent(verdict.means[best].mean, 1)} % of the queries right"
    if best == FLOOR:
        return f"{said}: no training on other classes is shown to help."
    beaten, tied = verdict.beaten(best), verdict.tied
    parts = [f"shown to be better than {listed(beaten)}"] if beaten else []
    parts += [f"not shown to differ from {listed(tied)}"] if tied else []
    last = "" if verdict.is_floor_beaten else " Training on other classes is not shown to help."
    return f"{said}{'; it is ' if parts else ''}{', and '.join(parts)}.{last}"


def notes(found: Results) -> list[str]:
    """What to know beside it."""
    one = found.settings
    first = next(iter(found.methods.values())).outcome
    known, chosen_by = first["trained_classes"], first["validation_classes"]
    turned = " (turned ones counted)" if one.rotations else ""
    said = [
        f"An episode has {one.ways} of the {len(found.novel)} novel classes, {counted(one.shots, 'labelled sample')} "
        f"and {counted(one.queries, 'query').replace('querys', 'queries')} of each; by chance "
        f"{percent(1 / one.ways, 0)} % are right. All methods have the same {counted(found.episodes, 'episode')}.",
        f"Methods learnt from {known:,} classes{turned}, and chose their epoch by episodes of {chosen_by} others. None "
        "of them is novel.",
        f"Intervals are over episodes and over {counted(found.repeats, 'training')}; the novel classes stay the same, "
        "so how other ones would do is not in them. Words are after Holm's correction over all pairs.",
    ]
    said += [about for name, about in REMARKS.items() if name in found.methods]
    left = [f"{name}, repeat {repeat}: {reason}" for name, repeat, reason in found.failures]
    return said + ([f"Failed: {'; '.join(left)}."] if left else [])


def text(found: Results, page: str) -> str:
    """The verdict as plain text; it ends with where the ``page`` lies."""
    asked = [_prose("Question", found.settings.question), _prose("Answer", answer(found))]
    if warned := warning(found):
        asked.insert(0, _prose("Warning", warned))
    rows = [["method", "accuracy, %", "95 % interval"]]
    rows += [[name, percent(one.mean), percents(one)] for name, one in found.verdict.means.items()]
    pairs = [["difference", "points", "95 % interval", "verdict"]]
    pairs += [
        [f"{name} over {other}", points(one.mean), interval(one.interval), one.word or NOTHING]
        for (name, other), one in found.verdict.differences.items()
    ]
    told = "\n".join(_prose("", note, mark="- ") for note in notes(found))
    blocks = ["\n".join(asked), _table(rows), _table(pairs), told, f"The same as a page: {page}"]
    return "\n\n".join(blocks) + "\n"


def percents(one: Estimate) -> str:
    """Both ends of an accuracy's interval."""
    ends = _ends(one)
    return NOTHING if ends is None else f"{percent(ends[0])} to {percent(ends[1])}"


def _prose(label: str, said: str, mark: str = "") -> str:
    start = f"{label:<10}" if label else mark
    return textwrap.fill(said, WIDTH, initial_indent=start, subsequent_indent=" " * len(start), break_on_hyphens=False)


def _table(rows: list[list[str]]) -> str:
    """Columns aligned: words to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    left = {column for column, title in enumerate(rows[0]) if column == 0 or title == "verdict"}
    return "\n".join(
        "  "
        + "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
