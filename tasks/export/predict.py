"""Apply an exported model to a file of samples: `headwater predict MODEL DATA`.

MODEL is an exported .keras or .tflite file with its card.json beside it. DATA is a .npz with an array x, a .csv of
numbers, or an image; raw, as the data were before any scaling.

Run:  python -m tasks.export.predict MODEL DATA [--out FILE.csv]
"""

import argparse
from pathlib import Path

from tasks.common.artifacts import write_text
from tasks.common.samples import Array
from tasks.export.reading import samples
from tasks.export.running import load
from tasks.verdicts import command

MOST_ROWS, MOST_CLASSES = 20, 12
"""What the screen shows; of more classes, the likeliest `LIKELIEST`."""
LIKELIEST = 3


def table(probabilities: Array, classes: list[str]) -> str:
    """CSV with a line a sample: its number, the likeliest class, the probability of each class."""
    names = ",".join(_cell(name) for name in classes)
    lines = [
        f"{number},{_cell(classes[row.argmax()])},{','.join(f'{one:.6f}' for one in row)}"
        for number, row in enumerate(probabilities, start=1)
    ]
    return "\n".join([f"sample,class,{names}", *lines]) + "\n"


def _cell(name: str) -> str:
    """A name as CSV has it."""
    return '"' + name.replace('"', '""') + '"' if any(sign in name for sign in ',"\r\n') else name


def lines(probabilities: Array, classes: list[str]) -> list[str]:
    """A line a sample, the likeliest class first."""
    shown = len(classes) if len(classes) <= MOST_CLASSES else LIKELIEST
    said = []
    for number, row in enumerate(probabilities[:MOST_ROWS], start=1):
        order = (-row).argsort(kind="stable")[:shown]
        said.append(f"{number}: {', '.join(f'{classes[index]} {row[index]:.4f}' for index in order)}")
    if len(probabilities) > MOST_ROWS:
        said.append(f"... and {len(probabilities) - MOST_ROWS:,} more; --out FILE.csv writes them all")
    return said


def main(given: argparse.Namespace) -> int:
    """Print class and probabilities of each sample, or write them."""
    runner, card = load(Path(given.model))
    x = samples(Path(given.data), card["input"]["shape"], card["input"]["values"])
    probabilities = runner(x)
    if given.out:
        write_text(Path(given.out), table(probabilities, card["classes"]))
        print(f"{len(x):,} samples, {given.out} written")
    else:
        print("\n".join(lines(probabilities, card["classes"])))
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="headwater predict", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("model", metavar="MODEL")
    made.add_argument("data", metavar="DATA")
    made.add_argument("--out", metavar="FILE.csv", help="write all probabilities there")
    return made


if __name__ == "__main__":
    command.run(parser(), main)
