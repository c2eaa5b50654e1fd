"""Do results made again agree with those on record, within what the record itself calls its interval?

Another kind of processor, or a GPU, gives other last digits. What was made again counts as equal if it could stand in
the record: every mean accuracy, and every difference to a fair control, inside the record's own 95 % interval, the same
trainings failed, and the words the same.

In:   two folders with data/evaluate/<study>/results.json or data/report/<study>/verdict.json
Run:  python -m tasks.verdicts.same OLD NEW    code 0: yes; 3: no; 4: nothing here that can be judged
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tasks.common.intervals import ROUNDING, of_mean
from tasks.report.formats import interval, percent, points
from tasks.verdicts import command
from tasks.verdicts.evaluations import Evaluation, find, words

EQUAL, OTHER, UNJUDGED = 0, 3, 4


def faults(old: Evaluation, new: Evaluation) -> Iterator[str]:
    """Each way in which the new evaluation could not stand in for the old one."""
    first, second = old.results, new.results
    if first.order != second.order or first.repeats != second.repeats:
        yield f"other methods, or {first.repeats} -> {second.repeats} repeats"
        return
    for name in first.order:
        before, after = first.measure(name, "accuracy"), second.measure(name, "accuracy")
        if (np.isnan(before) != np.isnan(after)).any():
            yield f"{name}: other trainings failed"
            continue
        known = of_mean(before, share=first.share)
        mean = of_mean(after).mean
        if known.mean is not None and mean is not None and not _inside(mean, known.mean, known.interval):
            limits = interval(known.interval, sign=False)
            yield f"{name}: accuracy {percent(known.mean)} -> {percent(mean)} %, outside {limits}"
        if name in old.verdict.fair and name in new.verdict.fair:
            control, one = old.verdict.fair[name]
            again = new.verdict.fair[name][1].mean
            if one.mean is not None and again is not None and not _inside(again, one.mean, one.interval):
                yield f"{name}: {points(one.mean)} -> {points(again)} over {control}, outside {interval(one.interval)}"
        if old.word(name) != new.word(name):
            yield f"{name}: '{old.word(name)}' -> '{new.word(name)}'"


def _inside(value: float, mean: float, limits: tuple[float, float] | None) -> bool:
    """Inside the interval, or equal where there is none."""
    low, high = limits or (mean, mean)
    return low - ROUNDING <= value <= high + ROUNDING


def main(given: argparse.Namespace) -> int:
    """Print how far the results moved, or what is outside."""
    old, new = Path(given.old), Path(given.new)
    before, after = find(old), find(new)
    if before.keys() & after.keys():
        wrong = [f"{s}: {text}" for s in before.keys() & after.keys() for text in faults(before[s], after[s])]
        moves = [move for s in before.keys() & after.keys() for move in _moves(before[s], after[s])]
        print(
            "\n".join(wrong) or f"accuracies moved by up to {percent(max(moves, default=0.0))} points, words the same"
        )
        return OTHER if wrong else EQUAL
    studies = [path.parent.name for path in sorted(old.glob("data/report/*/verdict.json"))]
    if not studies:
        return UNJUDGED
    wrong = [
        f"{study}: {name}: '{said.get(name)}' -> '{again.get(name)}'"
        for study in studies
        for said, again in [(words(old, study), words(new, study))]
        for name in sorted({*said, *again})
        if said.get(name) != again.get(name)
    ]
    print("\n".join(wrong) or "the words are the same")
    return OTHER if wrong else EQUAL


def _moves(old: Evaluation, new: Evaluation) -> Iterator[float]:
    """How far each method's mean accuracy moved, a share."""
    for name in old.results.order:
        before, after = old.verdict.means[name][0], new.verdict.means.get(name, (None, None))[0]
        if before is not None and after is not None:
            yield abs(after - before)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m tasks.verdicts.same", description=__doc__)
    made.add_argument("old")
    made.add_argument("new")
    return made


if __name__ == "__main__":
    command.run(parser(), main)
