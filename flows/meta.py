"""A stage's ``meta:`` in dvc.yaml, typed: how it may run. It never changes what a stage results in.

DVC leaves ``meta`` out of all hashes, so a longer timeout or another pool reruns nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from flows import environment
from flows.dag import Graph
from flows.errors import Refused, hint

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def seconds(value: Any) -> float:
    """A duration: a number of seconds, or text such as ``90s``, ``10m``, ``1h30m``.

    >>> seconds("1h30m"), seconds(0.5)
    (5400.0, 0.5)
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
        return float(value)
    if isinstance(value, str) and re.fullmatch(r"(\d+(\.\d+)?[smhd])+", value):
        return sum(float(n) * _SECONDS[unit] for n, _, unit in re.findall(r"(\d+(\.\d+)?)([smhd])", value))
    raise ValueError("a positive number of seconds, or text such as '90s', '10m', '1h30m'")


def size(value: Any) -> int:
    """A memory size: a number of bytes, or text such as ``500M`` or ``4G`` (powers of 1024).

    >>> size("2K")
    2048
    """
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if isinstance(value, str) and (match := re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT]?)(?:i?B)?", value)):
        return int(float(match[1]) * _BYTES[match[2]])
    raise ValueError("a number of bytes, or text such as '500M' or '4G'")


def count(value: Any) -> int:
    """A whole number, 0 or more."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError("a whole number, 0 or more")


def names(value: Any) -> tuple[str, ...]:
    """One text, or a list of texts."""
    if isinstance(value, str) and value:
        return (value,)
    if isinstance(value, list) and all(isinstance(v, str) and v for v in value):
        return tuple(value)
    raise ValueError("a text or a list of texts")


def modules(value: Any) -> tuple[str, ...]:
    """One name of a Python module, or a list of them.

    >>> modules("package.module")
    ('package.module',)
    """
    found = names(value)
    if all(part.isidentifier() for module in found for part in module.split(".")):
        return found
    raise ValueError("a module's name such as 'package.module', or a list of them")


def facts(value: Any) -> tuple[str, ...]:
    """Names of facts about a machine and its settings (see `environment.py`).

    >>> facts(["accelerator", "packages.numpy"])
    ('accelerator', 'packages.numpy')
    """
    return tuple(map(environment.known, names(value)))


def name(value: Any) -> str:
    """One text."""
    if isinstance(value, str) and value:
        return value
    raise ValueError("a text")


def pool(value: Any) -> str | None:
    """The name of a Prefect work pool; ``none`` is this machine.

    >>> pool("none"), pool("gpus")
    (None, 'gpus')
    """
    return None if value in (None, "none", "") else name(value)


@dataclass(frozen=True)
class Meta:
    """How a stage may run; every default means "no limit, no claim".

    Attributes:
        retries: How often a failed command is started again.
        retry_delay: Seconds before each of those.
        timeout: Seconds until the command is ended and counts as failed.
        cores: Cores it claims of the machine; stages run side by side only while claims fit.
        memory: Bytes it claims.
        gpus: GPUs it claims; their numbers go into CUDA_VISIBLE_DEVICES.
        mutex: Names of things only one stage may hold at a time.
        pool: Prefect work pool whose agents make it; None runs it here.
        environment: What of the environment its result is meant to depend on; said by `why`, `status` and `doctor`
            where a result is from another. DVC's hashes know nothing of it, so it reruns nothing.
        preload: Modules its command imports first and that are slow to import: done once a run (see `warm.py`).
        show: Files whose text is printed at the end of a run that has this stage as a target.
    """

    retries: int = 0
    retry_delay: float = 0.0
    timeout: float | None = None
    cores: int = 0
    memory: int = 0
    gpus: int = 0
    mutex: tuple[str, ...] = ()
    pool: str | None = None
    environment: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    show: tuple[str, ...] = ()


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "retries": count,
    "retry_delay": seconds,
    "timeout": seconds,
    "cores": count,
    "memory": size,
    "gpus": count,
    "mutex": names,
    "pool": pool,
    "environment": facts,
    "preload": modules,
    "show": names,
}
assert set(_PARSERS) == {f.name for f in fields(Meta)}


def complaints(stage: str, raw: Any) -> list[str]:
    """What is wrong with one stage's ``meta``, a line each; nothing when it is well."""
    if raw is None:
        return []
    if not isinstance(raw, Mapping):
        return [f"stage '{stage}': meta is {raw!r}; expected keys and values such as {{timeout: 10m}}"]
    found = []
    for key, value in raw.items():
        if key not in _PARSERS:
            known = ", ".join(sorted(_PARSERS))
            found.append(f"stage '{stage}': meta.{key} is unknown; known: {known}.{hint(str(key), _PARSERS)}")
            continue
        try:
            _PARSERS[key](value)
        except ValueError as error:
            found.append(f"stage '{stage}': meta.{key} is {value!r}; expected {error}")
    return found


def parse(raw: Any) -> Meta:
    """The typed form of a ``meta`` that `complaints` has nothing against."""
    return Meta(**{key: _PARSERS[key](value) for key, value in (raw or {}).items()})


def check(graph: Graph) -> dict[str, Meta]:
    """Every stage's typed meta.

    Raises:
        Refused: With every complaint about every stage at once.
    """
    wrong = [line for stage in graph.values() for line in complaints(stage.name, stage.meta)]
    if wrong:
        raise Refused("\n".join(wrong))
    return {stage.name: parse(stage.meta) for stage in graph.values()}
