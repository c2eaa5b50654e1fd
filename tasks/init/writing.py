"""Blocks put into params.yaml. Only lines are added, so that comments, quotes and order stay as a person left them;
what came of it is then read and compared with what was meant, before anything is written."""

from __future__ import annotations

import copy
import io
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML, YAMLError

from tasks.common.errors import UserError

SUITE = "basics"
"""Methods that need neither unlabelled samples nor a second task."""


def added(
    text: str, files: Mapping[str, str], datasets: Mapping[str, list[str]], study: str, lines: list[str], run: str
) -> str:
    """params.yaml with data sets and a study.

    Args:
        files: Data set -> its path.
        datasets: Data set -> the lines of its block.
        study, lines: The study's name and the lines of its block.
        run: Its entry under run.studies, as a flow mapping.

    Raises:
        UserError: If a name is taken, or the file has a form that lines cannot be added to.
    """
    before = loaded(text)
    for key, names in (("datasets", datasets), ("studies", [study])):
        taken = [name for name in names if name in (before.get(key) or {})]
        if taken:
            raise UserError(f"params.yaml: {key} has '{taken[0]}' already; choose another name with --name.")
    rows = text.splitlines()
    convolutional = any("convolutional" in line for line in lines)
    rows = into(rows, ("overrides",), [f"{study}: {_overrides(rows, convolutional)}"])
    rows = into(rows, ("studies",), [f"{study}:", *(f"  {line}" for line in lines)])
    for name, block in datasets.items():
        rows = into(rows, ("datasets",), [f"{name}:", *(f"  {line}" for line in block)])
    rows = _member(rows, ("suites", SUITE, "studies"), study)
    rows = into(rows, ("run", "files"), [f"{name}: {_quoted(path)}" for name, path in files.items()])
    rows = into(rows, ("run", "studies"), [f"{study}: {run}"])
    result = "\n".join(rows) + "\n"
    _as_meant(before, loaded(result), files, list(datasets), study)
    return result


def loaded(text: str) -> Any:
    """The plain content of params.yaml."""
    try:
        return YAML(typ="safe", pure=True).load(io.StringIO(text))
    except YAMLError as error:
        raise UserError(f"params.yaml is not valid YAML: {error}") from None


def _quoted(path: str) -> str:
    return "'" + path.replace("'", "''") + "'" if re.search(r"[^\w./-]", path) else path


def place(rows: list[str], keys: tuple[str, ...]) -> tuple[int, int]:
    """The line of a key and the line after the last of its block.

    Raises:
        UserError: If it is not there as a block of lines.
    """
    start, end, depth = -1, len(rows), 0
    for key in keys:
        found = [row for row in range(start + 1, end) if re.match(rf"\s{{{depth}}}{re.escape(key)}:(\s|$)", rows[row])]
        if not found:
            raise UserError(f"params.yaml has no block '{'.'.join(keys)}' that lines can be added to; add it.")
        start = found[0]
        after = [row for row in range(start + 1, end) if re.match(rf"\s{{0,{depth}}}[^\s#]", rows[row])]
        end = after[0] if after else end
        depth += 2
    # Comments and blank lines before the next key are its own.
    while end > start + 1 and not re.match(rf"\s{{{depth},}}\S", rows[end - 1]):
        end -= 1
    return start, end


def into(rows: list[str], keys: tuple[str, ...], lines: list[str]) -> list[str]:
    """Lines added at the end of a block; an empty ``{}`` becomes one."""
    start, end = place(rows, keys)
    indent = " " * (2 * len(keys))
    head = re.sub(r":\s*\{\s*\}", ":", rows[start], count=1)
    return [*rows[:start], head, *rows[start + 1 : end], *(indent + line for line in lines), *rows[end:]]


def _member(rows: list[str], keys: tuple[str, ...], name: str) -> list[str]:
    """A name added to a list in brackets on one line."""
    start, _ = place(rows, keys)
    changed = re.sub(r"\[\s*\]", f"[{name}]", rows[start]) if "[]" in rows[start] else ""
    changed = changed or re.sub(r"\s*\]", f", {name}]", rows[start], count=1)
    if changed == rows[start]:
        raise UserError(f"params.yaml: {'.'.join(keys)} is no list in brackets on one line; write it so.")
    return [*rows[:start], changed, *rows[start + 1 :]]


def _overrides(rows: list[str], convolutional: bool) -> str:
    """An alias of the block that suits the network, where the file has one."""
    for anchor in ("convolutional", "none") if convolutional else ("none",):
        if any(re.search(rf":\s*&{anchor}(\s|$)", row) for row in rows):
            return f"*{anchor}"
    raise UserError("params.yaml: overrides has no entry with the anchor &none, which every study can stand on.")


def _as_meant(before: Any, after: Any, files: Mapping[str, str], datasets: list[str], study: str) -> None:
    """Nothing, if the file says what it said, and the new blocks beside.

    Raises:
        UserError: If something else changed: then lines cannot be added to this file.
    """
    left = copy.deepcopy(after)
    try:
        for name in datasets:
            del left["datasets"][name]
        assert {name: left["run"]["files"].pop(name) for name in files} == dict(files)
        for block in (left["run"]["studies"], left["studies"], left["overrides"]):
            del block[study]
        left["suites"][SUITE]["studies"].remove(study)
        left["run"]["files"] = left["run"]["files"] or before["run"].get("files") or {}
        same = left == before
    except (KeyError, ValueError, TypeError, AssertionError):
        same = False
    if not same:
        raise UserError("params.yaml has a form that blocks cannot be added to by lines; nothing was written.")
