"""The Prefect flow: one task a stage, edges from the graph.

Prefect drives and shows; what is cached, DVC's hashes alone decide.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpx
from prefect import allow_failure, flow, get_run_logger, tags, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.events.worker import EventsWorker
from prefect.exceptions import PrefectException
from prefect.futures import PrefectFuture
from prefect.logging.handlers import APILogWorker
from prefect.states import Cancelled, Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from flows import artifacts, logs, progress
from flows.engine import DONE, Outcome, Run
from flows.errors import Refused

MADE = ("ran", "restored", "recovered")  # by this run; what was there before has been shown by another
_GO_ON = "What is finished is recorded; the next run goes on from there."


def execute(run: Run, title: str = "headwater", labels: Iterable[str] = ()) -> None:
    """Bring every stage of ``run`` up to date; what became of each stands in ``run.outcomes``.

    Args:
        title: The flow run's name in Prefect.
        labels: Its tags there, and those of its tasks.

    Raises:
        Refused: If Prefect itself could not go on, for example because its server went away.
    """
    tasks = _Tasks(run)

    @flow(
        name="headwater",
        flow_run_name=title,
        # Stages on agents each have a thread that waits; they take none of the jobs here.
        task_runner=cast(Any, ThreadPoolTaskRunner(max_workers=run.options.jobs + len(run.away))),
        persist_result=False,
        validate_parameters=False,
    )
    def pipeline() -> State[Any]:
        with _signals(run):
            tasks.progress.begin()
            run.loop(tasks.submit)
            for future in tasks.futures.values():
                future.wait()
            tasks.progress.update()
        return _final(run)

    try:
        with tags(*labels):
            state = pipeline(return_state=True)
    except (httpx.HTTPError, PrefectException) as error:
        raise Refused(f"Prefect could not run the flow: {error!r}. {_GO_ON}") from None
    finally:
        # Prefect would do this when Python exits; by then a temporary server is gone, and it retries for a minute.
        for worker in (EventsWorker, APILogWorker):
            worker.drain_all(timeout=30)
    if run.outcomes.keys() != run.graph.keys():
        raise Refused(f"Prefect ended the flow before its end: {state.name}, {state.message}. {_GO_ON}")


class _Tasks:
    """One Prefect task a stage.

    The engine submits a stage when all it needs is done, so no worker thread waits for another.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.futures: dict[str, PrefectFuture[Any]] = {}
        self.loggers: dict[str, Any] = {}
        self.trainings: dict[str, progress.Training] = {}
        self.progress = progress.Stages(len(run.graph))
        line, finished = run.watcher.line, run.watcher.finished

        def log(name: str, text: str) -> None:
            self.loggers[name].info(text)
            self.trainings[name].line(text)
            line(name, text)

        def count(name: str, outcome: Outcome) -> None:
            finished(name, outcome)
            self.progress.finished(outcome)

        run.watcher.line, run.watcher.finished = log, count

    def submit(self, name: str, work: Callable[[], Outcome], done: Callable[[str], None]) -> None:
        stage, meta = self.run.graph[name], self.run.metas[name]

        def bring_up() -> State[Any]:
            self.loggers[name] = get_run_logger()
            self.trainings[name] = training = progress.Training(name)
            outcome = work()
            root = self.run.store.root
            if outcome.done:
                training.ended()
            if outcome.state == "failed":
                artifacts.explain(name, outcome, logs.path(root, name))
            elif meta.show and outcome.state in MADE:
                artifacts.present(name, root, meta.show, stage.outs)
            return _state(name, outcome, self.run.work.attempts.get(name, 1))

        body = task(
            name=stage.group or name,
            tags=[f"pool {meta.pool}"] if name in self.run.away else None,
            task_run_name=name.replace("{", "{{").replace("}", "}}"),
            cache_policy=NO_CACHE,
            persist_result=False,
            retries=meta.retries,
            retry_condition_fn=lambda task, run, state: state.is_failed(),
        )(bring_up)
        # A failed parent's edge is drawn, but must not keep its child from showing as skipped; one to another skipped
        # stage would leave the child in Prefect's "NotReady" for ever, so such a child hangs on the failed stage.
        settled = self.run.outcomes.get(name)
        parents = [settled.cause] if settled and settled.cause else sorted(stage.parents & self.futures.keys())
        wait_for = [allow_failure(self.futures[p]) for p in parents]
        self.futures[name] = future = body.submit(return_state=False, wait_for=wait_for)
        future.add_done_callback(lambda _: done(name))


def _state(name: str, outcome: Outcome, attempt: int) -> State[Any]:
    """How an outcome shows in Prefect's UI: by type (its colour) and by name."""
    if outcome.state == "cached":
        return Completed(name="Cached", message="up to date")
    if outcome.state == "restored":
        return Completed(name="Restored", message="outputs taken from the run-cache")
    if outcome.state == "recovered":
        return Completed(name="Recovered", message="its command had ended well in a run that was killed; now recorded")
    if outcome.state in DONE:
        if attempt > 1:
            return Completed(name="Retried", message=f"ran in {outcome.seconds:.1f} s, at attempt {attempt}")
        return Completed(message=f"ran in {outcome.seconds:.1f} s")
    if outcome.state == "skipped":
        return Cancelled(name="Skipped", message=outcome.message)
    if outcome.state == "stopped":
        return Cancelled(name="Stopped", message=outcome.message)
    last = "\n".join(outcome.tail)
    return Failed(message=f"{outcome.message}\n{last}\nTo run it alone: dvc repro -s {name}")


def _final(run: Run) -> State[Any]:
    states = [outcome.state for outcome in run.outcomes.values()]
    counts = ", ".join(f"{states.count(s)} {s}" for s in dict.fromkeys(states))
    if run.stop.is_set():
        return Cancelled(message=counts)
    if all(outcome.done for outcome in run.outcomes.values()):
        return Completed(message=counts or "nothing to do")
    return Failed(message=counts)


@contextmanager
def _signals(run: Run) -> Iterator[None]:
    """The first Ctrl-C, TERM or hang-up ends the commands in order; Prefect's own handlers would crash the flow."""
    numbers = [signal.SIGINT, signal.SIGTERM] + ([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])

    def handle(number: int, frame: object) -> None:
        run.stop.set()

    try:
        before = {number: signal.signal(number, handle) for number in numbers}
    except ValueError:  # not in the main thread: a deployment's worker, say; Prefect's handlers stay
        yield
        return
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
