"""The edge of every stage: flags from the function's own signature, user errors in one line."""

import argparse
import errno
import inspect
import sys
from collections.abc import Callable
from typing import Any

from tasks.common.errors import UserError


def run(main: Callable[..., Any], command: str | None = None) -> None:
    """Call ``main`` with flags named after its parameters; exit 2 with one message on a `UserError`.

    Args:
        command: What a person types for it; without, it is ``python -m`` and the module.
    """
    keep = argparse.RawDescriptionHelpFormatter  # lines of a docstring as they are
    parser = argparse.ArgumentParser(command or _module(), description=inspect.getdoc(main), formatter_class=keep)
    for name, parameter in inspect.signature(main).parameters.items():
        word = name.strip("_")  # `from_` stands for --from, a word that Python keeps
        required = parameter.default is parameter.empty
        default = None if required else parameter.default
        flag = f"--{word.replace('_', '-')}"
        parser.add_argument(flag, dest=name, metavar=word.upper(), required=required, default=default)
    try:
        main(**vars(parser.parse_args()))
    except UserError as error:
        _leave(str(error))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _leave(f"the disk is full ({error.filename or 'while writing'}); free some room and run again.")


def _module() -> str | None:
    """``python -m tasks.init`` of what runs; None, for argparse to find a name, where no module was named."""
    spec = sys.modules["__main__"].__spec__
    return f"python -m {spec.name.removesuffix('.__main__')}" if spec else None


def _leave(message: str) -> None:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)
