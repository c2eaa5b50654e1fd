"""Where a recorded result was made, and whether that is what its stage asks for (`meta.environment`).

DVC's hashes alone decide what is up to date, through both doors. A result from another environment is told, and stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flows import environment
from flows.journal import Journal
from flows.meta import Meta
from flows.store import Store
from flows.store.records import record


@dataclass(frozen=True)
class Origin:
    """Where one stage's recorded result was made.

    Attributes:
        known: Whether the journal knows; not so for what came from a run-cache, a remote, or `dvc repro`.
        pool: The work pool of the agent that made it; None if it was made here.
        made: Its environment, see `environment.facts`; {} where that was not noted.
        differs: What is otherwise than here and now, a line each.
        unlike: Those of them that the stage's `meta.environment` names, against where it would be made now: here, or
            where the newest result of its pool was made.
    """

    known: bool = False
    pool: str | None = None
    made: Mapping[str, Any] = field(default_factory=dict)
    differs: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()

    def lines(self, name: str, meta: Meta) -> list[str]:
        """For a person; nothing where there is nothing to say."""
        if not self.known:
            return ["where it was made is not known here"] if meta.environment else []
        who = f"made by an agent of pool '{self.pool}'" if self.pool else "made here"
        if not self.made:
            return [who]
        if not self.differs:
            return [f"{who} on {environment.kind(self.made)}: the same kind as this one"] if self.pool else []
        where = (
            f" on {environment.kind(self.made)}: another kind than this one" if self.pool else " in another environment"
        )
        found = [f"{who}{where}", *(f"  {line}" for line in self.differs)]
        if self.unlike:
            again = f"headwater run --single --force {name}"
            found.append(f"its meta.environment names {', '.join(_keys(self.unlike))}; `{again}` makes it anew")
        return found


def origins(store: Store, metas: Mapping[str, Meta]) -> dict[str, Origin]:
    """{stage: where the result that dvc.lock records was made}, for the stages of ``metas``."""
    makers = Journal(store.root).makers()
    newest: dict[str, tuple[float, Mapping[str, Any]]] = {}  # by pool
    for one in (one for found in makers.values() for one in found):
        pool, made = one.get("pool"), one.get("environment")
        if pool and made and one["time"] > newest.get(pool, (0.0, {}))[0]:
            newest[pool] = (one["time"], made)
    found = {}
    for name, meta in metas.items():
        recorded = record(store, name)
        hashes = sorted(map(str, recorded.outs.values())) if recorded else []
        # By content: a result that came back from the run-cache is that of the attempt that made it.
        mine = [one for one in makers.get(name, ()) if sorted(map(str, one["hashed"].values())) == hashes]
        found[name] = _origin(store, meta, mine[-1], newest) if mine else Origin()
    return found


def _origin(store: Store, meta: Meta, made: Mapping[str, Any], newest: Mapping[str, Any]) -> Origin:
    then = made.get("environment") or {}
    here = environment.facts(store.root, store.environment, meta.environment)
    if not then:
        return Origin(True, made.get("pool"))
    there = here if not meta.pool else newest.get(meta.pool, (0.0, then))[1]
    differs, unlike = environment.differences(then, here), environment.differences(then, there, meta.environment)
    return Origin(True, made.get("pool"), then, tuple(differs), tuple(unlike))


def _keys(lines: tuple[str, ...]) -> list[str]:
    return [line.split()[0] for line in lines]
