"""The edge of the commands that `headwater compare`, `gate` and `reproduce` call."""

import argparse
import sys
from collections.abc import Callable

from tasks.common.errors import UserError


def run(parser: argparse.ArgumentParser, main: Callable[[argparse.Namespace], int]) -> None:
    """Exit with what ``main`` returns; with 2 and one message on a `UserError`."""
    try:
        sys.exit(main(parser.parse_args()))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
