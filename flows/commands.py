"""What each `headwater` command does, from the project's files to an exit code."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from flows import dag, display, server
from flows import meta as metas
from flows.doctor import examine
from flows.engine import Options, Outcome, Run
from flows.errors import Refused
from flows.guard import Guard
from flows.journal import Journal
from flows.launcher import environment
from flows.resources import Ledger
from flows.store import Change, Store


@dataclass(frozen=True)
class Choice:
    """Which stages the user asked for."""

    targets: tuple[str, ...] = ()
    single: bool = False
    downstream: bool = False

    def of(self, graph: dag.Graph) -> dict[str, dag.Stage]:
        return dag.select(graph, self.targets, single=self.single, downstream=self.downstream)

    def ends(self, graph: dag.Graph) -> list[str]:
        """The stages asked for; without targets, all chosen ones."""
        if not self.targets:
            return list(self.of(graph))
        return [name for target in self.targets for name in dag.resolve(graph, target)]


def run(console: Console, choice: Choice, options: Options) -> int:
    """`headwater run`: 0 when all chosen stages are up to date, 1 when one failed, 130 when it was stopped."""
    begun = time.monotonic()
    store = Store()
    try:
        graph = store.graph()
        typed = metas.check(graph)
        chosen = choice.of(graph)
        Ledger(store.root).check(chosen, typed)
        project_check(store.root)
        outcomes, stopped = _bring_up(
            console, store, chosen, typed, options, " ".join(choice.targets) or store.root.name
        )
        display.summary(console, outcomes, time.monotonic() - begun)
        ends = choice.ends(graph)
        display.show(console, [store.root / path for name in ends for path in typed[name].show])
    finally:
        store.close()
    if stopped:
        return 130
    return 0 if all(outcome.done for outcome in outcomes.values()) else 1


def _bring_up(
    console: Console,
    store: Store,
    chosen: dict[str, dag.Stage],
    typed: dict[str, metas.Meta],
    options: Options,
    title: str,
) -> tuple[dict[str, Outcome], bool]:
    """What became of each stage, and whether somebody stopped the run."""
    server.settings(store.root)
    api = server.running()
    if not api and not options.force and all(store.is_current(name) for name in chosen):
        # Nothing to do and nobody watching: Prefect's start would take longer than all of this.
        return {name: Outcome("cached") for name in chosen}, False
    guard = Guard()
    try:
        with server.address(api, guard) as temporary, display.Progress(console, len(chosen)) as progress:
            current = Run(chosen, store, typed, guard, options, progress.watcher())
            from flows import pipeline  # takes seconds: not for an idle run, and while the server starts

            if temporary:
                temporary.wait()
            pipeline.execute(current, title)
        return {name: current.outcomes[name] for name in chosen}, current.stop.is_set()
    finally:
        guard.close()


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
        _say(console, f"{name:<{width}}  {words[state]}{time_text}")
    runs = [name for name, state in states.items() if state == "run"]
    longest = dag.longest_paths({name: chosen[name] for name in runs}, took) if runs else {}
    if longest:
        total = sum(took.get(name, 1.0) for name in runs)
        _say(
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
    finally:
        store.close()
    if as_json:
        console.print_json(
            json.dumps({name: [asdict(c) for c in changes] for name, changes in found.items()}, default=str)
        )
        return 0
    for name, changes in found.items():
        _say(console, f"{name}: {'stale' if changes else 'up to date'}")
        for change in changes:
            _say(console, f"  {change.kind:<8} {change.name}: {change.what}")
            if change.old is not None or change.new is not None:
                _say(console, f"           old {_short(change.old)}")
                _say(console, f"           new {_short(change.new)}")
    return 0


def status(console: Console, *, as_json: bool = False) -> int:
    """`headwater status`: every stage, stale or not, the first reason, and what its last run took."""
    store = Store()
    try:
        found = {name: store.changes(name) for name in store.graph()}
        history = Journal(store.root).history()
    finally:
        store.close()
    last = {name: records[-1] for name, records in history.items()}
    if as_json:
        facts = {
            name: {
                "stale": bool(changes),
                "changes": [asdict(change) for change in changes],
                "last": {key: last[name].get(key) for key in _TOOK} if name in last else None,
            }
            for name, changes in found.items()
        }
        console.print_json(json.dumps(facts, default=str))
        return 0
    width = max(map(len, found), default=0)
    for name, changes in found.items():
        first = f"{changes[0].kind} {changes[0].name}: {changes[0].what}" if changes else ""
        more = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
        _say(
            console,
            f"{name:<{width}}  {'stale' if changes else 'up to date'}  {_took(last.get(name))}{first}{more}".rstrip(),
        )
    return 0


_TOOK = ("seconds", "cpu_seconds", "peak_bytes", "time")


def _took(record: Mapping[str, Any] | None) -> str:
    """What a stage's last command took, for a person."""
    if not record or "cpu_seconds" not in record:
        return ""
    memory = f", {record['peak_bytes'] / 2**20:.0f} MiB" if record["peak_bytes"] else ""
    return f"{display.duration(record['seconds'])} (CPU {display.duration(record['cpu_seconds'])}{memory})  "


