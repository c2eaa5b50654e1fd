"""DVC's params files, read once for all stages: DVC reads the file, and walks through all of it, for each stage."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from dvc.dependency import param
from dvc.fs import LocalFileSystem, localfs
from dvc.utils.serialize import load_path

_of_dvc = param.read_param_file
_PATTERN = set("*?[]!")


def install() -> None:
    """From now on DVC's dependencies on params are looked up in what was read once, while the file stays the same."""
    param.read_param_file = read_param_file


def read_param_file(fs: Any, path: str, key_paths: list[str] | None = None, flatten: bool = False, **load: Any) -> Any:
    """As `dvc.dependency.param.read_param_file`; what is not asked for by plain dotted keys is left to it."""
    plain = key_paths and flatten and not load and isinstance(fs, LocalFileSystem)
    if not plain or any(_PATTERN & set(key) for key in key_paths or ()):
        return _of_dvc(fs, path, key_paths, flatten, **load)
    found = os.stat(path)
    content = _content(path, (found.st_mtime_ns, found.st_size, found.st_ino))
    values = {}
    for key in key_paths or ():
        try:
            values[key] = _plain(_at(content, key.split(".")))
        except LookupError:  # numbers as keys and other rarities
            values |= _of_dvc(fs, path, [key], flatten)
    return values


@lru_cache(maxsize=8)
def _content(path: str, _version: tuple[int, int, int]) -> Any:
    return load_path(path, localfs)


def _plain(node: Any) -> Any:
    """A copy in which nothing stands twice.

    DVC writes what stands twice as a YAML anchor, and numbers the anchors of each stage from 1: with two such stages
    nobody can read dvc.lock any more.
    """
    if isinstance(node, Mapping):
        return {key: _plain(value) for key, value in node.items()}
    return [_plain(value) for value in node] if isinstance(node, list) else node


def _at(content: Any, parts: Sequence[str]) -> Any:
    for part in parts:
        if not isinstance(content, Mapping):
            raise LookupError(part)
        content = content[part]
    return content
