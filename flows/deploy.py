"""The pipeline as a deployed flow: by the clock, by a click, by an event; with a gate at its end.

A run of it is what `headwater run` and then `headwater gate` would be, in the folder where the project's workspace is.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy, State
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.runtime import flow_run
from prefect.schedules import Cron
from prefect.states import Cancelled, Completed, Failed
from prefect.types.entrypoint import EntrypointType
from rich.console import Console

from flows import commands, verdicts
from flows.agents.source import head
from flows.engine import Options
from flows.errors import Refused, StageFailed
from flows.veil import Veil

NAME = "headwater-pipeline"
GATE = "GateClosed"  # the name of the state, and so of the event, when verdicts are below what is asked


def _title() -> str:
    """As `headwater run` names its runs: targets and commit."""
    given = flow_run.get_parameters()
    folder = str(given.get("folder") or ".")
    what = " ".join(given.get("targets") or ()) or os.path.basename(os.path.abspath(folder))
    commit = head(Path(folder))
    return f"{what} @ {commit}" if commit else what


@flow(name=NAME, flow_run_name=_title, persist_result=False)
def pipeline(
    targets: list[str] | None = None,
    jobs: int = 2,
    keep_going: bool = True,
    gate: list[str] | None = None,
    folder: str = ".",
) -> State[Any]:
    """Bring the project up to date, then ask whether its verdicts are good enough.

    Args:
        targets: Stages, groups or matrix keys, as for `headwater run`; empty for all.
        jobs: How many stages at the same time, those on agents apart.
        keep_going: After a failure, go on with what does not need it.
        gate: The least that is good enough, such as "better:fine-tuning"; empty for no gate.
        folder: Where the project's workspace is.
    """
    os.chdir(folder)
    console = _Lines().console
    chosen = commands.Choice(tuple(targets or ()))
    try:
        code = commands.run(console, chosen, Options(jobs=jobs, keep_going=keep_going))
        if code == 130:
            return Cancelled(message="stopped before its end; the next run goes on from there")
        if code:
            return Failed(message="some stages failed; their pages tell why. What is finished is recorded")
        if gate and verdicts.gate(console, gate, targets or ()):
            return Failed(name=GATE, message=f"below what is asked ({', '.join(gate)}); the log has the verdicts")
    except (Refused, StageFailed) as error:
        return Failed(message=Veil(os.environ).hide(str(error)))
    return Completed(message="up to date" + (f", and at least {', '.join(gate)}" if gate else ""))


class _Lines:
    """A console whose lines go to the flow run's log."""

    def __init__(self) -> None:
        self._log = get_run_logger()
        self._rest = ""
        self.console = Console(file=self, width=160, force_terminal=False, no_color=True)  # type: ignore[arg-type]

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.strip():
                self._log.info(line.rstrip())
        return len(text)

    def flush(self) -> None:
        """Lines go out when they end."""


def deployment(name: str, cron: str, zone: str, parameters: dict[str, Any]) -> RunnerDeployment:
    """The pipeline by the clock, for `prefect.serve`; a run still going on when the next is due has that one left out.

    Raises:
        Refused: The cron expression or the time zone is none.
    """
    try:
        CronSchedule(cron=cron, timezone=str(ZoneInfo(zone)))
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise Refused(
            f"'{cron}' in '{zone}' is no schedule: {str(error).splitlines()[0]}. Expected five fields, such as "
            "'0 3 * * *' for 3 o'clock each night, and a zone such as Europe/Zurich"
        ) from None
    return RunnerDeployment.from_flow(
        pipeline,  # type: ignore[arg-type]
        name=name,
        schedule=Cron(cron, timezone=zone),
        parameters=parameters,
        tags=["headwater", "scheduled"],
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
