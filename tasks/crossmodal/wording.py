"""What the results of a cross-modal task say, in plain words."""

from collections.abc import Iterator
from typing import Any

from tasks.common.schema.crossmodal import BASELINE, FLOOR


def verdict(results: dict[str, Any]) -> str:
    """The content of verdict.txt."""
    return "\n".join([*_head(results), "", *_table(results), "", *_judged(results), "", *_limits(results)]) + "\n"


def better(entry: dict[str, Any], chance: float) -> str:
    """What may be said of a method against chance: ``better``, ``worse`` or ``not shown``."""
    low, high = entry["zero_shot"]["joint"]
    return "better" if low > chance else "worse" if high < chance else "not shown"


def _head(results: dict[str, Any]) -> Iterator[str]:
    yield f"{results['task']}: {results['question']}"
    held_out = len(results["held_out"][0])
    yield (
        f"{results['splits']} splits of {len(results['classes'])} classes, {held_out} held out in each; "
        f"{results['test_images']} test images; descriptions by {results['encoder']}."
    )
    if results["size"] != "full":
        yield f"Size {results['size']}: these numbers mean nothing."
    if results["left_out"]:
        yield f"{results['left_out']} splits are left out: in each a method failed."


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


def _judged(results: dict[str, Any]) -> Iterator[str]:
    chance, entries = results["chance"], results["methods"]
    compared = [method for method in results["order"] if method != FLOOR]
    for kind, words in (
        ("better", "Better than a guess on classes never seen"),
        ("worse", "Worse than a guess"),
        ("not shown", "Not shown to be better than a guess"),
    ):
        names = [method for method in compared if better(entries[method], chance) == kind]
        if names:
            yield f"{words}: {', '.join(names)}."
    for method in (method for method in compared if "gain" in entries[method]):
        gain = entries[method]["gain"]
        low, high = gain["joint"]
        found = "better" if low > 0 else "worse" if high < 0 else "not shown to differ"
        yield f"{method} against {BASELINE}: {gain['mean']:+.3f} [{low:+.2f}, {high:+.2f}], {found}."
    for method in results["order"]:
        control = entries[method]["shuffled"]["zero_shot"]["classes"]
        if not control[0] <= chance <= control[1]:
            yield f"Careful: with shuffled descriptions {method} is off chance, {_between(control)}. Look for a leak."


def _limits(results: dict[str, Any]) -> Iterator[str]:
    classes, images = len(results["classes"]), results["test_images"]
    yield f"The sample is {classes} classes, not {images} images. The first interval is for classes like these, and"
    yield "wide for that reason; the second is for these very classes. Better and worse are judged by the first,"
    yield "corrected for the number of methods. Rate and epoch are chosen by seen classes alone. An image network that"
    yield "others trained may have met such classes under other names; then they are new to the matching alone."
