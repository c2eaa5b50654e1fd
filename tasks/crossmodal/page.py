"""The verdict on a cross-modal task as one self-contained HTML page, in the look of the studies' reports."""

from collections.abc import Iterator
from typing import Any

from tasks.common.schema.crossmodal import BASELINE, FLOOR, Task
from tasks.crossmodal import wording
from tasks.report import task
from tasks.report.formats import NOTHING, number, percent
from tasks.report.task import Difference, Page, Table

ABOUT = {
    "chance": ("A random linear map from images to descriptions. Nothing is learnt: the floor.", "", ""),
    "eszsl": (
        "One linear map from images to descriptions, in closed form: the cheap baseline.",
        "Romera-Paredes and Torr, 2015", "https://proceedings.mlr.press/v37/romera-paredes15.html"),
    "devise": (
        "A network brings images to where the descriptions are, each nearer to its own than to any other, by a margin.",
        "Frome et al., 2013", "https://papers.nips.cc/paper/5204-devise-a-deep-visual-semantic-embedding-model"),
    "contrastive": (
        "Two towers, one for images and one for descriptions, meet in a space of their own, where an image and its "
        "class's description find each other in a batch.", "Radford et al., 2021", "https://arxiv.org/abs/2103.00020"),
}  # fmt: skip


def render(found: dict[str, Any], chosen: Task) -> str:
    """The whole page, of the content of results.json and the task's settings."""
    best = leader(found)
    page = Page(
        task=found["task"],
        title="which way tells classes never shown?",
        question=found["question"],
        warning=wording.warning(found),
        answer=answer(found),
        facts=facts(found),
        best=best if best and wording.better(found["methods"][best], found["chance"]) == "better" else None,
        tables=[accuracies(found), by_class(found)],
        lead=f"Over a guess, which has {percent(found['chance'], 0)} % among held-out classes, and over the baseline; "
        "last the controls, which must be no better than a guess. Intervals are by classes, and where something is "
        "judged corrected for the number of methods.",
        unit="points",
        differences=list(differences(found)),
        notes=[*wording.careful(found), *wording.left_out(found), *wording.limits(found)],
        descriptions={name: ABOUT[name] for name in found["order"]},
        settings=chosen.model_dump(exclude={"question"}),
    )
    return task.render(page, found["order"])


def leader(found: dict[str, Any]) -> str | None:
    """The method with the highest zero-shot accuracy, the floor aside; None where nothing else was run."""
    means = {name: found["methods"][name]["zero_shot"]["mean"] for name in wording.compared(found)}
    return max(means, key=lambda name: means[name], default=None)


def answer(found: dict[str, Any]) -> str:
    """The verdict in a sentence or two."""
    best = leader(found)
    if best is None:
        return f"Nothing was run but {FLOOR}, the floor."
    right, guess = percent(found["methods"][best]["zero_shot"]["mean"], 1), percent(found["chance"], 0)
    said = f"{best} tells {right} % of the images right among {len(found['held_out'][0])} classes that it was never "
    return " ".join([f"{said}shown; a guess has {guess} %.", *wording.shown(found)])


def facts(found: dict[str, Any]) -> dict[str, str]:
    """The numbers of a task that a reader looks for first."""
    return {
        "classes": str(len(found["classes"])),
        "held out in a split": str(len(found["held_out"][0])),
        "splits": str(found["splits"]),
        "test images": number(found["test_images"], 0),
        "descriptions by": found["encoder"],
    }


def accuracies(found: dict[str, Any]) -> Table:
    """Every figure of each method."""
    guess = percent(1 / len(found["classes"]), 1)
    rows = [["a guess", percent(found["chance"], 1), NOTHING, NOTHING, NOTHING, guess, guess, guess]]
    for name in found["order"]:
        entry = found["methods"][name]
        shot, control = entry["zero_shot"], entry["shuffled"]["zero_shot"]
        others = (percent(one["mean"], 1) for one in (control, entry["unseen"], entry["seen"], entry["harmonic"]))
        rows.append([name, percent(shot["mean"], 1), _between(shot["classes"]), _between(shot["images"]), *others])
    header = ["method", "held-out only, %", "interval by classes", "interval by images", "shuffled, %"]
    return Table(
        "accuracies",
        "Accuracy",
        "Share of test images that fit their own class's description best, the mean of the classes: of images of "
        "held-out classes where only these may be answered, with 95 % intervals; the same of the control, trained with "
        "shuffled descriptions; and, where all classes may be answered, of held-out (unseen) and of seen classes.",
        [*header, "unseen, %", "seen, %", "harmonic mean, %"],
        rows,
    )


def by_class(found: dict[str, Any]) -> Table:
    """Which classes are told when they are held out."""
    rows = [
        [name, *(percent(found["methods"][name]["by_class"][label], 0) for label in found["classes"])]
        for name in found["order"]
    ]
    caption = "Zero-shot accuracy of each class's images, in %, over the splits that hold the class out."
    return Table("classes", "Accuracy by class", caption, ["method", *found["classes"]], rows)


def differences(found: dict[str, Any]) -> Iterator[Difference]:
    """Of each method over a guess, over the baseline, and of its control over a guess."""
    entries, chance = found["methods"], found["chance"]
    for name in found["order"]:
        shot = entries[name]["zero_shot"]
        is_floor = name == FLOOR
        said = "floor" if is_floor else wording.better(entries[name], chance)
        yield _over(f"{name} over a guess", shot, shot["classes" if is_floor else "joint"], chance, said)
    for name in (name for name in found["order"] if "gain" in entries[name]):
        gain = entries[name]["gain"]
        yield _over(f"{name} over {BASELINE}", gain, gain["joint"], 0.0, wording.word(gain["joint"], 0.0))
    for name in found["order"]:
        control = entries[name]["shuffled"]["zero_shot"]
        yield _over(f"{name}, shuffled", control, control["classes"], chance, "control")


def _over(name: str, figure: dict[str, Any], interval: list[float], level: float, word: str) -> Difference:
    low, high = interval
    return Difference(name, figure["mean"] - level, (low - level, high - level), word)


def _between(interval: list[float]) -> str:
    low, high = (percent(end, 1) for end in interval)
    return f"{low} to {high}"
