"""The project's own commands, declared in pyproject.toml under [tool.headwater]: judging results and knowing data
are its business.

    compare   COMMAND OLD NEW --from NAME --to NAME [--json]   prints what changed in the verdicts; code 0
    gate      COMMAND FOLDER --min WORD:NAME ...               code 0: all at least so good; 3: not
    same      COMMAND OLD NEW                                  code 0: equal within what the old one calls its interval;
                                                               3: not; 4: nothing here that it can judge
    card      COMMAND FOLDER PATH...                           prints markdown: what the results say of the model at
                                                               PATH, what it is for, its limits; 0, or 4 as above

    init      COMMAND [ARGUMENT]...                            puts a person's data into the parameters; code 0
    predict   COMMAND MODEL DATA [--out FILE]                  applies a model to samples, and prints; code 0
    backbones COMMAND [NAME]... [--no-measure] [--json]        prints what networks that others trained are like; code 0

OLD, NEW and FOLDER hold results at their paths in the project. Every code but these is a mistake, told by the output;
1 and 2 are, because Python and others end with them when a command breaks down.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.errors import Refused
from flows.launcher import environment

YES, NO, UNJUDGED = 0, 3, 4
WITHOUT = {"init": "take in data", "predict": "apply a model", "backbones": "compare networks that others trained"}
"""What a project without such a command does not tell; the others judge its results."""


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return "\n".join(part for part in (self.out.rstrip(), self.err.rstrip()) if part)


def settings(root: Path) -> dict[str, Any]:
    """What pyproject.toml has under [tool.headwater]; {} without.

    Raises:
        Refused: If the file is broken.
    """
    path = root / "pyproject.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except tomllib.TOMLDecodeError as error:
        raise Refused(f"pyproject.toml cannot be read: {error}") from None
    found: dict[str, Any] = content.get("tool", {}).get("headwater", {})
    return found


def declared(root: Path, name: str) -> str | None:
    """The command that pyproject.toml declares under this name, if any.

    Raises:
        Refused: If the file is broken, or declares something that is no text.
    """
    command = settings(root).get(name)
    if command is not None and not isinstance(command, str):
        raise Refused(f"pyproject.toml: tool.headwater.{name} is {command!r}; expected a command as one text")
    return command


def call(root: Path, name: str, arguments: Sequence[str], codes: Sequence[int] = (YES,)) -> Said:
    """Run the project's command in its root, with the Python that runs `headwater`.

    Args:
        codes: The exit codes that mean something; any other is a mistake.

    Raises:
        Refused: If there is no such command, it cannot start, or it ended with another code: with its output.
    """
    done = _run(root, name, arguments, capture=True)
    said = Said(done.returncode, done.stdout, done.stderr)
    if said.code not in codes:
        raise Refused(
            said.text.removeprefix("error: ")
            or f"`{declared(root, name)}` ended with code {said.code} and said nothing"
        )
    return said


def show(root: Path, name: str, arguments: Sequence[str]) -> int:
    """Run the project's command as `call` does, what it prints going straight to the screen; its exit code.

    Raises:
        Refused: If there is no such command, or it cannot start.
    """
    return _run(root, name, arguments, capture=False).returncode


def _run(root: Path, name: str, arguments: Sequence[str], *, capture: bool) -> subprocess.CompletedProcess[str]:
    command = declared(root, name)
    if not command:
        raise Refused(
            f"this project does not say how to {WITHOUT.get(name, 'judge its results')}: "
            f"pyproject.toml has no `{name}` under [tool.headwater]. Name a command there, such as "
            f'{name} = "python -m judging.{name}"'
        )
    env = environment(os.environ)
    try:
        return subprocess.run(
            [*shlex.split(command), *arguments], cwd=root, env=env, capture_output=capture, text=True, check=False
        )
    except (OSError, ValueError) as error:
        raise Refused(f"pyproject.toml: tool.headwater.{name}, `{command}`, cannot start: {error}") from None
