"""What changed in the verdicts from one state of the project to another, and is it more than noise?

In:   two folders with data/evaluate/<study>/results.json and data/report/<study>/verdict.json
Run:  python -m tasks.verdicts.compare OLD NEW --from v1 --to workspace [--json]
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tasks.common.errors import UserError
from tasks.report.formats import NOTHING, counted, interval, listed, percent, points
from tasks.verdicts import command
from tasks.verdicts.changes import Change, asked, changes
from tasks.verdicts.evaluations import Evaluation, find

FEW = 4  # as many names as a headline holds
HEADER = ["method", "accuracy", "over its control", "change", "95 % interval", "noise?", "verdict"]


def text(study: str, old: Evaluation, new: Evaluation, names: tuple[str, str]) -> Iterator[str]:
    """One study, a line at a time: words that changed first, then the figures of all that moved."""
    found = changes(old, new)
    moved = [one for one in found if not one.is_same]
    yield f"{study}: {_headline(found)}"
    for one in found:
        if one.words[0] != one.words[1] and None not in one.words:
            why = " (its results are as before; other methods, or another way to count, change the word)"
            yield f"  {one.method}: {one.words[0]} -> {one.words[1]}{why if one.is_same else ''}"
    for setting, (before, after) in asked(old.results, new.results).items():
        yield f"  asked otherwise: {setting} {before} -> {after}"
    for name, side in zip(names, (old, new), strict=True):
        for method, said in side.recorded.items():
            if side.word(method) not in (None, said):
                yield f"  {name} records {method} as '{said}'; by the rules of today it is '{side.word(method)}'"
    if moved:
        yield from (f"  {line}" for line in _table([HEADER, *map(_row, moved)]))
    if moved and len(found) > len(moved):
        yield f"  {counted(len(found) - len(moved), 'method')} as before"


def _headline(found: list[Change]) -> str:
    if all(one.is_same for one in found):
        return "nothing changed"
    new = [one.method for one in found if one.accuracy[0] is None and one.accuracy[1] is not None]
    gone = [one.method for one in found if one.accuracy[0] is not None and one.accuracy[1] is None]
    sure = [one.method for one in found if one.is_more_than_noise]
    judged = [one for one in found if one.is_more_than_noise is not None and not one.is_same]
    parts = [
        f"{word}: {listed(names) if len(names) <= FEW else counted(len(names), 'method')}"
        for word, names in (("new", new), ("gone", gone))
        if names
    ]
    if sure:
        parts.append(f"more than noise: {listed(sure)}")
    elif judged:
        parts.append("no change of a difference is more than noise")
    return "; ".join(parts) or "something changed, and nothing can be said of noise"


def _row(one: Change) -> list[str]:
    noise = {None: NOTHING, False: "within noise", True: "more"}[one.is_more_than_noise]
    return [
        one.method,
        _pair(*(percent(value) for value in one.accuracy)),
        _pair(*(points(value) for value in one.over)) if one.over != (None, None) else "control",
        points(one.by),
        interval(one.interval),
        noise if one.by is not None else "",
        _pair(*(word or NOTHING for word in one.words)) if one.words != (None, None) else "",
    ]


def _pair(before: str, after: str) -> str:
    return before if before == after else f"{before} -> {after}"


def _table(rows: list[list[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def facts(old: Mapping[str, Evaluation], new: Mapping[str, Evaluation]) -> dict[str, Any]:
    """The same for programs: shares, not points."""
    return {
        study: {
            "asked": asked(old[study].results, new[study].results),
            "methods": {
                one.method: asdict(one) | {"is_more_than_noise": one.is_more_than_noise}
                for one in changes(old[study], new[study])
            },
        }
        for study in new
        if study in old
    } | {study: {"only": "from" if study in old else "to"} for study in sorted(old.keys() ^ new.keys())}


def main(given: argparse.Namespace) -> int:
    """Print every study of either side."""
    names = (given.start, given.to)
    try:
        old, new = (find(Path(folder)) for folder in (given.old, given.new))
    except UserError as error:
        said = str(error).replace(given.old, given.start).replace(given.new, given.to)
        raise UserError(f"{said}\nOne of the two cannot be read by the code as it stands.") from None
    if given.json:
        print(json.dumps(facts(old, new), indent=1))
        return 0
    print(
        f"Verdicts from {names[0]} to {names[1]}. Differences are in points of accuracy; noise is what 95 % intervals,"
    )
    print("corrected for the number of methods (Holm), leave open.")
    for study in sorted({*old, *new}):
        if study not in old or study not in new:
            print(f"\n{study}: only in {names[0] if study in old else names[1]}")
            continue
        print()
        print("\n".join(text(study, old[study], new[study], names)))
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m tasks.verdicts.compare", description=__doc__)
    made.add_argument("old")
    made.add_argument("new")
    made.add_argument("--from", dest="start", required=True, metavar="NAME")
    made.add_argument("--to", required=True, metavar="NAME")
    made.add_argument("--json", action="store_true")
    return made


if __name__ == "__main__":
    command.run(parser(), main)
