"""The results that a project's reports are made of, as they stand in a git revision or in the workspace.

A report is a stage with `meta.show`. It is made of its own metrics and of what it reads that other stages made.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dvc.repo.brancher import switch
from dvc.scm import SCMError
from dvc.stage import PipelineStage
from scmrepo.git import Git

from flows.errors import Refused
from flows.store.complaints import user_errors
from flows.store.objects import overlap, take
from flows.store.project import Project


def gather(project: Project, revision: str | None, folder: Path, names: set[str] | None = None) -> dict[str, list[str]]:
    """Copy what reports are made of into a folder, each file at its path in the project.

    Args:
        revision: Anything git knows a commit by; None for the workspace as it stands.
        names: The reports to take; without, all.

    Returns:
        {report: what it lacks}: outputs that are not recorded in that revision, or not in the workspace.

    Raises:
        Refused: If git does not know the revision, its dvc.yaml is broken, or a recorded object cannot be had.
    """
    # A revision does not change: nobody needs to wait while it is read.
    with project._locked() if revision is None else user_errors(), _at(project.repo, revision) as repo:
        missing: dict[str, list[str]] = {}
        for report, outs in _wanted(repo).items():
            if names is None or report in names:
                missing[report] = [p for p in (_place(repo, out, revision, folder) for out in outs) if p]
        return missing


@contextmanager
def _at(repo: Any, revision: str | None) -> Iterator[Any]:
    """The DVC project as it was in a revision."""
    if revision is None:
        yield repo
        return
    if not isinstance(repo.scm, Git):
        raise Refused(f"'{revision}' is looked up in git, and this project is not in a git repository")
    config = repo.config
    try:
        with switch(repo, revision):
            repo.config = config  # the remotes of today: those of that revision may be long gone
            yield repo
    except SCMError as error:
        raise Refused(
            f"git does not know the revision '{revision}' ({error}); `git log --oneline` lists them"
        ) from None


def _wanted(repo: Any) -> dict[str, list[Any]]:
    """{report: the outputs it is made of}, DVC's own objects."""
    stages = repo.index.stages
    made = [out for stage in stages for out in stage.outs]
    found = {}
    for stage in stages:
        if not (isinstance(stage.meta, Mapping) and stage.meta.get("show")):
            continue
        deps = [dep.fs_path for dep in stage.deps if dep.protocol == "local"]
        read = [out for out in made if any(overlap(out.fs_path, dep) for dep in deps)]
        found[_name(repo, stage)] = [out for out in stage.outs if out.is_metric] + read
    return found


def _name(repo: Any, stage: Any) -> str:
    """As DVC addresses it from the project's root; its own `addressing` takes another revision's files for far away."""
    path: str = repo.fs.relpath(stage.path, repo.root_dir)
    if not isinstance(stage, PipelineStage):
        return path
    return stage.name if path == "dvc.yaml" else f"{path}:{stage.name}"  # type: ignore[no-any-return]


def _place(repo: Any, out: Any, revision: str | None, folder: Path) -> str | None:
    """Copy one output; its path if there is nothing to copy."""
    path: str = repo.fs.relpath(out.fs_path, repo.root_dir)
    target = folder / path
    if target.exists():
        return None
    if revision is None:
        source = Path(out.fs_path)
        if not source.exists():
            return path
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)
        return None
    if not out.use_cache and repo.fs.exists(out.fs_path):  # git has it
        target.parent.mkdir(parents=True, exist_ok=True)
        repo.fs.get(out.fs_path, os.fspath(target))
        return None
    if not out.hash_info or not out.use_cache:
        return path
    stage = _name(repo, out.stage)
    take(
        out,
        target,
        f"`dvc fetch --all-commits {stage}` brings it from a remote that has it; without one, {revision} "
        "has to be checked out and run again",
    )
    return None
