"""An order's way through a Prefect work pool: sent once, waited for, given up when its agent is lost, taken over.

An order carries a key of the stage's fingerprint and the number of the attempt. So a run that is started again after a
kill finds the agent that is still at work, and waits for that one, and two runs never ask twice.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterTags
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.states import Cancelling, Crashed

from flows.agents.flow import BEAT_SECONDS, NAME, answering
from flows.agents.order import Made, Order
from flows.agents.signs import SILENCE, Signs
from flows.errors import Refused, StageFailed, Stopped

LOST = 3  # so many agents may be lost before the stage counts as failed
OUTAGE = 600.0  # how long a Prefect server may be away
IDLE = 15.0  # when to say that nobody takes an order
POLL, RARELY = 1.0, 5.0  # seconds between questions, of a stage that has just gone and of one that takes long
STOP_SECONDS = 15.0


class Pools:
    """Sends orders through Prefect; may be called from any thread. It is what `coordinator.Send` asks for."""

    def __init__(self, run: str, stop: threading.Event, note: Callable[[str, str], None], tags: Iterable[str]) -> None:
        """
        Args:
            run: A name for this run, part of the key of orders that must not be answered from an earlier one.
            stop: Set when the run is to stop.
            note: Told what a person should know at once, by stage.
        """
        self._run, self._stop, self._note, self._tags = run, stop, note, list(tags)

    def check(self, pools: Iterable[str]) -> None:
        """
        Raises:
            Refused: A pool has no agents' deployment.
        """
        for pool in sorted(set(pools)):
            try:
                with get_client(sync_client=True) as client:
                    client.read_deployment_by_name(f"{NAME}/{pool}")
            except httpx.HTTPError as error:
                raise Refused(f"the Prefect server does not say what it knows of agents: {error!r}") from None
            except PrefectException as error:
                if isinstance(error, ObjectNotFound):
                    raise Refused(
                        f"no agents are known for the work pool '{pool}' (Prefect has no deployment '{NAME}/{pool}'). "
                        f"Start one with `headwater agent {pool}`, or run all stages here with --local"
                    ) from None
                raise Refused(f"Prefect does not say what it knows of agents: {error!r}") from None

    def __call__(self, order: Order, pool: str, line: Callable[[str], None], sent: Callable[..., object]) -> Made:
        """As `coordinator.Send`."""
        key = f"{order.key}-{self._run}" if order.force else order.key
        lost = 0
        while True:
            try:
                found, attempt = self._ask(order, pool, key)
            except (httpx.HTTPError, PrefectException) as error:
                raise StageFailed(f"Prefect did not take the order for an agent of pool '{pool}': {error!r}") from None
            sent(pool=pool, flow_run=found.name, flow_run_id=str(found.id), attempt=attempt)
            line(f"on an agent of pool '{pool}': flow run {found.name} ({found.id}), attempt {attempt}")
            ended = self._wait(order.stage, pool, found)
            state = ended.state
            assert state is not None
            if state.is_completed():
                return Made.read(state.message)
            if state.is_failed():
                raise StageFailed(f"on an agent of pool '{pool}': {state.message}")
            if self._stop.is_set():
                raise Stopped("stopped")
            if state.is_cancelled():
                raise StageFailed(f"on an agent of pool '{pool}': somebody cancelled flow run {found.name} in Prefect")
            lost += 1
            why = f"its agent of pool '{pool}' was lost ({state.name}: {state.message})"
            line(why)
            if lost >= LOST:
                raise StageFailed(f"{why}, as were {lost - 1} before it; see the worker's log")
            self._note(order.stage, f"{why}; another is asked")

    def _ask(self, order: Order, pool: str, key: str) -> tuple[FlowRun, int]:
        """The flow run that is at work on this order, or a new one; and the how-manieth it is."""
        tag = f"order {key[:24]}"
        with get_client(sync_client=True) as client:
            mine = FlowRunFilter(tags=FlowRunFilterTags(all_=[tag, f"pool {pool}"]))
            earlier = client.read_flow_runs(flow_run_filter=mine, limit=200)
        open_ = [run for run in earlier if run.state and not run.state.is_final()]
        if open_:
            return open_[0], len(earlier)
        attempt = len(earlier) + 1
        made = run_deployment(
            f"{NAME}/{pool}",
            parameters={"order": asdict(order)},
            flow_run_name=f"{order.stage} @ {order.commit[:7]}",
            tags=["headwater", f"pool {pool}", f"stage {order.stage}", tag, *self._tags],
            idempotency_key=f"headwater {key} {pool} attempt {attempt}",
            timeout=0,
        )
        assert isinstance(made, FlowRun)
        return made, attempt

    def _wait(self, stage: str, pool: str, run: FlowRun) -> FlowRun:
        """The flow run as it ended, by itself or because it was given up."""
        begun = seen = time.monotonic()
        signs, away, told = Signs(pool), False, False
        while True:
            now = time.monotonic()
            try:
                with answering() as client:
                    current = client.read_flow_run(run.id)
                    signs.hear(current, client)
                if away:
                    self._note(stage, "the Prefect server answers again")
                    signs.again()
                    away = False
                seen = now
            except (httpx.HTTPError, PrefectException):
                if not away:
                    self._note(stage, f"the Prefect server does not answer; waiting for it, {OUTAGE:g} s at most")
                away = True
                if now - seen > OUTAGE:
                    raise StageFailed(
                        f"the Prefect server has not answered for {OUTAGE:g} s. What its agent makes is not lost: the "
                        "next run takes it from the DVC remote"
                    ) from None
                self._pause(now - begun)
                continue
            state = current.state
            assert state is not None
            if state.is_final():
                return current
            if self._stop.is_set():
                self._cancel(run.id)
                raise Stopped("stopped")
            if state.is_scheduled() and now - begun > IDLE and not told:
                self._note(stage, f"waits: nobody takes it; `headwater agent {pool}` starts an agent")
                told = True
            if why := signs.lost(current):
                with contextlib.suppress(httpx.HTTPError, PrefectException):  # then at the next look
                    self._give_up(run.id, why)
            self._pause(now - begun)

    def _pause(self, waited: float) -> None:
        """Until the next question: a second at first, then a twentieth of the time waited, five seconds at most."""
        self._stop.wait(min(max(POLL, waited / 20), RARELY))
        if self._stop.is_set():
            time.sleep(POLL / 4)

    def _give_up(self, run: UUID, why: str) -> None:
        """From here on that agent may not publish: it asks for this state before it does."""
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(run, Crashed(message=why), force=True)

    def _cancel(self, run: UUID) -> None:
        """Tell the agent that nobody waits any more, and give it a moment to end its command."""
        end = time.monotonic() + STOP_SECONDS
        with get_client(sync_client=True) as client:
            try:
                client.set_flow_run_state(run, Cancelling(message="the run that asked for it was stopped"))
                while time.monotonic() < end:
                    state = client.read_flow_run(run).state
                    if state is None or state.is_final():
                        return
                    time.sleep(POLL)
            except (httpx.HTTPError, PrefectException):
                return


assert BEAT_SECONDS < SILENCE
