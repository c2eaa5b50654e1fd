"""How a stage differs from its record in dvc.lock, and from what an earlier attempt at it read.

Functions of DVC's own stage objects. The caller holds the repo lock.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dvc.stage.cache import _can_hash
from dvc.stage.run import _enforce_cmd_list
from dvc.stage.serialize import to_single_stage_lockfile

from flows.attempt import Attempt, newest


@dataclass(frozen=True)
class Change:
    """One reason why a stage is not up to date.

    Attributes:
        kind: What changed: its command, a dep, a param, an output; "new" if it never ran, "always" if it asks to run
            every time.
        name: The file, or the name of the param.
        what: DVC's word: modified, deleted, new, not in cache.
        old, new: Hash, value or command as recorded and as found, where known.
    """

    kind: Literal["command", "dep", "param", "output", "new", "always"]
    name: str
    what: str
    old: Any = None
    new: Any = None


def changed(stage: Any) -> bool:
    """`Stage.changed` without its rwlock: the caller holds the repo lock."""
    if stage.changed_stage():
        return True
    if not stage.frozen and (stage.is_callback or stage.always_changed or any(dep.status() for dep in stage.deps)):
        return True
    return any(out.status() for out in stage.outs)


def changes(stage: Any, record: Mapping[str, Any] | None) -> list[Change]:
    """Every reason why the stage is not up to date.

    Args:
        record: What dvc.lock has of it; None for what has no place there (a .dvc file).
    """
    if record == {}:
        return [Change("new", stage.addressing, "never ran, or its record is not in dvc.lock")]
    found: list[Change] = []
    if stage.changed_stage():
        found.append(Change("command", stage.addressing, "modified", (record or {}).get("cmd"), stage.cmd))
    if not stage.frozen:
        if stage.is_callback or stage.always_changed:
            found.append(Change("always", stage.addressing, "runs every time"))
        for dep in stage.deps:
            found += _entry_changes("dep", dep)
    for out in stage.outs:
        found += _entry_changes("output", out)
    return found


def _entry_changes(kind: Literal["dep", "output"], entry: Any) -> Iterator[Change]:
    for name, what in entry.status().items():
        if isinstance(what, Mapping):  # a parameter file: {param: word}
            old = entry.hash_info.value or {}
            new = entry.read_params()
            for param, word in what.items():
                yield from narrowed(Change("param", f"{name}: {param}", word, old.get(param), new.get(param)))
            continue
        old = entry.hash_info.value if entry.hash_info else None
        new = entry.get_hash().value if entry.exists and what != "not in cache" else None
        yield Change(kind, name, what, old, new)


def narrowed(change: Change) -> list[Change]:
    """The entries that differ, however deep, of a param that is a mapping before and after; else the change itself."""
    old, new = change.old, change.new
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return [change]
    found = []
    for key in sorted({*old, *new}, key=str):
        if key not in old or key not in new or old[key] != new[key]:
            what = "new" if key not in old else "deleted" if key not in new else "modified"
            found += narrowed(Change(change.kind, f"{change.name}.{key}", what, old.get(key), new.get(key)))
    return found or [change]


def moved(dep: Any, info: Any, obj: Any) -> list[str]:
    """Names of what changed in one dep since ``info`` and ``obj`` were taken."""
    if dep.hash_info == info:
        return []
    if isinstance(info.value, dict):
        new = dep.hash_info.value
        return [f"{dep}: {key}" for key in sorted({*info.value, *new}) if info.value.get(key) != new.get(key)]
    try:
        old_files = {key: hashed for key, _, hashed in obj}
        new_files = {key: hashed for key, _, hashed in dep.obj}
    except TypeError:  # a single file
        return [str(dep)]
    other = [key for key in {*old_files, *new_files} if old_files.get(key) != new_files.get(key)]
    # Bytecode appears when the command itself imports; no source changed.
    sources = [key for key in other if "__pycache__" not in key and not key[-1].endswith(".pyc")]
    return sorted("/".join((str(dep), *key)) for key in sources)


def lookup(stage: Any) -> Any:
    """`StageCache.restore` up to its checkout: a stage whose outputs are in the cache, or None."""
    if not _can_hash(stage):
        return None
    cache = stage.repo.stage_cache
    recorded = not stage.changed_stage() and stage.deps_cached() and all(out.hash_info for out in stage.outs)
    if recorded:
        entry = to_single_stage_lockfile(stage)
    else:
        stage.save_deps()
        entry = cache._load(stage)
    if not entry:
        return None
    found = cache._create_stage(entry, wdir=stage.wdir)
    return found if found.outs_cached() else None


def expects(stage: Any, attempt: Attempt) -> bool:
    """Whether the attempt ran this command on these deps, for these outputs; hashes deps into ``stage``."""
    if list(attempt.command) != _enforce_cmd_list(stage.cmd):
        return False
    if set(attempt.outs) != {out.def_path for out in stage.outs}:
        return False
    stage.save_deps()
    return _same(attempt.deps, values(stage.deps))


def is_intact(stage: Any, lost: Attempt) -> bool:
    """Whether the lost attempt's command, deps and outputs are still what they were; hashes deps into ``stage``."""
    if not expects(stage, lost) or not all(out.exists for out in stage.outs):
        return False
    if all(newest(out.fs_path) <= lost.until for out in stage.outs):
        return True
    if not lost.hashed:
        return False
    stage.save_outs()  # linked to the cache since, maybe: then the hash is what counts
    return _same(lost.hashed, values(stage.outs))


def values(entries: list[Any]) -> dict[str, Any]:
    """{file: hash} as hashed last; {param: value} for a parameter file."""
    return {entry.def_path: entry.hash_info.value for entry in entries}


def _same(recorded: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Equal once both went through JSON, as the journal's did."""
    return bool(json.loads(json.dumps(recorded, default=str)) == json.loads(json.dumps(found, default=str)))
