"""The last attempt at a stage, as the journal's lines tell it, and whether its outputs were touched since."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Attempt:
    """The last attempt at a stage, as far as it got.

    Attributes:
        until: When its outputs were last worked on, as `newest` tells it.
        agent: Who makes it, where it was sent to an agent: {"pool", "flow_run", "flow_run_id", "attempt"}.
    """

    run: str
    command: tuple[str, ...] = ()
    deps: Mapping[str, Any] = field(default_factory=dict)
    outs: tuple[str, ...] = ()
    group: int | None = None
    group_started: float = 0.0
    code: int | None = None
    until: int = 0
    hashed: Mapping[str, str] = field(default_factory=dict)
    committed: bool = False
    agent: Mapping[str, Any] = field(default_factory=dict)

    @property
    def lost(self) -> bool:
        """Whether the command ended well and its result was never recorded."""
        return self.code == 0 and not self.committed


def fold(records: Iterable[Mapping[str, Any]]) -> dict[str, Attempt]:
    """The last attempt of each stage from the journal's lines.

    >>> lines = [{"event": "prepared", "run": "r", "stage": "s", "command": ["x"], "deps": {"d": "1"}},
    ...          {"event": "exited", "run": "r", "stage": "s", "code": 0, "seconds": 1.0}]
    >>> fold(lines)["s"].lost, fold([*lines, {"event": "committed", "run": "r", "stage": "s"}])["s"].lost
    (True, False)
    """
    found: dict[str, dict[str, Any]] = {}
    for r in records:
        stage, event = r.get("stage"), r["event"]
        if stage is None:
            continue
        if event == "prepared":
            found[stage] = {"run": r["run"], "command": tuple(r.get("command", ())), "deps": r.get("deps", {})}
            found[stage]["outs"] = tuple(r.get("outs", ()))
        elif stage in found and found[stage]["run"] == r["run"]:
            if event == "started":
                found[stage] |= {"group": r["group"], "group_started": r["since"]}
            elif event == "exited":
                found[stage] |= {"code": r["code"], "until": r.get("until", 0)}
            elif event == "sent":
                found[stage] |= {"agent": {key: r.get(key) for key in ("pool", "flow_run", "flow_run_id", "attempt")}}
            elif event == "hashed":
                found[stage] |= {"hashed": r["outs"]}
            elif event in ("committed", "dropped"):
                found[stage] |= {"committed": True}
        elif event == "committed":  # by a later run, for an attempt of a dead one, or from the run-cache
            found.pop(stage, None)
    return {stage: Attempt(**facts) for stage, facts in found.items()}


def newest(path: str) -> int:
    """When a file, or anything in a folder, was last worked on: the latest change time, in nanoseconds.

    Unlike the time of modification it cannot be set, so nothing put there later looks older. 0 if it is not there.
    """
    if not os.path.lexists(path):
        return 0
    found = [path]
    for folder, folders, files in os.walk(path):
        found += [os.path.join(folder, name) for name in (*folders, *files)]
    return max(_changed(name) for name in found)


def _changed(path: str) -> int:
    """Of a link, the later of its own time and that of the file it leads to, if any."""
    own = os.lstat(path).st_ctime_ns
    with contextlib.suppress(OSError):
        return max(own, os.stat(path).st_ctime_ns)
    return own
