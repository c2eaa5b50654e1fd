"""Credentials of DVC's remote from Prefect's Secret blocks: pyproject.toml names a block for each variable.

    [tool.headwater.secrets]
    AWS_SECRET_ACCESS_KEY = "dvc-key"

They go into the environment of this process, where DVC's remotes look for them, and not into that of stages' commands.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from flows import hooks, veil
from flows.errors import Refused


def declared(root: Path) -> Mapping[str, str]:
    """{variable: name of the block that has its value}.

    Raises:
        Refused: The file is broken, or the table is not of that form.
    """
    found = hooks.settings(root).get("secrets", {})
    if not isinstance(found, dict):
        raise Refused('pyproject.toml: tool.headwater.secrets is no table; expected VARIABLE = "name-of-a-block"')
    for name, block in found.items():
        if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name) or not isinstance(block, str) or not block:
            # The value is not shown: somebody may have put the secret itself there.
            raise Refused(
                f'pyproject.toml: tool.headwater.secrets.{name} is not of the form VARIABLE = "name-of-a-block". The '
                "secret itself belongs into that block, not into a file"
            )
    return found


def take(root: Path) -> None:
    """Set the variables that are declared and not set yet. What they hold is hidden from here on (`veil.py`).

    Raises:
        Refused: Prefect has no such block, or does not answer.
    """
    wanted = {name: block for name, block in declared(root).items() if not os.environ.get(name)}
    if not wanted:
        return
    from prefect.blocks.system import Secret

    for name, block in wanted.items():
        try:
            held = Secret.load(block)
            assert isinstance(held, Secret)  # a coroutine only where an event loop runs
            value = held.get()
        except Exception as error:  # of Prefect, of the network; its text may quote what it read
            raise Refused(
                f"pyproject.toml: tool.headwater.secrets.{name} names Prefect's Secret block '{block}', which cannot "
                f"be read ({type(error).__name__}). Make it on Prefect's page Blocks, or set {name} in the environment"
            ) from None
        if not isinstance(value, str):
            raise Refused(f"Prefect's Secret block '{block}' holds no text; expected the value of {name}")
        veil.keep(value)
        os.environ[name] = value
