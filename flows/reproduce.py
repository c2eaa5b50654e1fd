"""`headwater reproduce`: is what dvc.lock records what its stages make? Executed again, in a clean copy.

The project itself is only read: its outputs, its dvc.lock and its cache stay as they are. In the copy every command is
executed (no run-cache, nothing restored) on what the copies of the stages above it made; inputs that are not made
again come from the cache.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict

from rich.console import Console

from flows import copies, display
from flows.commands import Choice
from flows.engine import Options
from flows.reexecution import execute, fill, prepare
from flows.sameness import FINE, Finding
from flows.store import Store
from flows.store.records import uses_git


def reproduce(console: Console, choice: Choice, options: Options, *, keep: bool = False, as_json: bool = False) -> int:
    """0 when every stage came out exact or equal, 1 otherwise, 130 when it was stopped."""
    begun = time.monotonic()
    live = Console(stderr=True) if as_json else console
    store = Store()
    try:
        for folder in copies.leftovers(store.root):
            shutil.rmtree(folder, ignore_errors=True)
            _say(live, f"removed {folder}, which a `headwater reproduce` that was killed had left")
        plan = prepare(store, choice)
        outs = [out for stage in plan.whole.values() for out in stage.outs]
        with copies.clean(store.root, outs, in_git=uses_git(store), keep=keep) as copy:
            fill(plan, copy)
            found, stopped = execute(plan, copy, options, live)
            if keep:
                _say(live, f"the copy is kept: {copy}")
    finally:
        os.chdir(store.root)
        store.close()
    if as_json:
        console.print_json(json.dumps({name: asdict(one) for name, one in found.items()}, default=str))
    else:
        show(console, found, time.monotonic() - begun)
    return 130 if stopped else int(any(one.state not in FINE for one in found.values()))


def show(console: Console, found: Mapping[str, Finding], seconds: float) -> None:
    """Each stage's state, and for what is not exact, why."""
    width = max(map(len, found), default=0)
    for name, one in found.items():
        _say(console, f"{one.state:<8} {name:<{width}}  {_words(one)}".rstrip())
        if one.state not in FINE:
            for path, (old, new) in one.outs.items():
                _say(console, f"           {path}: {old or 'nothing'} -> {new or 'nothing'}")
    states = [one.state for one in found.values()]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    _say(console, f"{counts}; {display.duration(seconds)}")


def _words(one: Finding) -> str:
    keys = [
        f"{change.name}: {change.old} -> {change.new}" if change.old is not None and change.new is not None
        else f"{change.name}: {change.what}"
        for change in one.because
    ]  # fmt: skip
    way = f", by way of {', '.join(one.through)}" if one.through else ""
    if one.state == "exact":
        return f"though {'; '.join(keys)}" if keys else ""
    if one.state == "changed":
        return f"because of {'; '.join(keys)}{way}"
    if one.state in ("differs", "equal"):
        within = "; equal within interval" if one.state == "equal" else ""
        said = f": {one.said}" if one.said else ""
        return f"differs, though nothing it depends on changed{way}{within}{said}"
    return one.said


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
