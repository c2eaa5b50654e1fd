"""Measure again what was published, and write docs/published.md: `make reference`, or FULL=1 for the papers' sizes.

The studies fashion-sandal and digits-shift are read from their evaluations, so run them first.
"""

import argparse
import sys
from pathlib import Path

from benchmarks.published import Figure, digits, hinton, studies

PARTS = {"hinton": hinton.figures, "digits": digits.figures, "studies": studies.figures}
PAGE = Path("docs/published.md")
HEAD = """# What was published, and what we measure

Made by `make reference`{full}. Mean ± standard deviation over seeds; differences are paired and carry a 95 % interval.
"Holds" says that the published order is found again, not the published number.

| question | source | published | here | paired difference | holds |
| --- | --- | --- | --- | --- | --- |
"""


def row(figure: Figure) -> str:
    """One line of the table."""
    cells = (figure.question, figure.source, figure.published, figure.ours, figure.interval)
    return f"| {' | '.join(cells)} | {'yes' if figure.holds else 'NO'} |\n"


def main() -> int:
    """Write the page; the number of figures that do not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which parts; all without")
    parser.add_argument("--full", action="store_true", help="the papers' own sizes, hours on a small machine")
    options = parser.parse_args()
    found = [figure for part in options.parts or PARTS for figure in PARTS[part](options.full)]
    table = "".join(map(row, found))
    print(table)
    if not options.parts:
        PAGE.write_text(HEAD.format(full=" FULL=1" if options.full else "") + table, encoding="utf-8")
    return sum(not figure.holds for figure in found)


if __name__ == "__main__":
    sys.exit(bool(main()))
