"""`headwater run`: from the project's files to an exit code."""

from __future__ import annotations

import threading
import time
import uuid

from rich.console import Console

from flows import dag, display, secrets, server
from flows import meta as metas
from flows.agents import source
from flows.agents.coordinator import Coordinator, travellers
from flows.commands.choice import Choice
from flows.commands.upkeep import project_check
from flows.engine import Options, Run
from flows.errors import Refused
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
        title = " ".join(choice.targets) or store.root.name
        outcomes, stopped = _bring_up(console, store, graph, chosen, typed, options, title)
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
    graph: dag.Graph,
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
    pools = _pools(store, graph, chosen, typed, options)
    if pools and not api:
        raise Refused(
            f"{', '.join(pools)} {'is' if len(pools) == 1 else 'are'} meant for agents, which need a lasting Prefect "
            "server: start one (`headwater ui`) or name it in PREFECT_API_URL; or run all stages here with --local"
        )
    guard = Guard()
    try:
        with server.address(api, guard) as temporary, display.Progress(console, len(chosen)) as progress:
            watcher, stop, agents = progress.watcher(), threading.Event(), None
            from flows import pipeline  # takes seconds: not for an idle run, and while the server starts

            if pools:
                from flows.agents.pool import Pools

                secrets.take(store.root)  # the store has the environment of commands already: they are not for those
                send = Pools(uuid.uuid4().hex[:12], stop, watcher.note, title.split())
                send.check(pools.values())
                agents = Coordinator(store, graph, pools, send, force=options.force)
            current = Run(chosen, store, typed, guard, options, watcher, stop=stop, agents=agents)
            if temporary:
                temporary.wait()
            commit = source.head(store.root)
            pipeline.execute(current, f"{title} @ {commit}" if commit else title, title.split())
        return {name: current.outcomes[name] for name in chosen}, current.stop.is_set()
    finally:
        guard.close()


def _pools(
    store: Store, graph: dag.Graph, chosen: dict[str, dag.Stage], typed: dict[str, metas.Meta], options: Options
) -> dict[str, str]:
    """{stage: pool} of what agents are to make; {} where none of that, nor anything above it, is stale."""
    pools = travellers(store, chosen, typed) if options.agents else {}
    above = dag.ancestors(graph, pools) & chosen.keys()
    if not options.force and all(store.is_current(name) for name in above):
        return {}
    return pools
