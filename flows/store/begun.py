"""What came of the first half of a stage's way: nothing to do, done already, or a command to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Begun:
    """What `Store.begin` came to.

    ``state`` is "cached" (up to date), "restored" (from the run-cache), "recovered" (its command ended well before,
    only the record was missing), "recorded" (data without a command, now in the lock) or "run": then run ``commands``
    in ``cwd`` with ``env`` and call `Store.finish` or `Store.abandon`.
    ``deps`` are the hashes of what the command is going to read, ``outs`` what it is going to make.
    """

    state: Literal["cached", "restored", "recovered", "recorded", "run"]
    commands: tuple[tuple[str, ...], ...] = ()
    cwd: str = ""
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    deps: Mapping[str, Any] = field(default_factory=dict)
    outs: tuple[str, ...] = ()
