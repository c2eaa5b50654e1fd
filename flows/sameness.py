"""Is what a stage made again what dvc.lock records, and if not, because of what? Pure functions over records.

A difference has causes where a command, a param or a file is not what dvc.lock records; they are inherited by all that
was made from what came out different. A difference without any cause comes from the stage itself, or from one it reads:
random numbers without a seed, a clock, a GPU. Whether that is within noise, the project's own `same` command may say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from flows import dag
from flows.store import Change
from flows.store.differences import narrowed
from flows.store.objects import overlap
from flows.store.records import Record

State = Literal["exact", "equal", "changed", "differs", "new", "failed", "skipped", "stopped", "not started"]
FINE: tuple[State, ...] = ("exact", "equal")


@dataclass(frozen=True)
class Finding:
    """What became of one stage that was executed again.

    Attributes:
        because: What is not as dvc.lock records it: the stage's own, and what the stages it reads inherited.
        through: Stages it reads whose outputs came out different.
        outs: {output: (recorded hash, hash now)} of those that differ.
        said: What the project's own command says, or why the stage failed.
    """

    state: State
    because: tuple[Change, ...] = ()
    through: tuple[str, ...] = ()
    outs: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)
    said: str = ""
    seconds: float = 0.0


def assess(graph: dag.Graph, old: Mapping[str, Record | None], new: Mapping[str, Record | None]) -> dict[str, Finding]:
    """What hashes alone tell: "exact", "changed", "differs", or "new" where dvc.lock has no record.

    Args:
        graph: The stages that were executed, with their parents.
        old, new: Their records in dvc.lock before, and in the copy; stages without a new record are passed over.
    """
    found: dict[str, Finding] = {}
    for name in dag.order(graph):
        before, after = old.get(name), new.get(name)
        if after is None:
            continue
        if before is None:
            found[name] = Finding("new", said="dvc.lock has no record of it, so there is nothing to compare with")
            continue
        moved = _moved(before.outs, after.outs)
        parents = [p for p in sorted(graph[name].parents) if p in found and _reads(after, found[p].outs)]
        own = changes(name, before, after)
        explained = {
            c for c in own if c.kind == "dep" and any(overlap(c.name, o) for p in parents for o in found[p].outs)
        }
        inherited = [change for parent in parents for change in found[parent].because]
        because = tuple(dict.fromkeys([*(c for c in own if c not in explained), *inherited]))
        state: State = "exact" if not moved else "changed" if because else "differs"
        found[name] = Finding(state, because, tuple(parents), moved)
    return found


def changes(name: str, old: Record, new: Record) -> list[Change]:
    """How what a stage was made from differs between two records: command, params, deps."""
    found = []
    if old.command != new.command:
        found.append(Change("command", name, "modified", _text(old.command), _text(new.command)))
    found += _params(old.params, new.params)
    for path in sorted({*old.deps, *new.deps}):
        if old.deps.get(path) != new.deps.get(path):
            what = _word(path, old.deps, new.deps)
            found.append(Change("dep", path, what, old.deps.get(path), new.deps.get(path)))
    return found


def _params(old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[Change]:
    """What differs, by its own key: of a mapping, the entries that do, however deep."""
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            for one in narrowed(Change("param", key, _word(key, old, new), old.get(key), new.get(key))):
                yield replace(one, old=_text(one.old), new=_text(one.new))


def judged(found: Mapping[str, Finding], said: Mapping[str, tuple[bool | None, str]]) -> dict[str, Finding]:
    """The findings, with what the project's own command says of those that differ without a cause.

    A stage it cannot judge (model weights, say) is equal where all that was judged downstream of it is equal; or, where
    nothing was, when all the differences it was made from are equal.

    Args:
        found: In topological order.
        said: {stage: (whether it is equal within its interval, None if nobody can say; the words)}.
    """
    result = dict(found)
    for name, (equal, words) in said.items():
        result[name] = replace(result[name], state="equal" if equal else "differs", said=words)
    known = {name for name, (equal, _) in said.items() if equal is not None}
    below: dict[str, set[str]] = {name: set() for name in found}  # the nearest judged ones
    for name in reversed(list(found)):
        for parent in found[name].through:
            below[parent] |= {name} if name in known else below[name]
    for name, one in found.items():
        if one.state != "differs" or name in known:
            continue
        judges = below[name] or set(one.through)
        if judges and all(result[other].state == "equal" for other in judges):
            result[name] = replace(result[name], state="equal", said=f"see {', '.join(sorted(judges))}")
    return result


def _reads(stage: Record, outs: Iterable[str]) -> bool:
    return any(overlap(dep, out) for dep in stage.deps for out in outs)


def _moved(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, tuple[str | None, str | None]]:
    paths = sorted({*old, *new})
    return {path: (old.get(path), new.get(path)) for path in paths if old.get(path) != new.get(path)}


def _word(key: str, old: Mapping[str, object], new: Mapping[str, object]) -> str:
    return "new" if key not in old else "deleted" if key not in new else "modified"


def _text(value: object) -> object:
    """Something hashable: what a list or a mapping reads like."""
    return value if isinstance(value, str | int | float | None) else str(value)
