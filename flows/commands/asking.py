"""`headwater plan`, `why` and `status`: what a run would do, why, and what it took. Nothing here runs a stage."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from flows import dag, display
from flows import environment as environments
from flows import meta as metas
from flows.commands.choice import Choice
from flows.display import say
from flows.errors import Refused
from flows.journal import Journal
from flows.provenance import origins
from flows.store import Change, Store


def plan(console: Console, choice: Choice, *, force: bool = False, as_json: bool = False) -> int:
    """`headwater plan`: what a run would do with each stage, as far as can be said before it, and how long it takes."""
    store = Store()
    try:
        graph = store.graph()
        metas.check(graph)
        chosen = choice.of(graph)
        states = forecast(store, chosen, force)
        took = Journal(store.root).seconds()
    finally:
        store.close()
    expected = {name: took.get(name) if state in ("run", "depends") else 0.0 for name, state in states.items()}
    if as_json:
        facts = {name: {"state": state, "expected_seconds": expected[name]} for name, state in states.items()}
        console.print_json(json.dumps(facts))
        return 0
    words = {
        "run": "run",
        "restore": "restore  from the run-cache",
        "cached": "cached",
        "depends": "depends  cached, unless a stage above it comes out different",
    }
    width = max(map(len, states), default=0)
    for name, state in states.items():
        known = expected[name]
        time_text = f"  about {display.duration(known)}" if known else "  never timed" if known is None else ""
        say(console, f"{name:<{width}}  {words[state]}{time_text}")
    runs = [name for name, state in states.items() if state == "run"]
    longest = dag.longest_paths({name: chosen[name] for name in runs}, took) if runs else {}
    if longest:
        total = sum(took.get(name, 1.0) for name in runs)
        say(
            console,
            f"{len(runs)} to run: about {display.duration(total)} one after another, at least "
            f"{display.duration(max(longest.values()))} with jobs enough (1 s for each never timed)",
        )
    return 0


def forecast(store: Store, chosen: dict[str, dag.Stage], force: bool) -> dict[str, str]:
    """{stage: "run", "restore", "cached" or "depends"}.

    "depends" is up to date now, below a stage that is going to run: whether it wakes is known when that one is done.
    """
    states: dict[str, str] = {}
    for name, stage in chosen.items():
        stale = any(states.get(parent) in ("run", "restore", "depends") for parent in stage.parents)
        if force:
            states[name] = "run"
        elif store.is_current(name):
            states[name] = "depends" if stale else "cached"
        elif stale:
            states[name] = "run"
        else:
            states[name] = "restore" if store.restorable(name) else "run"
    return states


def why(console: Console, target: str, *, as_json: bool = False) -> int:
    """`headwater why STAGE`: each change, old and new; nothing found means up to date."""
    store = Store()
    try:
        graph = store.graph()
        found: dict[str, list[Change]] = {name: store.changes(name) for name in dag.resolve(graph, target)}
        typed = metas.check({name: graph[name] for name in found})
        away, made = Journal(store.root).away(), origins(store, typed)
    finally:
        store.close()
    if as_json:
        console.print_json(
            json.dumps({name: [asdict(c) for c in changes] for name, changes in found.items()}, default=str)
        )
        return 0
    for name, changes in found.items():
        say(console, f"{name}: {'stale' if changes else 'up to date'}")
        if name in away:
            say(console, f"  {_agent(away[name])}")
        else:
            for line in made[name].lines(name, typed[name]):
                say(console, f"  {line}")
        for change in changes:
            say(console, f"  {change.kind:<8} {change.name}: {change.what}")
            if change.old is not None or change.new is not None:
                say(console, f"           old {_short(change.old)}")
                say(console, f"           new {_short(change.new)}")
    return 0


def status(console: Console, *, as_json: bool = False) -> int:
    """`headwater status`: every stage, stale or not, the first reason, and what its last run took."""
    store = Store()
    try:
        graph = store.graph()
        found = {name: store.changes(name) for name in graph}
        made = origins(store, metas.check(graph))
        journal = Journal(store.root)
        history, away = journal.history(), journal.away()
    finally:
        store.close()
    last = {name: records[-1] for name, records in history.items()}
    if as_json:
        facts = {
            name: {
                "stale": bool(changes),
                "changes": [asdict(change) for change in changes],
                "last": {key: last[name].get(key) for key in _TOOK} if name in last else None,
                "agent": away.get(name),
                "environment": made[name].made or None,
                "unlike": made[name].unlike,
            }
            for name, changes in found.items()
        }
        console.print_json(json.dumps(facts, default=str))
        return 0
    width = max(map(len, found), default=0)
    for name, changes in found.items():
        if name in away:
            say(console, f"{name:<{width}}  {_agent(away[name])}")
            continue
        other = "".join(f"from another environment: {line}" for line in made[name].unlike[:1] if not changes)
        first = f"{changes[0].kind} {changes[0].name}: {changes[0].what}" if changes else ""
        more = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
        state = "stale" if changes else "up to date"
        say(console, f"{name:<{width}}  {state}  {_took(last.get(name))}{first}{more}{other}".rstrip())
    return 0


def environment(names: Sequence[str]) -> int:
    """`headwater environment`: facts about this machine as JSON, for a person, or for a file that stages depend on."""
    try:
        asked = [environments.known(name) for name in names] or environments.FACTS
    except ValueError as error:
        raise Refused(f"expected {error}") from None
    found = environments.facts(Path.cwd(), os.environ, asked)
    print(json.dumps(environments.chosen(found, asked), indent=2))
    return 0


_TOOK = ("seconds", "cpu_seconds", "peak_bytes", "time")


def _took(record: Mapping[str, Any] | None) -> str:
    """What a stage's last command took, for a person."""
    if not record or "cpu_seconds" not in record:
        return ""
    memory = f", {record['peak_bytes'] / 2**20:.0f} MiB" if record["peak_bytes"] else ""
    return f"{display.duration(record['seconds'])} (CPU {display.duration(record['cpu_seconds'])}{memory})  "


def _agent(who: Mapping[str, Any]) -> str:
    return f"on an agent of pool '{who['pool']}' now: flow run {who['flow_run']}, attempt {who['attempt']}"


def _short(value: Any, most: int = 200) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False) if not isinstance(value, str) else value
    return text if len(text) <= most else text[:most] + "…"