def check(console: Console) -> int:
    """`headwater check`: the graph, every meta, and the project's own check."""
    store = Store()
    try:
        graph = store.graph()
        metas.check(graph)
        dag.order(graph)
        said = project_check(store.root)
    finally:
        store.close()
    _say(console, f"{len(graph)} stages: graph and meta ok")
    if said:
        _say(console, said)
    return 0


def doctor(console: Console, *, fix: bool = False) -> int:
    """`headwater doctor`: 0 when nothing was found, or all of it put right; 1 otherwise."""
    store = Store()
    left = 0
    try:
        graph = store.graph()
        found = examine(store, graph)
        for finding in found:
            _say(console, f"- {finding.text}")
            if finding.fix and fix:
                _say(console, f"  {finding.fix()}")
            else:
                left += 1
                if finding.fix:
                    _say(console, "  `headwater doctor --fix` puts it right")
    finally:
        store.close()
    if not found:
        _say(console, f"{len(graph)} stages, nothing found")
    return int(left > 0)


def project_check(root: Path) -> str:
    """Run the command that pyproject.toml names under [tool.headwater] check; what it said.

    Raises:
        Refused: With its output, if it ended with another code than 0.
    """
    path = root / "pyproject.toml"
    try:
        settings = tomllib.loads(path.read_text()).get("tool", {}).get("headwater", {}) if path.exists() else {}
    except tomllib.TOMLDecodeError as error:
        raise Refused(f"pyproject.toml cannot be read: {error}") from None
    command = settings.get("check")
    if not command:
        return ""
    done = subprocess.run(
        shlex.split(command), cwd=root, env=environment(os.environ), capture_output=True, text=True, check=False
    )
    said = (done.stdout + done.stderr).strip()
    if done.returncode:
        raise Refused(said or f"`{command}` ended with code {done.returncode} and said nothing")
    return said


def ui(console: Console, port: int) -> int:
    """`headwater ui`: a Prefect server on this project's own database, until Ctrl-C."""
    store = Store()
    server.settings(store.root)
    store.close()
    api = f"http://127.0.0.1:{port}/api"
    if server.is_up(api):
        raise Refused(f"a Prefect server already answers at {api}; open http://127.0.0.1:{port} in a browser")
    _say(console, f"Prefect's pages will be at http://127.0.0.1:{port}; Ctrl-C ends the server.")
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    os.environ.pop("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", None)
    os.environ["PREFECT_UI_API_URL"] = api  # or its pages would ask at Prefect's default port, whatever this one is
    os.execve(command[0], command, os.environ)


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _short(value: Any, most: int = 200) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False) if not isinstance(value, str) else value
    return text if len(text) <= most else text[:most] + "…"
