"""The agent as a Prefect flow: a worker of the pool starts it, it gives signs of life, its last state is its answer.

All it needs is a deployment for each pool, `headwater-stage/<pool>` (`headwater agent POOL`, or prefect.yaml).
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
from prefect import flow, get_run_logger
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.exceptions import PrefectException
from prefect.runtime import flow_run
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Cancelled, Completed, Crashed, Failed

from flows import progress, secrets
from flows.agents.order import Order
from flows.agents.perform import Contact, home, perform
from flows.errors import StageFailed, Stopped
from flows.veil import Veil

NAME = "headwater-stage"
ALIVE = "headwater.alive"  # a label of the flow run: a number that grows as long as the agent lives
BEAT_SECONDS = float(os.environ.get("HEADWATER_BEAT_SECONDS", "10"))


@flow(name=NAME, persist_result=False, retries=0)
def stage(order: dict[str, Any]) -> State[Any]:
    """Make one stage of one commit and leave its result in the DVC remote.

    Args:
        order: The fields of `Order`.
    """
    log = get_run_logger()
    try:
        asked = Order(**order)
    except TypeError as error:
        return Failed(message=f"this agent does not understand its order: {error}. Do both sides have one Headwater?")
    training = progress.Training(asked.stage)

    def line(text: str) -> None:
        log.info(text)
        training.line(text)

    with Life() as life:
        contact = Contact(line, life.stop, life.wanted, secrets.take)
        try:
            made = perform(asked, contact, home())
        except StageFailed as error:
            return Failed(message=Veil(os.environ).hide(str(error)))
        except Stopped as error:
            if life.wanted():  # its worker or its machine is going down
                return Crashed(message="the agent was told to end before its stage was done")
            return Cancelled(name="Stopped", message=str(error))
        training.ended()
        return Completed(name="Published", message=made.text())


@contextlib.contextmanager
def answering() -> Iterator[SyncPrefectClient]:
    """A client that says at once when the server is away; Prefect's own would try for a minute first."""
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}), get_client(sync_client=True) as client:
        yield client


class Life:
    """This flow run's sign of life, and whether it is still wanted: Prefect's state of it says so."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._over = threading.Event()
        self._id = UUID(flow_run.get_id()) if flow_run.get_id() else None
        self._thread = threading.Thread(target=self._beat, name="sign of life", daemon=True)

    def __enter__(self) -> Life:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join(BEAT_SECONDS)

    def wanted(self) -> bool:
        """Whether the flow run still is what Prefect waits for; an unreachable server is asked for ten minutes.

        Without an answer nothing is published; the result stays in this machine's run-cache, for the next order.
        """
        for _ in range(120):
            with contextlib.suppress(httpx.HTTPError, PrefectException):
                return self._runs()
            if self.stop.wait(5):
                return False
        return False

    def _runs(self) -> bool:
        if self._id is None:
            return True
        with answering() as client:
            state = client.read_flow_run(self._id).state
        return state is not None and state.is_running()

    def _beat(self) -> None:
        count = 0
        while self._id and not self._over.is_set():
            with contextlib.suppress(httpx.HTTPError, PrefectException):
                with answering() as client:
                    client.update_flow_run_labels(self._id, {ALIVE: count})
                if not self._runs():
                    self.stop.set()
                count += 1
            self._over.wait(BEAT_SECONDS)


def deploy(pool: str, concurrency: int | None = None) -> UUID:
    """The deployment by which agents of a pool are asked; made, or brought up to date.

    Agents import this package, so no code is pulled for the flow itself; each order names the project's commit.
    """
    from prefect.deployments.runner import RunnerDeployment
    from prefect.types.entrypoint import EntrypointType

    made = RunnerDeployment.from_flow(
        stage,  # type: ignore[arg-type]
        name=pool,
        description=f"One stage of a DVC project, made by an agent of the work pool '{pool}'",
        tags=["headwater", "stage"],
        work_pool_name=pool,
        concurrency_limit=concurrency,
        entrypoint_type=EntrypointType.MODULE_PATH,
    ).apply()
    assert isinstance(made, UUID)  # a coroutine only where an event loop runs
    return made
