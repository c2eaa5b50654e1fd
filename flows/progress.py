"""How far a run and its long trainings are, as progress bars on Prefect's page "Artifacts".

A run makes a call when it begins and when it ends, at most one for each twentieth of its stages in between, and for a
training that takes long one every ten seconds.
"""

from __future__ import annotations

import contextvars
import re
import threading
import time
from typing import Any
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from flows.artifacts import key, optional
from flows.outcome import Outcome

EPOCH = re.compile(r"epoch (\d+)(?: of |/)(\d+)\b", re.IGNORECASE)  # as tasks/common/pace.py has it, and Keras
PACE = 5.0  # seconds between two updates of a bar, at least
STEP = 0.05  # of all stages, likewise


class Bar:
    """A progress artifact of the Prefect run that it is made in, whatever thread it is shown from."""

    def __init__(self, name: str) -> None:
        self.shown_at = -PACE
        self._name, self._lost = name, False
        self._id: UUID | None = None
        self._context, self._lock = contextvars.copy_context(), threading.Lock()

    def show(self, percent: float, words: str) -> None:
        """After a failure it is not tried again: a server that is slow to fail would hold up the run."""
        with self._lock:
            if not self._lost:
                self.shown_at = time.monotonic()
                self._context.run(self._show, percent, words)

    def _show(self, percent: float, words: str) -> None:
        self._lost = True
        with optional():
            if self._id:
                update_progress_artifact(self._id, percent, description=words)
            else:
                self._id = _made(create_progress_artifact(percent, key=self._name, description=words))
            self._lost = False


class Training:
    """The progress of a stage that prints `epoch K of N` now and then: the share of a training's epochs."""

    def __init__(self, stage: str) -> None:
        self._bar, self._begun = Bar(key("training", stage)), False

    def line(self, text: str) -> None:
        """Look at a line of the stage's output."""
        if (found := EPOCH.match(text)) and time.monotonic() - self._bar.shown_at >= PACE:
            self._begun = True
            self._bar.show(min(100.0, 100 * int(found[1]) / max(1, int(found[2]))), text)

    def ended(self) -> None:
        """The stage has ended well."""
        if self._begun:
            self._bar.show(100.0, "all its trainings have ended")


class Stages:
    """One progress artifact a run: the share of its stages that are done."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.states: list[str] = []
        self.done = 0
        self._bar: Bar | None = None
        self._shown = 0

    def begin(self) -> None:
        """To be called within the flow."""
        self._bar = Bar("progress")
        self.update()

    def finished(self, outcome: Outcome) -> None:
        """Count one stage; tell Prefect if enough has happened since the last time."""
        self.states.append(outcome.state)
        self.done += outcome.done
        due = self._bar and time.monotonic() - self._bar.shown_at >= PACE
        if due and len(self.states) - self._shown >= STEP * self.total:
            self.update()

    def update(self) -> None:
        """Tell Prefect."""
        if self._bar:
            self._bar.show(100 * self.done / max(self.total, 1), self.words())
            self._shown = len(self.states)

    def words(self) -> str:
        """
        >>> Stages(3).words()
        '0 of 3 stages done'
        """
        counts = ", ".join(f"{self.states.count(state)} {state}" for state in dict.fromkeys(self.states))
        return f"{self.done} of {self.total} stages done{f': {counts}' if counts else ''}"


def _made(created: Any) -> UUID:
    """Prefect's create functions are declared for both worlds, async and not; here they are not."""
    return created  # type: ignore[no-any-return]
