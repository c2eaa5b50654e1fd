"""Which files of the project a module reaches when it is run, found by reading the code."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def reached(module: str, root: Path = ROOT) -> frozenset[Path]:
    """All project files that ``python -m module`` imports, transitively, packages' ``__init__`` included."""
    start = [module, f"{module}.__main__"]
    seen: set[Path] = set()
    waiting = [name for name in start if _files(name, root)]
    while waiting:
        for file in _files(waiting.pop(), root) - seen:
            seen.add(file)
            waiting += _imports(ast.parse(file.read_text(encoding="utf-8")))
    return frozenset(file.relative_to(root) for file in seen)


def _files(module: str, root: Path) -> set[Path]:
    """The module's own file and the ``__init__`` of each package on the way to it."""
    parts = module.split(".")
    packages = {root.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)}
    found = {path for path in (root.joinpath(*parts).with_suffix(".py"), *packages) if path.is_file()}
    return found if (root / parts[0]).is_dir() else set()


def _imports(tree: ast.AST) -> list[str]:
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in names if name.split(".")[0] in ("tasks", "flows")]
