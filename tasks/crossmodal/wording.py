"""What the results of a cross-modal task say, in plain words."""

import textwrap
from collections.abc import Iterator
from typing import Any

from tasks.common.schema.crossmodal import BASELINE, FLOOR

WIDTH = 110  # columns of the plain text


def verdict(results: dict[str, Any], page: str) -> str:
    """The content of verdict.txt; it ends with where the ``page`` lies."""
    told = [*shown(results), *_gains(results), *careful(results)]
    last = [*textwrap.wrap(" ".join(limits(results)), WIDTH), "", f"The same as a page: {page}"]
    return "\n".join([*_head(results), "", *_table(results), "", *told, "", *last]) + "\n"


def word(interval: list[float], against: float) -> str:
    """What may be said of a figure: ``better``, ``worse`` or ``not shown``."""
    low, high = interval
    return "better" if low > against else "worse" if high < against else "not shown"


def better(entry: dict[str, Any], chance: float) -> str:
    """What may be said of a method against chance."""
    return word(entry["zero_shot"]["joint"], chance)


def compared(results: dict[str, Any]) -> list[str]:
    """The methods that could be better than a guess."""
    return [method for method in results["order"] if method != FLOOR]


def warning(results: dict[str, Any]) -> str:
    """What a reader must know first, or nothing."""
    return "" if results["size"] == "full" else f"Size {results['size']}: these numbers mean nothing."


def left_out(results: dict[str, Any]) -> Iterator[str]:
    """What is missing."""
    if results["left_out"]:
        yield f"{results['left_out']} splits are left out: in each a method failed."


def _head(results: dict[str, Any]) -> Iterator[str]:
    yield f"{results['task']}: {results['question']}"
    held_out = len(results["held_out"][0])
    yield (
        f"{results['splits']} splits of {len(results['classes'])} classes, {held_out} held out in each; "
        f"{results['test_images']} test images; descriptions by {results['encoder']}."
    )
    if warned := warning(results):
        yield warned
    yield from left_out(results)


def _table(results: dict[str, Any]) -> Iterator[str]:
    yield f"{'':30}95 % interval by{'':22}among all classes"
    yield _row("", "held-out only", ["classes", "images"], "shuffled", "unseen", "seen", "harmonic")
    guess = f"{1 / len(results['classes']):.3f}"
    yield _row("a guess", f"{results['chance']:.3f}", ["", ""], "", guess, guess, guess)
    for method in results["order"]:
        entry = results["methods"][method]
        shot, control = entry["zero_shot"], entry["shuffled"]["zero_shot"]
        means = (f"{figure['mean']:.3f}" for figure in (control, entry["unseen"], entry["seen"], entry["harmonic"]))
        yield _row(method, f"{shot['mean']:.3f}", [_between(shot[by]) for by in ("classes", "images")], *means)


def _row(name: str, shot: str, intervals: list[str], *means: str) -> str:
    cells = f"{name:12}{shot:>14}" + "".join(f"{cell:>16}" for cell in intervals)
    return (cells + "".join(f"{cell:>10}" for cell in means)).rstrip()


def _between(interval: list[float]) -> str:
    return f"[{interval[0]:.2f}, {interval[1]:.2f}]"


def shown(results: dict[str, Any]) -> Iterator[str]:
    """Which methods are better than a guess."""
    entries, chance = results["methods"], results["chance"]
    for kind, words in (
        ("better", "Better than a guess on classes never seen"),
        ("worse", "Worse than a guess"),
        ("not shown", "Not shown to be better than a guess"),
    ):
        names = [method for method in compared(results) if better(entries[method], chance) == kind]
        if names:
            yield f"{words}: {', '.join(names)}."


def _gains(results: dict[str, Any]) -> Iterator[str]:
    entries = results["methods"]
    for method in (method for method in compared(results) if "gain" in entries[method]):
        gain = entries[method]["gain"]
        (low, high), said = gain["joint"], word(gain["joint"], 0).replace("not shown", "not shown to differ")
        yield f"{method} against {BASELINE}: {gain['mean']:+.3f} [{low:+.2f}, {high:+.2f}], {said}."


def careful(results: dict[str, Any]) -> Iterator[str]:
    """Controls that look as if something leaked."""
    for method in results["order"]:
        control = results["methods"][method]["shuffled"]["zero_shot"]["classes"]
        if not control[0] <= results["chance"] <= control[1]:
            yield f"Careful: with shuffled descriptions {method} is off chance, {_between(control)}. Look for a leak."


def limits(results: dict[str, Any]) -> list[str]:
    """What the figures do not say."""
    classes, images = len(results["classes"]), results["test_images"]
    return [
        f"The sample is {classes} classes, not {images} images. The interval by classes is for other classes like "
        "these, and wide for that reason; the one by images is for these very classes.",
        "Better and worse are judged by the interval by classes, corrected for the number of methods.",
        "Rate and epoch are chosen by seen classes alone.",
        "An image network that others trained may have met such classes under other names; then they are new to the "
        "matching alone.",
    ]
