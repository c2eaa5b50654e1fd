"""What dvc.yaml and git say of outputs besides how they are made: names to fetch them by, words, the commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scmrepo.exceptions import SCMError
from scmrepo.git import Git

from flows.store.complaints import user_errors
from flows.store.project import Project


@dataclass(frozen=True)
class Artifact:
    """An entry under ``artifacts:`` in the root's dvc.yaml; `dvc artifacts get REPO NAME` fetches it.

    Attributes:
        path: Relative to the project's root.
    """

    name: str
    path: str
    desc: str = ""
    labels: tuple[str, ...] = ()


def artifacts(project: Project) -> dict[str, Artifact]:
    """{name: artifact} of the root's dvc.yaml."""
    with user_errors():
        read: Mapping[str, Any] = project.repo.artifacts.read().get("dvc.yaml", {})
    return {
        name: Artifact(name, one.path, one.desc or "", tuple(map(str, one.labels or ()))) for name, one in read.items()
    }


def description(project: Project, name: str) -> str:
    """The ``desc`` of a stage, or nothing."""
    return str(getattr(project._stages[name], "desc", None) or "")


def commit(project: Project) -> tuple[str, list[str]] | None:
    """The git commit that is checked out, and the tracked files that differ from it; None without git or a commit."""
    scm = project.repo.scm
    if not isinstance(scm, Git):
        return None
    try:
        staged, unstaged, _ = scm.status(untracked_files="no")
        changed = {*unstaged, *(path for paths in staged.values() for path in paths)}
        return scm.get_rev(), sorted(map(str, changed))
    except SCMError:
        return None
