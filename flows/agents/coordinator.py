"""The coordinator's side: which stages go to agents, the order of each, its result home. Knows no Prefect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from flows import dag
from flows.agents.order import Made, Order
from flows.agents.source import standing
from flows.environment import kind
from flows.errors import Refused
from flows.meta import Meta
from flows.store import Store, remote


class Send(Protocol):
    """Has an order filled by some agent of a pool, and waits for that."""

    def __call__(self, order: Order, pool: str, line: Callable[[str], None], sent: Callable[..., object]) -> Made:
        """
        Raises:
            StageFailed: The agent says so, or agents were lost too often.
            Stopped: The run was stopped; the agent is told.
        """


class Coordinator:
    """What `flows.work.Agents` asks for."""

    def __init__(
        self, store: Store, graph: dag.Graph, pools: Mapping[str, str], send: Send, *, force: bool = False
    ) -> None:
        """
        Args:
            graph: Every stage of the project.
            pools: {stage: pool}, as `travellers` returns it.

        Raises:
            Refused: Agents cannot get the code that is here.
        """
        outs = [out for stage in graph.values() for out in stage.outs]
        self._repository, self._commit, self._folder = standing(store.root, outs)
        self._store, self._pools, self._send, self._force = store, pools, send, force

    def make(self, name: str, line: Callable[[str], None], sent: Callable[..., object]) -> Made:
        """As `flows.work.Agents.make`."""
        key, deps = remote.fingerprint(self._store, name)
        if not self._force and (values := remote.published(self._store, key)):
            # Of an agent whose coordinator died before it could take it, or of another coordinator.
            line("its result is in the DVC remote already")
            remote.receive(self._store, name, key, values[-1])
            return Made(values[-1])
        records = remote.send_inputs(self._store, name)
        order = Order(self._repository, self._commit, self._folder, name, key, deps, records, self._force)
        made = self._send(order, self._pools[name], line, sent)
        where = kind(made.environment)
        line(f"made by an agent on {where}" if where else "an agent had it in its run-cache")
        remote.receive(self._store, name, key, made.value)
        return made


def travellers(store: Store, chosen: Iterable[str], metas: Mapping[str, Meta]) -> dict[str, str]:
    """{stage: pool} of the chosen stages that go to agents.

    Raises:
        Refused: With every stage whose result could not come back.
    """
    pools = {name: pool for name in chosen if (pool := metas[name].pool)}
    wrong = [
        f"stage '{name}' is meant for the work pool '{pool}', but {why}"
        for name, pool in pools.items()
        if (why := remote.stays(store, name))
    ]
    if wrong:
        raise Refused("\n".join(wrong) + "\nOr run all stages here with --local")
    return pools
