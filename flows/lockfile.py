"""dvc.lock: read one stage, replace one stage, old or new but never torn.

DVC parses and writes the whole file for each stage, in place: the time for n stages grows as n², and a kill in
mid-write leaves 0 bytes. Here the text is cut into one block a stage, a block is parsed only when asked for, and the
file is replaced by rename. The text is what DVC itself would write.
"""

from __future__ import annotations

import io
import os
import re
import stat
import tempfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, YAMLError

from flows.errors import Refused

_KEY = re.compile(r"  (?P<key>[^\s'\"#?&*!|>%@`\-\[\]{},][^'\"#]*|'[^']+'|\"[^\"\\]+\"):\s*")
Signature = tuple[int, int, int] | None


def signature(path: Path) -> Signature:
    """Changes whenever the file was written or replaced; None while there is none."""
    try:
        info = path.stat()
    except FileNotFoundError:
        return None
    return (info.st_mtime_ns, info.st_size, info.st_ino)


def dumps(data: Mapping[str, Any]) -> str:
    """YAML text, formatted as DVC formats it."""
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.Representer.add_representer(OrderedDict, yaml.Representer.represent_dict)
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()


def split(text: str) -> tuple[str, dict[str, str], str] | None:
    """The text before the stages, {stage: its lines}, and the text after them.

    None when the text has a shape that DVC does not write itself (comments, other indents, merge markers); the
    caller then goes the slow way.

    >>> split("schema: '2.0'\\nstages:\\n  a:\\n    cmd: x\\n")
    ("schema: '2.0'\\nstages:\\n", {'a': '  a:\\n    cmd: x\\n'}, '')
    """
    head: list[str] = []
    tail: list[str] = []
    blocks: dict[str, list[str]] = {}
    current = head
    inside = False
    for line in text.splitlines(keepends=True):
        if line.startswith(("#", "<<<<", ">>>>", "---", "...", "\t")) or not line.endswith("\n"):
            return None
        if not line.startswith(" ") and line.strip():
            if inside:
                inside, current = False, tail
            if line == "stages:\n":
                if blocks:
                    return None
                inside = True
            current.append(line)
        elif inside and line.startswith("  ") and line[2:3] not in (" ", "\n", ""):
            match = _KEY.fullmatch(line)
            if not match:
                return None
            current = blocks.setdefault(match["key"].strip("'\""), [])
            if current:
                return None
            current.append(line)
        elif inside and not blocks:
            return None
        else:
            current.append(line)
    if not any(line == "stages:\n" for line in head):
        return None
    return "".join(head), {name: "".join(lines) for name, lines in blocks.items()}, "".join(tail)


class LockFile:
    """One dvc.lock. The caller holds DVC's repo lock around every call."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: Signature = None
        self._parts: tuple[str, dict[str, str], str] | None = None
        self._whole: dict[str, Any] | None = None  # only when the text could not be cut

    def stage(self, name: str) -> dict[str, Any]:
        """What was recorded for the stage, or {}."""
        self._refresh()
        if self._parts is None:
            return dict((self._whole or {}).get("stages", {}).get(name, {}))
        block = self._parts[1].get(name)
        return dict(self._parse(block)[name]) if block else {}

    def replace(self, name: str, entry: Mapping[str, Any]) -> None:
        """Record ``entry`` for the stage, keeping all else; does nothing if that is what stands there."""
        self._refresh()
        if self._parts is None:
            data = self._round_trip()
            if data.get("stages", {}).get(name) == entry:
                return
            data.setdefault("schema", "2.0")
            data.setdefault("stages", {})
            data["stages"][name] = entry
            self._write(dumps(data))
            return
        head, blocks, tail = self._parts
        block = dumps({"stages": {name: entry}}).split("\n", 1)[1]
        if blocks.get(name) == block:
            return
        blocks[name] = block
        self._write("".join([head, *blocks.values(), tail]))

    def _refresh(self) -> None:
        seen = signature(self.path)
        if seen == self._seen and (seen is None or self._parts is not None or self._whole is not None):
            return
        text = self.path.read_text(encoding="utf-8") if seen else ""
        self._seen, self._parts = seen, split(text)
        self._whole = None if self._parts else self._parse(text)

    def _parse(self, text: str) -> dict[str, Any]:
        try:
            data = YAML(typ="safe").load(text) or {}
        except YAMLError as error:
            where = getattr(error, "problem_mark", None)
            line = f", line {where.line + 1}" if where else ""
            raise Refused(
                f"{self.path.name} cannot be read as YAML{line}. Take the last good one from git "
                f"(`git checkout -- {self.path.name}`), or delete it: finished stages come back from the run-cache."
            ) from None
        if not isinstance(data, dict):
            raise Refused(f"{self.path.name} holds {type(data).__name__}; expected keys and values. Delete it.")
        return data

    def _round_trip(self) -> dict[str, Any]:
        """All of it, with comments and order kept."""
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        return YAML(typ="rt").load(text) or {}

    def _write(self, text: str) -> None:
        replace_text(self.path, text)
        self._seen, self._parts = signature(self.path), split(text)
        self._whole = None if self._parts else self._parse(text)


def replace_text(path: Path, text: str, *, sync: bool = True) -> None:
    """Write ``text`` to a new file beside ``path`` and rename it over: readers see old or new, nothing between.

    Args:
        sync: So even if the machine itself goes down.
    """
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask()
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            if sync:
                os.fsync(stream.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
