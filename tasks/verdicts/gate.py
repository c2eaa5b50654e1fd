"""Is every verdict at least as good as asked?

In:   a folder with data/evaluate/<study>/results.json of the studies that are asked
Run:  python -m tasks.verdicts.gate FOLDER --min better:fine-tuning    code 0: yes; 3: no; 2: cannot be asked
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from tasks.common.errors import UserError, nearest
from tasks.report.formats import interval, listed, points
from tasks.report.statistics import Word
from tasks.verdicts import command
from tasks.verdicts.evaluations import Evaluation, find

ENOUGH, NOT_ENOUGH = 0, 3
ORDER: tuple[Word, ...] = ("worse", "not shown", "better")
assert set(ORDER) == set(get_args(Word))


def parse(text: str, studies: Mapping[str, Evaluation]) -> tuple[Word, str]:
    """``better:fine-tuning`` as ("better", "fine-tuning"); ``not-shown`` may stand for ``not shown``.

    Raises:
        UserError: If it has another form, or no study has a verdict on that method.
    """
    said, colon, method = text.partition(":")
    word = next((one for one in ORDER if one == said.strip().replace("-", " ")), None)
    if not colon or word is None:
        raise UserError(
            f"--min is '{text}'; expected WORD:METHOD, such as better:fine-tuning, with a word of: {', '.join(ORDER)}."
            f"{nearest(said, ORDER) if colon else ''}"
        )
    if any(method in one.verdict.fair for one in studies.values()):
        return word, method
    known = sorted({name for one in studies.values() for name in one.verdict.fair})
    if any(method in one.results.methods for one in studies.values()):
        raise UserError(f"--min {text}: '{method}' gets no verdict here; these do: {', '.join(known)}.")
    raise UserError(f"--min {text}: no study here has '{method}'; known: {', '.join(known)}.{nearest(method, known)}")


def check(word: Word, method: str, studies: Mapping[str, Evaluation]) -> list[tuple[bool, str]]:
    """For each study that runs the method: whether it is good enough, and what was found."""
    found = []
    for study, one in studies.items():
        if method not in one.results.methods:
            continue
        if method not in one.verdict.fair:
            found.append((False, f"{study}: {method} has no control here, so no verdict"))
            continue
        control, compared = one.verdict.fair[method]
        has = compared.word or "not shown"
        holds = compared.mean is not None and ORDER.index(has) >= ORDER.index(word)
        figures = f"{points(compared.mean)} points over {control}, 95 % interval {interval(compared.interval)}"
        text = f"{method} is '{has}' ({figures})" if compared.mean is not None else f"every training of {method} failed"
        found.append((holds, f"{study}: {text}; asked: at least '{word}'"))
    return found


def main(given: argparse.Namespace) -> int:
    """Print what was found, a line each."""
    studies = find(Path(given.folder))
    if not studies:
        raise UserError("no evaluation was found among what is asked. Run the evaluate stage first.")
    asked = [parse(text, studies) for text in given.min]
    found = [line for word, method in asked for line in check(word, method, studies)]
    for holds, text in found:
        print(f"{'ok  ' if holds else 'FAIL'}  {text}")
    for method in dict.fromkeys(method for _, method in asked):
        if without := [study for study, one in studies.items() if method not in one.results.methods]:
            print(f"      {method} is not run in {listed(without)}")
    return ENOUGH if all(holds for holds, _ in found) else NOT_ENOUGH


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m tasks.verdicts.gate", description=__doc__)
    made.add_argument("folder")
    made.add_argument("--min", action="append", required=True, metavar="WORD:METHOD")
    return made


if __name__ == "__main__":
    command.run(parser(), main)
