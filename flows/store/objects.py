"""Copy what dvc.lock records of an output to another place, from the cache or a remote; neither is ever changed."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dvc.exceptions import DvcException

from flows.errors import Refused


def overlap(one: str, other: str) -> bool:
    """Whether two paths are the same, or one lies in the other.

    >>> overlap("data/a", "data"), overlap("data", "data2")
    (True, False)
    """
    return one == other or one.startswith(other.rstrip("/") + "/") or other.startswith(one.rstrip("/") + "/")


def take(out: Any, target: Path, advice: str) -> None:
    """Copy an output, as its record has it, to ``target``; files that are there already give way.

    Args:
        out: DVC's own, with the hash that dvc.lock records.
        advice: What to do when an object is missing; ends the message.

    Raises:
        Refused: If an object is neither in the cache nor in a remote.
    """
    oid = out.hash_info.value
    if not oid.endswith(".dir"):
        _object(out, oid, target, advice)
        if out.meta and out.meta.isexec:
            target.chmod(target.stat().st_mode | 0o111)
        return
    with tempfile.TemporaryDirectory() as room:
        listing = Path(room) / "listing"
        _object(out, oid, listing, advice)
        entries = json.loads(listing.read_text(encoding="utf-8"))
    target.mkdir(parents=True, exist_ok=True)
    for entry in entries:  # {"md5": ..., "relpath": ...}
        _object(out, entry["md5"], target / entry["relpath"], advice)


def _object(out: Any, oid: str, target: Path, advice: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        for store in _places(out):
            source = store.oid_to_path(oid)
            if store.fs.exists(source):
                target.unlink(missing_ok=True)
                store.fs.get_file(source, os.fspath(target))
                target.chmod(0o644)  # in the cache it is read-only
                return
    except (DvcException, OSError) as error:
        raise Refused(f"{out}: its object {oid} cannot be copied: {error}") from None
    where = (
        "neither in the cache nor in the remote" if _remote(out) else "not in the cache, and no remote is configured"
    )
    raise Refused(f"{out}: its object {oid} is {where}. {advice}")


def _places(out: Any) -> Iterator[Any]:
    """Where to look, nearest first; a remote is asked only for what the cache has not."""
    yield out.cache
    if _remote(out):
        yield out.repo.cloud.get_remote_odb(name=out.remote, hash_name=out.hash_name)


def _remote(out: Any) -> str | None:
    found: str | None = out.remote or out.repo.config["core"].get("remote")
    return found
