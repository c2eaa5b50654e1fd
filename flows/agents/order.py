"""What an agent is told and what it answers: plain data, nothing in it a secret."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from flows.environment import kind
from flows.errors import StageFailed


@dataclass(frozen=True)
class Order:
    """One stage of one commit.

    Attributes:
        repository: URL or path git can fetch from, without credentials.
        folder: The DVC project's root in it, "." for the repository's own.
        key: DVC's run-cache key of the stage: command, hashes of deps, values of params, names of outputs.
        deps: What the key is made of, so that an agent that finds another key can name the file.
        records: What dvc.lock has of the stages above, {its path: {stage: {"cmd", "outs"}}}.
        force: Run even if the agent's run-cache has the result.
    """

    repository: str
    commit: str
    folder: str
    stage: str
    key: str
    deps: Mapping[str, Any] = field(default_factory=dict)
    records: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    force: bool = False


@dataclass(frozen=True)
class Made:
    """A stage's result, as an agent left it in the remote.

    Attributes:
        value: Name of its run-cache entry: the hash of the entry's own text.
        seconds, cpu_seconds, peak_bytes: What its command took; 0 where the agent's run-cache had the result.
        environment: Where it was made, see `environment.facts`; {} where the agent's run-cache had the result.
    """

    value: str
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    environment: Mapping[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """For a Prefect state's message, which `read` understands."""
        return f"in the DVC remote, made on {kind(self.environment) or 'an agent'}\n{json.dumps(asdict(self))}"

    @staticmethod
    def read(message: str | None) -> Made:
        """
        Raises:
            StageFailed: The message does not name a result.

        >>> Made.read(Made("0" * 64, 1.5).text()).seconds
        1.5
        """
        try:
            facts = json.loads((message or "").splitlines()[-1])
            made = Made(**facts)
        except (ValueError, TypeError, IndexError):
            made = Made("")
        if not re.fullmatch("[0-9a-f]{64}", made.value):
            raise StageFailed("its agent ended well and named no result; is its Headwater older than this one?")
        return made
