"""Whether an agent still lives: its own sign of life, and that of the worker that watches over it.

A worker tells Prefect when a process that it started has ended. So as long as the worker is heard, an agent that is
silent is slow (a busy machine, a database that is locked), not gone; only where both are silent is the machine lost.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import PrefectException

from flows.agents.flow import ALIVE

SILENCE = float(os.environ.get("HEADWATER_SILENCE_SECONDS", "90"))  # agent and worker silent for so long are lost
PATIENCE = 5  # so many times as long for an agent whose worker is heard: it may hang, for all its worker knows
PENDING = 900.0  # one that a worker took and that never began: images may have to be pulled first
_WORKER = "prefect.worker.name"  # the label by which Prefect's workers mark what they start


class Signs:
    """What is heard of the agent of one flow run; times are of this machine's clock, in seconds."""

    def __init__(self, pool: str) -> None:
        self._pool = pool
        self._own: Any = None
        self._worker: Any = None
        self._heard = self._watched = time.monotonic()

    def again(self) -> None:
        """Count from now: nothing could be heard until now."""
        self._heard = self._watched = time.monotonic()

    def hear(self, run: FlowRun, client: SyncPrefectClient) -> None:
        """Take note of a flow run as Prefect has it now; its worker is asked about when the agent itself is silent."""
        assert run.state is not None
        now = time.monotonic()
        own = (run.labels.get(ALIVE), run.state.type)
        if own != self._own or run.state.is_scheduled():
            self._own, self._heard = own, now
        elif now - self._heard > SILENCE / 3:
            with contextlib.suppress(httpx.HTTPError, PrefectException):
                beat = self._beat(run, client)
                if beat != self._worker:
                    # The first answer tells only that there was a beat, not when.
                    self._watched = now if self._worker else self._watched
                    self._worker = beat

    def lost(self, run: FlowRun) -> str:
        """Why the flow run is to be given up; "" as long as it is not."""
        assert run.state is not None
        now = time.monotonic()
        silent, unwatched = now - self._heard, now - max(self._heard, self._watched)
        if run.state.is_pending():
            return f"no sign of life for {silent:.0f} s" if silent > PENDING else ""
        if unwatched > SILENCE:
            return f"no sign of life for {silent:.0f} s, nor of its worker"
        if silent > PATIENCE * SILENCE:
            return f"no sign of life for {silent:.0f} s, though its worker lives"
        return ""

    def _beat(self, run: FlowRun, client: SyncPrefectClient) -> Any:
        """When Prefect last heard of the worker that started the flow run, by Prefect's own clock; None if unknown."""
        name = run.labels.get(_WORKER)
        workers = client.read_workers_for_work_pool(self._pool) if name else []
        return next((worker.last_heartbeat_time for worker in workers if worker.name == name), None)
