"""The edge of every stage: flags from the function's own signature, user errors in one line."""

import errno
import sys
from collections.abc import Callable
from typing import Any

import typer

from tasks.common.errors import UserError


def run(main: Callable[..., Any]) -> None:
    """Call ``main`` with flags named after its parameters; exit 2 with one message on a `UserError`."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    try:
        app()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print(
            f"error: the disk is full ({error.filename or 'while writing'}); free some room and run again.",
            file=sys.stderr,
        )
        sys.exit(2)
