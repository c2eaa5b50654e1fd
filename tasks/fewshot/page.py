"""The verdict on a few-shot task as one self-contained HTML page, in the look of the studies' reports."""

import numpy as np

from tasks.fewshot import words
from tasks.fewshot.words import Results
from tasks.report import templates
from tasks.report.forest import Axis, Row
from tasks.report.formats import NOTHING, interval, number, percent, points
from tasks.report.page import flat
from tasks.report.statistics import Comparison

ABOUT = {
    "nearest": ("The class of the nearest labelled sample, pixel by pixel. Nothing is trained: the floor.", "", ""),
    "prototypes": (
        "A network trained by episodes so that a class's samples lie near the mean of its labelled ones; the nearest "
        "mean wins.", "Snell et al., 2017", "https://arxiv.org/abs/1703.05175"),
    "matching": (
        "A network trained by episodes so that a query attends, by cosine, to labelled samples of its class; it takes "
        "their labels. Without full context embeddings.", "Vinyals et al., 2016", "https://arxiv.org/abs/1606.04080"),
    "fine-tuned": (
        "An ordinary classifier of all classes to learn from; its features stay, and each episode trains a new linear "
        "head on them.", "Chen et al., 2019, “Baseline”", "https://arxiv.org/abs/1904.04232"),
}  # fmt: skip


def render(found: Results) -> str:
    """The whole page."""
    compared = found.verdict.differences
    drawn = axis(list(compared.values()))
    return templates.render(
        "fewshot.html.j2",
        list(found.methods),
        task=found.task,
        question=found.settings.question,
        warning=words.warning(found),
        answer=words.answer(found),
        facts=facts(found),
        best=found.verdict.best,
        header=["method", "accuracy, %", "95 % interval", "parameters trained", "rates chosen", "epochs chosen"],
        rows=[cells(found, name) for name in found.verdict.means],
        axis=drawn,
        differences=[row(f"{one} over {other}", each, drawn) for (one, other), each in compared.items()],
        notes=words.notes(found),
        descriptions=[(name, ABOUT[name]) for name in found.methods],
        settings=flat(found.settings.model_dump(exclude={"question"})),
    )


def facts(found: Results) -> dict[str, str]:
    """The numbers of a task that a reader looks for first."""
    one = found.settings
    return {
        "classes of an episode": str(one.ways),
        "labelled samples of each": str(one.shots),
        "novel classes": str(len(found.novel)),
        "episodes": number(found.episodes, 0),
        "trainings a method": str(found.repeats),
    }


def cells(found: Results, name: str) -> list[str]:
    """A method's row of the table of accuracies."""
    measured = found.methods[name]
    rates = sorted({rate for rate in measured.chosen("rate") if rate is not None})
    epochs = [str(epoch) for epoch in measured.chosen("epoch")] if rates else []
    return [
        name,
        percent(found.verdict.means[name].mean),
        words.percents(found.verdict.means[name]),
        number(measured.outcome["parameters"]["trained"], 0),
        ", ".join(f"{rate:g}" for rate in rates) or NOTHING,
        ", ".join(epochs) or NOTHING,
    ]


def axis(differences: list[Comparison]) -> Axis | None:
    """The range, in points, that shows zero and every interval."""
    ends = [100 * end for one in differences for end in one.interval or (one.mean,) if end is not None]
    if not ends:
        return None
    low, high = min(0.0, *ends), max(0.0, *ends)
    pad = 0.05 * (high - low) or 1.0
    return Axis(low - pad, high + pad)


def row(name: str, one: Comparison, drawn: Axis | None) -> Row:
    """One difference, placed on the axis."""
    if one.mean is None or drawn is None:
        return Row(name, "", word=one.word or "")
    low, high = (100 * np.array(one.interval or (one.mean, one.mean))).tolist()
    return Row(
        name,
        "",
        difference=points(one.mean),
        interval=interval(one.interval) if one.interval else "",
        word=one.word or "",
        at=f"{drawn.place(100 * one.mean):.2f}",
        low=f"{drawn.place(low):.2f}",
        high=f"{drawn.place(high):.2f}",
    )
