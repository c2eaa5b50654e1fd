"""Where the time of a stage goes: imports, data, tracing, steps, saving, the rest.

The benchmark's copy of the project calls `around` at the end of tasks/common/entry.py; the project itself knows nothing
of it. Every stage then leaves a file in .headwater/clocks: its command, and the seconds of each part, which add up to
the life of its process (of a fork, since it was forked). A part's time is its own: what it called of another part is
that one's.
"""

import functools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FOLDER = Path(".headwater/clocks")
PARTS = ("imports", "data", "tracing", "steps", "saving", "rest")


class Clocks:
    """Seconds by part, of which one runs at a time."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._running = ["rest"]
        self._since = now()
        self.seconds = dict.fromkeys(PARTS, 0.0)

    def _turn(self) -> None:
        now = self._now()
        self.seconds[self._running[-1]] += now - self._since
        self._since = now

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time spent in the block is this part's, but for what belongs to parts inside."""
        self._turn()
        self._running.append(name)
        try:
            yield
        finally:
            self._turn()
            self._running.pop()

    def stop(self) -> dict[str, float]:
        """The seconds by part until now."""
        self._turn()
        return self.seconds

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time counted as this part's."""

        @functools.wraps(function)
        def inner(*args: Any, **kwargs: Any) -> Any:
            with self.part(name):
                return function(*args, **kwargs)

        return inner


def replace(module: str, name: str, by: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Replace a function wherever the project's modules have it; nothing where the module was not imported."""
    original = getattr(sys.modules.get(module), name, None)
    if original is None:
        return
    new = by(original)
    for home in [m for key, m in sys.modules.items() if key.split(".")[0] == "tasks" or key == module]:
        for attribute in [key for key, value in vars(home).items() if value is original]:
            setattr(home, attribute, new)


def start(clocks: Clocks) -> None:
    """Time the functions that make up the parts."""
    for name in ("source", "target", "unlabelled", "oracle"):
        replace("tasks.common.samples", name, functools.partial(clocks.timed, "data"))
    for module, names in {
        "tasks.common.artifacts": ("write_npz", "write_json", "write_text"),
        "tasks.common.outcomes": ("save",),
    }.items():
        for name in names:
            replace(module, name, functools.partial(clocks.timed, "saving"))
    for name in ("read_npz", "read_json"):
        replace("tasks.common.artifacts", name, functools.partial(clocks.timed, "data"))
    loop = sys.modules.get("tasks.common.loop")
    if loop is not None:
        loop.Loop.run = clocks.timed("steps", loop.Loop.run)
        from tensorflow.python.eager.polymorphic_function import tracing_compilation

        # What tf.function calls for each new signature; not public, so that a new TensorFlow may want another name.
        made = tracing_compilation._create_concrete_function
        tracing_compilation._create_concrete_function = clocks.timed("tracing", made)


def age() -> float:
    """Seconds since this process was started or forked; Linux."""
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    return float(Path("/proc/uptime").read_text().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")


def around(run: Callable[..., Any]) -> Callable[..., Any]:
    """`tasks.common.entry.run`, which leaves its stage's clocks when it ends."""

    def inner(main: Callable[..., Any], command: str | None = None) -> Any:
        imports, clocks = age(), Clocks()
        start(clocks)
        try:
            return run(main, command)
        finally:
            FOLDER.mkdir(parents=True, exist_ok=True)
            found = {**clocks.stop(), "imports": imports}
            spec = sys.modules["__main__"].__spec__
            name = (spec.name if spec else sys.argv[0]).removesuffix(".__main__")
            (FOLDER / f"{time.time_ns()}-{os.getpid()}.json").write_text(
                json.dumps({"command": [name, *sys.argv[1:]], **found})
            )

    return inner
