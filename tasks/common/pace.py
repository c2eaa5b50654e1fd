"""How many epochs of a training go into one traced call, and how a long training says how far it is."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

_CALL = 2.0  # seconds that one call should take: Ctrl-C waits for its end
_SILENCE = 10.0  # seconds between two lines about a training, and before the first


class Pace:
    """How many epochs go into the next call, by what the last one took; the first has one, as it may be traced."""

    def __init__(self) -> None:
        self._steps = 1

    def epochs(self, steps: int) -> int:
        """How many of ``steps`` steps each; at least one, as no call ends within an epoch."""
        return max(1, self._steps // steps)

    def took(self, steps: int, seconds: float) -> None:
        """What a call of so many steps took."""
        self._steps = int(steps * _CALL / max(seconds, 1e-6))


class Progress:
    """Tells of a training that takes long, a line now and then; the Prefect flow makes a progress artifact of it.

    Args:
        epochs: Of all its phases.
    """

    def __init__(self, epochs: int) -> None:
        self._epochs, self._said = epochs, time.monotonic()

    def tell(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Say how far it is, by its learning curve so far, unless that was said a moment ago."""
        now, last = time.monotonic(), rows[-1]
        if now - self._said < _SILENCE or last["epoch"] == self._epochs:
            return
        self._said = now
        lowest = min(rows, key=lambda row: row["validation_loss"])["epoch"]
        loss = f"validation loss {last['validation_loss']:.4g}, lowest in epoch {lowest}"
        print(f"epoch {last['epoch']} of {self._epochs} ({last['phase']}): {loss}", flush=True)
