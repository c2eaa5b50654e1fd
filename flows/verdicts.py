"""`headwater compare` and `gate`: did the verdicts change, and are they good enough?

Here the results are found, in git, DVC's cache and the workspace; what they mean, the project's own commands say
(`hooks.py`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from flows import hooks
from flows.errors import Refused
from flows.reports import find
from flows.store import Store
from flows.store.revisions import gather


def compare(console: Console, old: str, new: str | None, *, as_json: bool = False) -> int:
    """`headwater compare`: what changed in the verdicts from one revision to another, or to the workspace."""
    store = Store()
    try:
        with tempfile.TemporaryDirectory(prefix="headwater-compare-") as room:
            folders = [Path(room) / "old", Path(room) / "new"]
            lines = []
            for revision, folder in zip((old, new), folders, strict=True):
                folder.mkdir()
                lacks = gather(store, revision, folder)
                if lacking := [name for name, paths in lacks.items() if paths]:
                    lines.append(f"not in {revision or 'the workspace'}, or not all of it: {', '.join(lacking)}")
            if new is None:
                lines += [text for one in find(store) if not one.missing(store.root) and (text := one.age())]
            arguments = [
                *map(str, folders),
                "--from",
                old,
                "--to",
                new or "workspace",
                *(["--json"] if as_json else []),
            ]
            said = hooks.call(store.root, "compare", arguments)
    finally:
        store.close()
    notes = Console(stderr=True) if as_json else console
    for line in lines:
        say(notes, f"note: {line}")
    say(console, said.text)
    return 0


def gate(console: Console, least: Sequence[str], targets: Sequence[str]) -> int:
    """`headwater gate`: 0 when all verdicts are at least as good as asked, 1 when one is not."""
    if not least:
        raise Refused("nothing is asked: name the least that is good enough, such as --min better:NAME")
    store = Store()
    try:
        reports = find(store, targets)
        unfit = [one.age() for one in reports if one.stale]
        if unfit:
            raise Refused("a gate judges what is up to date:\n" + "\n".join(unfit))
        with tempfile.TemporaryDirectory(prefix="headwater-gate-") as room:
            lacks = gather(store, None, Path(room), {one.name for one in reports})
            if gone := [path for paths in lacks.values() for path in paths]:
                raise Refused(
                    f"not in the workspace: {', '.join(gone)}. `dvc checkout` or `headwater run` puts it there"
                )
            asked = [word for one in least for word in ("--min", one)]
            said = hooks.call(store.root, "gate", [room, *asked], (hooks.YES, hooks.NO))
    finally:
        store.close()
    say(console, said.text)
    return int(said.code == hooks.NO)


def say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
