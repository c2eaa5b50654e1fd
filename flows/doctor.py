"""`headwater doctor`: what DVC does not look at, and what will bite later.

Each finding says what was found, why it matters and what to do; some can be put right here (`--fix`).
"""

from __future__ import annotations

import ast
import functools
import shlex
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from flows import copies, meta
from flows.dag import Graph, Stage
from flows.provenance import origins
from flows.store import Store


@dataclass(frozen=True)
class Finding:
    """One thing to look at; ``fix`` puts it right and returns what it did, where that is safe."""

    text: str
    fix: Callable[[], str] | None = None


def examine(store: Store, graph: Graph) -> list[Finding]:
    """Everything found, the most serious first."""
    root = store.root
    found = [*store_findings(store), *left_copies(root), *other_environments(store, graph)]
    for stage in graph.values():
        found += imports(stage, graph, root)
    for name, paths in store.uncached(graph).items():
        found.append(
            Finding(
                f"stage '{name}': {', '.join(paths)} is `cache: false`; the run-cache does not bring it back on "
                "another machine. Leave `cache: false` out, unless git tracks the file"
            )
        )
    return found


def store_findings(store: Store) -> Iterator[Finding]:
    """Stale entries of DVC's rwlock, and recorded results that the cache has lost."""
    stale = store.claims.stale()
    if stale:
        yield Finding(
            f"DVC's rwlock names {len(stale)} dead processes ({', '.join(map(str, sorted(stale)))}); commands that "
            "were killed left them",
            lambda: f"removed {store.drop_stale_claims()} entries",
        )
    for name, paths in store.unreachable().items():
        yield Finding(
            f"stage '{name}': the cache has no (or a damaged) copy of {', '.join(paths)}; it cannot be checked out "
            f"again. `dvc fetch {name}` from a remote, or run it again with `headwater run --single --force {name}`"
        )


def left_copies(root: Path) -> Iterator[Finding]:
    """Copies of the project that a killed `headwater reproduce` left."""

    def remove(folder: Path) -> str:
        shutil.rmtree(folder)
        return f"removed {folder}"

    for folder in copies.leftovers(root):
        text = f"{folder} is a copy of this project that a `headwater reproduce` left when it was killed"
        yield Finding(text, functools.partial(remove, folder))


def other_environments(store: Store, graph: Graph) -> Iterator[Finding]:
    """Results made where what `meta.environment` names was another. To DVC they are up to date: nothing reruns them."""
    typed = {name: meta.parse(stage.meta) for name, stage in graph.items() if not meta.complaints(name, stage.meta)}
    for name, origin in origins(store, {name: one for name, one in typed.items() if one.environment}).items():
        if origin.unlike:
            yield Finding(
                f"stage '{name}': made in another environment ({'; '.join(origin.unlike)}), which its meta.environment "
                f"names. `headwater run --single --force {name}` makes it anew"
            )


# ---- deps that the command's imports reach


def imports(stage: Stage, graph: Graph, root: Path) -> list[Finding]:
    """Project files that the stage's Python imports, however far, and no dep of it covers.

    Without them in ``deps``, a change in such a file leaves the stage cached.
    """
    starts = {path for command in stage.command for path in entries(command, root)}
    if not starts:
        return []
    reached = reach(starts, root)
    covered = [PurePosixPath(dep) for dep in stage.deps]
    missing = sorted(str(path) for path in reached if not any(path == dep or dep in path.parents for dep in covered))
    if not missing:
        return []
    return [
        Finding(
            f"stage '{stage.name}' would stay cached after a change in {missing[:6]}"
            f"{' and more' if len(missing) > 6 else ''}; its command imports them: add them to its deps in {stage.file}"
        )
    ]


def entries(command: str, root: Path) -> set[PurePosixPath]:
    """The project's Python files that a command line starts: ``python x.py``, ``python -m a.b``."""
    try:
        words = shlex.split(command, comments=True)
    except ValueError:
        return set()
    found: set[PurePosixPath] = set()
    for i, word in enumerate(words):
        if word == "-m" and i and "python" in words[i - 1] and i + 1 < len(words):
            found |= module_files(words[i + 1].rstrip(";"), root)
            found |= module_files(words[i + 1].rstrip(";") + ".__main__", root)
        elif word.rstrip(";").endswith(".py") and (root / word.rstrip(";")).is_file():
            found.add(PurePosixPath(word.rstrip(";")))
    return found


def module_files(module: str, root: Path, base: PurePosixPath | None = None) -> set[PurePosixPath]:
    """The project's files that importing ``module`` runs: each package's __init__, and the module itself."""
    found: set[PurePosixPath] = set()
    place = base or PurePosixPath(".")
    for part in module.split("."):
        place = place / part
        for candidate in (place / "__init__.py", place.with_name(place.name + ".py")):
            if (root / candidate).is_file():
                found.add(candidate)
    return found


def reach(starts: set[PurePosixPath], root: Path) -> set[PurePosixPath]:
    """All project files that these import, however far. Imports inside functions count; names in strings cannot."""
    found: set[PurePosixPath] = set()
    todo = list(starts)
    while todo:
        path = todo.pop()
        if path in found:
            continue
        found.add(path)
        todo += _imported(path, root)
    return found


def _imported(path: PurePosixPath, root: Path) -> set[PurePosixPath]:
    try:
        tree = ast.parse((root / path).read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError, OSError):
        return set()
    found: set[PurePosixPath] = set()
    beside = path.parent  # a script imports what lies beside it
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
            level = 0
        elif isinstance(node, ast.ImportFrom):
            name = node.module or ""
            modules = [name, *(f"{name}.{alias.name}".strip(".") for alias in node.names)]
            level = node.level
        else:
            continue
        bases = [path.parents[level - 1]] if level else [PurePosixPath("."), beside]
        for module in filter(None, modules):
            for base in bases:
                found |= module_files(module, root, base)
    return found
