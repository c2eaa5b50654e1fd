"""What dvc.lock says a stage was made from and resulted in, as plain data."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from dvc.dependency.param import ParamsDependency
from dvc.stage import PipelineStage
from scmrepo.git import Git

from flows.errors import Refused
from flows.store.objects import take
from flows.store.project import Project


@dataclass(frozen=True)
class Record:
    """One stage's record; paths are relative to the project's root.

    Attributes:
        command: As dvc.lock has it: a text or a list of them.
        params: {"params.yaml: knob": value}.
        deps, outs: {path: hash}.
        metrics: Those of the outputs that are metrics.
    """

    command: Any = None
    params: Mapping[str, Any] = field(default_factory=dict)
    deps: Mapping[str, str | None] = field(default_factory=dict)
    outs: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()


def record(project: Project, name: str) -> Record | None:
    """What dvc.lock (or the stage's .dvc file) records of a stage; None if nothing."""
    with project._locked():
        stage = project._fresh(name)
        project._untouched[name] = project._mark(stage)
        command = stage.cmd
        if isinstance(stage, PipelineStage):
            entry = project._lock_of(stage).stage(stage.name)
            if not entry:
                return None
            command = entry.get("cmd")
        params: dict[str, Any] = {}
        deps: dict[str, str | None] = {}
        for dep in stage.deps:
            if isinstance(dep, ParamsDependency):
                params |= {f"{dep}: {key}": value for key, value in (dep.hash_info.value or {}).items()}
            else:
                deps[_path(project, dep)] = dep.hash_info.value if dep.hash_info else None
        outs = {_path(project, out): out.hash_info.value for out in stage.outs if out.hash_info}
        metrics = tuple(_path(project, out) for out in stage.outs if out.is_metric)
    return Record(command, params, deps, outs, metrics)


def copy_outputs(project: Project, name: str, folder: Path) -> None:
    """Copy a stage's outputs, as recorded, into a folder that has the project's shape.

    What DVC does not cache (`cache: false`) is copied from the workspace.

    Raises:
        Refused: If an output is not recorded, or not to be had.
    """
    stage = project._stages[name]
    advice = f"`dvc fetch {name}` brings it from a remote that has it; `headwater run {name}` makes it again"
    for out in stage.outs:
        path = _path(project, out)
        target = folder / path
        if not out.hash_info:
            raise Refused(f"{path} is needed, and dvc.lock has no record of '{name}', which makes it. Run it first")
        if out.use_cache:
            take(out, target, advice)
        elif out.exists and out.get_hash().value == out.hash_info.value and not Path(out.fs_path).is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(Path(out.fs_path).read_bytes())
        else:
            raise Refused(
                f"{path} is `cache: false`, and not in the workspace as dvc.lock records it. Run '{name}' first"
            )


def outside(project: Project, name: str) -> list[str]:
    """Outputs that the stage writes to a fixed place, wherever it runs: absolute paths, and other protocols."""
    return [
        out.def_path
        for out in project._stages[name].outs
        if out.protocol != "local" or os.path.isabs(out.def_path) or not out.is_in_repo
    ]


def unmade(project: Project, name: str, outs: set[str]) -> Iterator[str]:
    """The files a stage depends on that no stage makes, as far as they are there and .dvcignore lets DVC see them.

    Args:
        outs: What all stages make.
    """
    for dep in project._stages[name].deps:
        path = _path(project, dep)
        if dep.protocol != "local" or path in outs:
            continue
        if os.path.isfile(dep.fs_path):
            yield path
        for folder, _, files in project.repo.dvcignore.walk(project.repo.fs, dep.fs_path):
            for file in files:
                found = PurePosixPath(os.path.relpath(os.path.join(folder, file), project.root))
                if not outs & {str(found), *map(str, found.parents)}:
                    yield str(found)


def _path(project: Project, entry: Any) -> str:
    path: str = entry.fs_path
    return os.path.relpath(path, project.root) if os.path.isabs(path) else path


def uses_git(project: Project) -> bool:
    """Whether git keeps the project's own files."""
    return isinstance(project.repo.scm, Git)
