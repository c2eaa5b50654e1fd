"""`headwater run`: from the project's files to an exit code."""

from __future__ import annotations

import time

from rich.console import Console

from flows import dag, display, server
from flows import meta as metas
from flows.commands.choice import Choice
from flows.commands.upkeep import project_check
from flows.engine import Options, Run
from flows.guard import Guard
from flows.outcome import Outcome
from flows.resources import Ledger
from flows.store import Store


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
