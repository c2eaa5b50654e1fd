"""The edge of every stage: flags from the function's own signature, user errors in one line."""

import argparse
import errno
import inspect
import sys
from collections.abc import Callable
from typing import Any

from tasks.common.errors import UserError


def run(main: Callable[..., Any]) -> None:
    """Call ``main`` with flags named after its parameters; exit 2 with one message on a `UserError`."""
    parser = argparse.ArgumentParser(description=inspect.getdoc(main))
    for name, parameter in inspect.signature(main).parameters.items():
        flag = f"--{name.strip('_').replace('_', '-')}"  # `from_` stands for --from, a word that Python keeps
        if parameter.default is parameter.empty:
            parser.add_argument(flag, dest=name, required=True)
        else:
            parser.add_argument(flag, dest=name, default=parameter.default)
    try:
        main(**vars(parser.parse_args()))
    except UserError as error:
        _leave(str(error))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _leave(f"the disk is full ({error.filename or 'while writing'}); free some room and run again.")


def _leave(message: str) -> None:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)
