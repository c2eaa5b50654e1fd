"""One run with plain threads, where nobody needs Prefect to watch it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from flows.engine import Outcome, Run


def execute(run: Run) -> None:
    """Bring every stage of ``run`` up to date; what became of each stands in ``run.outcomes``.

    The first Ctrl-C, TERM or hang-up sets ``run.stop``, which ends the commands in order.
    """
    with ThreadPoolExecutor(run.options.jobs) as pool, stopped_by_signals(run):

        def submit(name: str, work: Callable[[], Outcome], done: Callable[[str], None]) -> None:
            pool.submit(_tried, run, name, work).add_done_callback(lambda _: done(name))

        run.loop(submit)


def _tried(run: Run, name: str, work: Callable[[], Outcome]) -> None:
    """As often as `meta.retries` allows; the engine keeps the last outcome."""
    for _ in range(run.metas[name].retries + 1):
        if work().state != "failed":
            return


@contextmanager
def stopped_by_signals(run: Run) -> Iterator[None]:
    """Only in the main thread; elsewhere signals are somebody else's."""
    numbers = [signal.SIGINT, signal.SIGTERM] + ([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])
    try:
        before = {number: signal.signal(number, lambda *_: run.stop.set()) for number in numbers}
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
