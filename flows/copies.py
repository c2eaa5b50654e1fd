"""A clean copy of a DVC project in a temporary folder, with a cache of its own, and what killed runs left of such.

It has the project's files as they stand (what git tracks, and what it neither tracks nor ignores), and no output.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from flows.errors import Refused
from flows.group import lives, since

PREFIX, OWNER = "headwater-reproduce-", "owner.json"
_STATE = {".git", ".dvc", ".headwater", ".prefect", "__pycache__"}
# A cache of its own, and links that cannot reach back: what is done to the copy stays in the copy.
_SETTINGS = """[core]
    no_scm = true
    analytics = false
    site_cache_dir = "{site}"
[cache]
    dir = "{cache}"
    type = "reflink,copy"
"""


@contextlib.contextmanager
def clean(root: Path, outs: Iterable[str], *, in_git: bool, keep: bool = False) -> Iterator[Path]:
    """The root of a clean copy, removed at the end.

    Args:
        outs: Outputs of the project's stages, relative to its root: left out where git does not tell them apart.
        in_git: Whether git says which files are the project's own; else all but outputs and tools' state are.
        keep: Leave it there.
    """
    folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
    try:
        owner = {"project": str(root), "pid": os.getpid(), "since": since(os.getpid())}
        (folder / OWNER).write_text(json.dumps(owner))
        copy = folder / root.name
        copy.mkdir()
        for path in _tracked(root) if in_git else _found(root, set(outs)):
            _copy(root / path, copy / path)
        _settle(root, copy)
        yield copy
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def leftovers(root: Path) -> list[Path]:
    """Copies of this project that a killed process left."""
    found = []
    for owner in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{OWNER}"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            facts = json.loads(owner.read_text())
            if facts["project"] == str(root) and not lives(facts["pid"], facts["since"]):
                found.append(owner.parent)
    return found


def bring(root: Path, copy: Path, path: str) -> None:
    """Copy a file or folder that no stage makes and git does not know, if it is there."""
    if (root / path).exists() and not (copy / path).exists():
        _copy(root / path, copy / path)


def check_inside(copy: Path, outs: Iterable[str]) -> None:
    """Refuse outputs that a link would lead out of the copy, maybe back into the project.

    Raises:
        Refused: With the first such output.
    """
    for out in outs:
        place = (copy / out).parent.resolve()
        if not place.is_relative_to(copy.parent):
            raise Refused(f"{out} lies behind a link to {place}; executed in a copy, its stage would write there")


def _tracked(root: Path) -> list[str]:
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        raise Refused(f"git cannot be started, and only it knows the project's files: {error.strerror}") from None
    if done.returncode:
        raise Refused(f"git cannot list the project's files: {done.stderr.decode(errors='replace').strip()}")
    return sorted({os.fsdecode(name) for name in done.stdout.split(b"\0") if name})


def _found(root: Path, outs: set[str]) -> Iterator[str]:
    """Every file but outputs and tools' state."""
    for folder, folders, files in os.walk(root):
        here = PurePosixPath(os.path.relpath(folder, root))
        folders[:] = [name for name in folders if name not in _STATE and str(here / name) not in outs]
        links = [name for name in folders if (root / here / name).is_symlink()]  # os.walk does not follow them
        for name in [*files, *links]:
            path = str(here / name)
            if path not in outs:
                yield path


def _copy(source: Path, target: Path) -> None:
    if not os.path.lexists(source):  # git tracks it, and somebody deleted it
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(*_STATE), dirs_exist_ok=True)
    else:
        shutil.copy2(source, target, follow_symlinks=False)


def _settle(root: Path, copy: Path) -> None:
    """Make the copy a DVC project that shares nothing with the first."""
    (copy / ".dvc").mkdir(exist_ok=True)
    if (root / ".dvc" / "config").exists():
        shutil.copyfile(root / ".dvc" / "config", copy / ".dvc" / "config")
    settings = _SETTINGS.format(site=copy.parent / "site", cache=copy.parent / "cache")
    (copy / ".dvc" / "config.local").write_text(settings)
