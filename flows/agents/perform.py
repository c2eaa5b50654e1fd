"""What an agent does with an order: check out, fetch, run by the same engine, publish. Knows no Prefect."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flows import meta, threads
from flows.agents.order import Made, Order
from flows.agents.source import checkout
from flows.engine import Options, Run
from flows.errors import Refused, StageFailed, Stopped, hint
from flows.guard import Guard
from flows.journal import Journal
from flows.outcome import Watcher
from flows.store import Store, remote

_TOOK = ("seconds", "cpu_seconds", "peak_bytes", "environment")  # of the journal's line about its command
_SETTINGS = """[core]
    analytics = false
[cache]
    dir = "{cache}"
"""


def home() -> Path:
    """Where an agent keeps repositories, cache and checkouts: HEADWATER_AGENT_HOME, or in the user's cache folder."""
    named = os.environ.get("HEADWATER_AGENT_HOME")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(named).expanduser().resolve() if named else Path(cache) / "headwater" / "agent"


@dataclass(frozen=True)
class Contact:
    """Between an agent's work and whoever watches it.

    Attributes:
        line: Told each line of the stage's output.
        stop: Set when the work is no longer wanted; the command is ended then.
        wanted: Whether this agent still is the one to publish; asked right before.
        credentials: Gets those of the DVC remote of the project at a root, where it names any; raises Refused.
    """

    line: Callable[[str], None] = lambda text: None
    stop: threading.Event = field(default_factory=threading.Event)
    wanted: Callable[[], bool] = lambda: True
    credentials: Callable[[Path], None] = lambda root: None


def perform(order: Order, contact: Contact, place: Path) -> Made:
    """Make the stage and leave its result in the DVC remote.

    Raises:
        StageFailed: Anything that kept it from being made or published; nothing was published then.
        Stopped: It was no longer wanted.
    """
    place.mkdir(parents=True, exist_ok=True)
    with checkout(place, order.repository, order.commit) as root:
        project = root / order.folder
        _settle(project, place / "cache")
        remote.record_inputs(project, order.records)
        try:
            store = Store(project)
        except Refused as error:
            raise StageFailed(str(error)) from None
        try:
            return _make(order, contact, store)
        except Refused as error:
            raise StageFailed(str(error)) from None
        finally:
            store.close()


def _make(order: Order, contact: Contact, store: Store) -> Made:
    remote.forget_prefect(store)
    contact.credentials(store.root)  # after the store took the environment that commands get: it is not for them
    graph = store.graph()
    if order.stage not in graph:
        raise StageFailed(f"commit {order.commit[:12]} has no stage '{order.stage}'.{hint(order.stage, graph)}")
    remote.fetch_inputs(store, order.stage)
    _compare(order, *remote.fingerprint(store, order.stage))
    typed = replace(meta.check(graph)[order.stage], retries=0)  # the coordinator counts attempts
    guard = Guard()
    try:
        watcher = Watcher(line=lambda name, text: contact.line(text), note=lambda name, text: contact.line(text))
        options = Options(jobs=1, force=order.force, preload=False)
        chosen = {order.stage: graph[order.stage]}
        run = Run(chosen, store, {order.stage: typed}, guard, options, watcher, stop=contact.stop)
        threads.execute(run)
    finally:
        guard.close()
    outcome = run.outcomes[order.stage]
    if contact.stop.is_set():
        raise Stopped("no longer wanted")
    if not outcome.done:
        raise StageFailed("\n".join((outcome.message, *outcome.tail)))
    if not contact.wanted():
        raise Stopped("another attempt has taken its place; nothing was published")
    value = remote.publish(store, order.stage, order.key)
    took = Journal(store.root).history().get(order.stage, [{}])[-1]
    return Made(value, **{key: took[key] for key in _TOOK if key in took})


def _settle(project: Path, cache: Path) -> None:
    """The checkout's DVC settings: a cache that all checkouts on this machine share."""
    if not (project / ".dvc").is_dir():
        raise StageFailed(f"the commit has no DVC project in '{project.name}' (no .dvc folder there)")
    cache.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        (project / ".dvc" / "config.local").unlink()
    (project / ".dvc" / "config.local").write_text(_SETTINGS.format(cache=cache))


def _compare(order: Order, key: str, deps: dict[str, Any]) -> None:
    """Refuse to make something else than was asked for.

    Raises:
        StageFailed: With the files and params that are not what they are at the coordinator.
    """
    if key == order.key:
        return
    other = sorted(name for name in {*deps, *order.deps} if deps.get(name) != order.deps.get(name))
    what = ", ".join(other[:5]) or "its command or the names of its outputs"
    raise StageFailed(
        f"{what} at commit {order.commit[:12]} is not what it is where the run was started; "
        "is all of it committed and pushed? Nothing ran"
    )
