"""Git between coordinator and agent: which commit is meant, and that commit in a folder of its own."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from flows.errors import Refused, StageFailed
from flows.group import lives, since


def without_credentials(url: str) -> str:
    """A URL without user name and password, which agents have of their own.

    >>> without_credentials("https://me:token@example.org/a.git"), without_credentials("git@example.org:a.git")
    ('https://example.org/a.git', 'git@example.org:a.git')
    >>> without_credentials("ssh://git@example.org/a.git")
    'ssh://git@example.org/a.git'
    """
    if url.startswith("ssh://"):  # the user's name is part of the address there, a password is not
        return re.sub(r"^(ssh://[^/@:]+):[^/@]*@", r"\1@", url)
    return re.sub(r"^([a-z+]+://)[^/]*@", r"\1", url)


def _git(where: Path, *arguments: str) -> str:
    """
    Raises:
        StageFailed: With what git said.
    """
    env = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        env.pop(name, None)
    try:
        done = subprocess.run(
            ["git", "-C", str(where), *arguments], env=env, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise StageFailed(f"git cannot be started: {error.strerror}") from None
    if done.returncode:
        said = re.sub(r"(\w+://)[^/\s]*@", r"\1", done.stderr.strip())
        raise StageFailed(f"git {arguments[0]} failed: {said or f'code {done.returncode}'}")
    return done.stdout


def standing(root: Path, outs: Iterable[str]) -> tuple[str, str, str]:
    """(repository, commit, folder) that an agent needs to have the same files.

    Args:
        outs: Outputs of the project's stages, relative to its root: git may keep some, and a run changes them.

    Raises:
        Refused: The project is not in git, has no remote, or has changes that are not committed.
    """
    try:
        top = Path(_git(root, "rev-parse", "--show-toplevel").strip())
        commit = _git(root, "rev-parse", "HEAD").strip()
        changed = [line for line in _git(root, "diff", "--name-only", "--relative", "-z", "HEAD").split("\0") if line]
        remotes = _git(root, "remote").split()
        if not remotes:
            raise Refused(
                "agents get the code from git, and this repository has no remote (`git remote add origin URL`)"
            )
        url = _git(root, "remote", "get-url", "origin" if "origin" in remotes else remotes[0]).strip()
    except StageFailed as error:
        raise Refused(f"agents get the code from git: {error}") from None
    made = set(outs)
    dirty = [path for path in changed if Path(path).name != "dvc.lock" and not _inside(path, made)]
    if dirty:
        more = f" and {len(dirty) - 5} more" if len(dirty) > 5 else ""
        raise Refused(
            f"agents work on a commit, and {', '.join(dirty[:5])}{more} changed since the last. "
            "Commit and push, or run all stages here with --local"
        )
    if "://" not in url and not re.match(r"[\w.-]+@?[\w.-]*:", url):
        url = str((top / url).resolve())
    return without_credentials(url), commit, str(root.resolve().relative_to(top.resolve()))


def head(root: Path) -> str:
    """The commit's short name, with a + where files differ from it; "" outside git."""
    try:
        return _git(root, "describe", "--always", "--dirty=+", "--abbrev=7", "--exclude=*").strip()
    except StageFailed:
        return ""


def _inside(path: str, outs: set[str]) -> bool:
    return any(path == out or path.startswith(out.rstrip("/") + "/") for out in outs)


@contextlib.contextmanager
def checkout(home: Path, repository: str, commit: str) -> Iterator[Path]:
    """The commit's files in a folder of their own, removed at the end; the repository itself is fetched once.

    Raises:
        StageFailed: The repository cannot be reached, or does not have the commit.
    """
    _clear(home)
    mirror = home / "repositories" / hashlib.sha256(repository.encode()).hexdigest()[:16]
    folder = home / "work" / f"{os.getpid()}-{since(os.getpid()):.2f}"
    mirror.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True)
    try:
        with mirror.with_suffix(".lock").open("w") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            if not (mirror / "HEAD").exists():
                shutil.rmtree(mirror, ignore_errors=True)
                _git(home, "init", "--quiet", "--bare", str(mirror))
            if not _has(mirror, commit):
                _git(mirror, "fetch", "--quiet", "--prune", "--", repository, "+refs/*:refs/*")
            if not _has(mirror, commit):
                raise StageFailed(f"{repository} does not have commit {commit[:12]}; `git push` it first")
            _git(home, "clone", "--quiet", "--no-checkout", "--", str(mirror), str(folder / "repository"))
        _git(folder / "repository", "checkout", "--quiet", "--detach", commit)
        yield folder / "repository"
    finally:
        os.chdir(home)
        shutil.rmtree(folder, ignore_errors=True)


def _has(mirror: Path, commit: str) -> bool:
    with contextlib.suppress(StageFailed):
        _git(mirror, "cat-file", "-e", f"{commit}^{{commit}}")
        return True
    return False


def _clear(home: Path) -> None:
    """Remove what agents that were killed left."""
    for folder in (home / "work").glob("*-*"):
        pid, _, began = folder.name.partition("-")
        with contextlib.suppress(ValueError):
            if not lives(int(pid), float(began)):
                shutil.rmtree(folder, ignore_errors=True)
