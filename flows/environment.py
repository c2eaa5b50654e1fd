"""What of a machine and its settings may show in a result's last digits, as plain data for the journal.

No host name, and nothing that changes from one run to the next: it says nothing about the result.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from flows.errors import hint

FACTS = ("system", "processor", "accelerator", "python", "packages", "threads")
# Read by OpenMP, OpenBLAS, MKL, Accelerate, NumExpr, TensorFlow and cuBLAS as they start. What a command sets itself is
# a matter of its code and params, which DVC hashes.
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_DETERMINISTIC_OPS",
    "CUBLAS_WORKSPACE_CONFIG",
)
Facts = Mapping[str, Any]


def facts(root: Path, env: Mapping[str, str], declared: Iterable[str] = ()) -> dict[str, Any]:
    """The environment of a command that is started with ``env`` in the project at ``root``.

    Args:
        declared: Names as in `meta.environment`; packages that they name are recorded as well.

    Returns:
        {"system", "processor", "accelerator", "python": text; "packages": {name: version} of those that pyproject.toml
        names under dependencies, as this Python has them; "threads": {"cores": how many, variable: its value}}.
    """
    named = {name.partition(".")[2] for name in declared if name.startswith("packages.")}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "accelerator": _accelerator(env.get("CUDA_VISIBLE_DEVICES")),
        "python": platform.python_version(),
        "packages": {name: version for name in sorted(named | _direct(root)) if (version := _version(name))},
        "threads": {"cores": cores, **{name: env[name] for name in THREADS if name in env}},
    }


def known(name: str) -> str:
    """A name that `meta.environment` may have: a fact, a package of it, a thread setting of it.

    >>> known("accelerator"), known("threads.OMP_NUM_THREADS"), known("packages.numpy")
    ('accelerator', 'threads.OMP_NUM_THREADS', 'packages.numpy')

    Raises:
        ValueError: It is none.
    """
    fact, _, part = name.partition(".")
    if fact not in FACTS or (part and fact not in ("packages", "threads")) or name.endswith("."):
        more = "packages.NAME or threads.VARIABLE"
        raise ValueError(f"'{name}' to be one of {', '.join(FACTS)}, {more}.{hint(name, FACTS)}")
    if part and fact == "threads" and part not in ("cores", *THREADS):
        raise ValueError(f"'{part}' to be one of cores, {', '.join(THREADS)}.{hint(part, THREADS)}")
    if part and fact == "packages" and not _version(part):
        raise ValueError(f"the name of a package that is installed; '{part}' is not")
    return name


def differences(then: Facts, now: Facts, names: Iterable[str] = FACTS) -> list[str]:
    """What is another one now, a line each.

    >>> a, b = {"accelerator": "CPU", "packages": {"x": "1"}}, {"accelerator": "A100", "packages": {"x": "2"}}
    >>> differences(a, b, ["accelerator", "packages.x"])
    ['accelerator was CPU, is A100', 'packages.x was 1, is 2']
    """
    asked = list(names)
    before, after = chosen(then, asked), chosen(now, asked)
    return [
        f"{key} was {before.get(key, 'not set')}, is {after.get(key, 'not set')}"
        for key in dict.fromkeys((*before, *after))
        if before.get(key) != after.get(key)
    ]


def chosen(found: Facts, names: Iterable[str] = FACTS) -> dict[str, Any]:
    """The named facts, each under its whole name.

    >>> chosen({"python": "3.11.2", "packages": {"x": "1", "y": "2"}}, ["packages.y", "python"])
    {'packages.y': '2', 'python': '3.11.2'}
    """
    flat = _flat(found)
    return {key: flat[key] for name in names for key in flat if key == name or key.startswith(f"{name}.")}


def kind(found: Facts) -> str:
    """A machine in one line.

    >>> kind({"system": "Linux x86_64", "processor": "", "accelerator": "CPU", "python": "3.11.2"})
    'Linux x86_64, CPU, Python 3.11.2'
    """
    parts = [found.get("system"), found.get("processor"), found.get("accelerator")]
    if found.get("python"):
        parts.append(f"Python {found['python']}")
    return ", ".join(part for part in parts if part)


def _flat(found: Facts) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in found.items():
        flat |= {f"{name}.{part}": one for part, one in value.items()} if isinstance(value, Mapping) else {name: value}
    return flat


def _accelerator(visible: str | None) -> str:
    """The kinds of NVIDIA GPUs that a command may see, however many; CPU where it sees none."""
    numbers = None if visible is None else [part.strip() for part in visible.split(",") if part.strip()]
    if numbers is not None and (not numbers or numbers[0] == "-1"):
        return "CPU"
    gpus = _gpus()
    seen = {gpus[number] for number in numbers or gpus if number in gpus} or set(gpus.values())
    return " and ".join(sorted(seen)) or "CPU"


@cache
def _gpus() -> dict[str, str]:
    """{number: name} as nvidia-smi lists them: "GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-…)"."""
    try:
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return (
        dict(re.findall(r"^GPU (\d+): (.+?)(?: \(UUID.*)?$", done.stdout, re.MULTILINE)) if not done.returncode else {}
    )


@cache
def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    found = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.processor()


@cache
def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except (metadata.PackageNotFoundError, ValueError):
        return ""


@cache
def _direct(root: Path) -> frozenset[str]:
    """Names of the packages that pyproject.toml asks for."""
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    except (OSError, tomllib.TOMLDecodeError):
        return frozenset()
    found = (re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line) for line in project.get("dependencies", ()))
    return frozenset(match[0].lower() for match in found if match)
