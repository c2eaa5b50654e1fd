"""The verdict on a few-shot task as one self-contained HTML page, in the look of the studies' reports."""

from tasks.fewshot import words
from tasks.fewshot.words import Results
from tasks.report import task
from tasks.report.formats import NOTHING, number, percent
from tasks.report.task import Difference, Page, Table

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
    header = ["method", "accuracy, %", "95 % interval", "parameters trained", "rates chosen", "epochs chosen"]
    rows = [cells(found, name) for name in found.verdict.means]
    caption = "Share of the queries of novel classes that are told right."
    page = Page(
        task=found.task,
        title="which way tells novel classes?",
        question=found.settings.question,
        warning=words.warning(found),
        answer=words.answer(found),
        facts=facts(found),
        best=found.verdict.best,
        tables=[Table("accuracies", "Accuracy", caption, header, rows)],
        lead="Paired over the same episodes.",
        unit="points above the other",
        differences=[
            Difference(f"{one} over {other}", each.mean, each.interval, each.word or "")
            for (one, other), each in found.verdict.differences.items()
        ],
        notes=words.notes(found),
        descriptions={name: ABOUT[name] for name in found.methods},
        settings=found.settings.model_dump(exclude={"question"}),
    )
    return task.render(page, list(found.methods))


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
