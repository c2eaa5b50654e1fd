"""What was planned, started, exited and committed: an append-only record, so that nothing finished is lost.

One JSON object a line in .headwater/journal.jsonl. A stage's lines in one attempt:

    planned    chosen by a run
    prepared   outputs deleted, deps hashed: {dep: hash}, and the command that is about to start
    started    its process group, and when that process began (process numbers come round again)
    exited     code, seconds, cpu_seconds, peak_bytes; for code 0 also what its outputs looked like then
    hashed     {output: hash}, before anything is moved into the cache
    committed  dvc.lock is written

The journal is a hint, never an authority: DVC's hashes decide what is up to date. It answers three questions that
hashes cannot. Did a command end well whose commit was lost? Does a command of a dead run still live? How long will a
stage take?
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import statistics
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from flows import process

MARK = "HEADWATER_RUN"  # in the environment of every command: finds those that outlived their run
KEEP_BYTES = 8 * 2**20  # a longer journal is cut down to each stage's last attempt, and the last durations


@dataclass(frozen=True)
class Attempt:
    """The last attempt at a stage, as far as it got."""

    run: str
    command: tuple[str, ...] = ()
    deps: Mapping[str, Any] = field(default_factory=dict)
    group: int | None = None
    group_started: float = 0.0
    code: int | None = None
    outs: Mapping[str, str] = field(default_factory=dict)
    hashed: Mapping[str, str] = field(default_factory=dict)
    committed: bool = False

    @property
    def lost(self) -> bool:
        """Whether the command ended well and its result was never recorded."""
        return self.code == 0 and not self.committed


class Journal:
    """The journal of one project; any number of runs may append at the same time."""

    def __init__(self, root: Path) -> None:
        self.path = root / ".headwater" / "journal.jsonl"
        self.run = uuid.uuid4().hex[:12]

    # ---- writing

    def open(self) -> None:
        """Say that this run exists, who it is, and since when."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        ignore = self.path.parent / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
        self._shorten()
        self.write("run", pid=os.getpid(), since=_since(os.getpid()))

    def write(self, event: str, stage: str | None = None, **facts: Any) -> None:
        """Append one line, in one write: lines of several runs do not mix."""
        record = {"event": event, "run": self.run, "time": round(time.time(), 3)}
        if stage is not None:
            record["stage"] = stage
        text = json.dumps({**record, **facts}, ensure_ascii=False, default=str) + "\n"
        handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":  # a line cut short by a full disk
                text = "\n" + text
            os.write(handle, text.encode())
        finally:
            os.close(handle)

    def started(self, stage: str, group: int) -> None:
        self.write("started", stage, group=group, since=_since(group))

    def close(self) -> None:
        self.write("end")

    # ---- reading

    def records(self) -> Iterator[dict[str, Any]]:
        """Every whole line; what was cut short is passed over."""
        with contextlib.suppress(FileNotFoundError), self.path.open("rb") as stream:
            for line in stream:
                with contextlib.suppress(ValueError):
                    record = json.loads(line)
                    if isinstance(record, dict) and "event" in record and "run" in record:
                        yield record

    def attempts(self) -> dict[str, Attempt]:
        """Each stage's last attempt, by any run."""
        return fold(self.records())

    def history(self) -> dict[str, list[dict[str, Any]]]:
        """Each stage's "exited" records that ended well, oldest first."""
        found: dict[str, list[dict[str, Any]]] = {}
        for record in self.records():
            if record["event"] == "exited" and record.get("code") == 0:
                found.setdefault(record["stage"], []).append(record)
        return found

    def seconds(self) -> dict[str, float]:
        """How long each stage is expected to take: the median of its last five runs."""
        return {
            name: statistics.median(record["seconds"] for record in records[-5:])
            for name, records in self.history().items()
        }

    # ---- what a dead run left behind

    def dead_runs(self) -> set[str]:
        """Runs that neither ended nor live."""
        runs: dict[str, tuple[int, float]] = {}
        ended = {self.run}
        for record in self.records():
            if record["event"] == "run":
                runs[record["run"]] = (record["pid"], record["since"])
            elif record["event"] == "end":
                ended.add(record.get("of", record["run"]))
        return {run for run, who in runs.items() if run not in ended and not lives(*who)}

    def live_runs(self) -> set[str]:
        """Other runs that are going on now."""
        records = [r for r in self.records() if r["event"] in ("run", "end")]
        ended = {r.get("of", r["run"]) for r in records if r["event"] == "end"} | {self.run}
        return {
            r["run"] for r in records if r["event"] == "run" and r["run"] not in ended and lives(r["pid"], r["since"])
        }

    def end_orphans(self) -> list[str]:
        """End every command that outlived its run; the names of their stages.

        Found by the process group in the journal and by the mark in their environment, which a command bears from its
        first moment on, so that no moment of death leaves one unfound.
        """
        dead = self.dead_runs()
        if not dead:
            return []
        found: dict[str, set[int]] = {}
        for stage, attempt in self.attempts().items():
            known = attempt.run in dead and attempt.group is not None and attempt.code is None
            if known and lives(attempt.group or 0, attempt.group_started):
                found.setdefault(stage, set()).add(attempt.group or 0)
        for other in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                env = other.environ()
                if env.get(MARK) in dead and other.pid != os.getpid():
                    found.setdefault(env.get("DVC_STAGE", "?"), set()).add(os.getpgid(other.pid))
        for groups in found.values():
            for group in groups:
                process.end_group(group)
        for run in dead:
            self.write("end", of=run)
        return sorted(found)

    def _shorten(self) -> None:
        """Replace a long journal by what is still of use, unless another run is writing to it."""
        if not self.path.exists() or self.path.stat().st_size < KEEP_BYTES:
            return
        records = list(self.records())
        live = {r["run"] for r in records if r["event"] == "run"} - {r["run"] for r in records if r["event"] == "end"}
        if live:
            return
        last = {r["stage"]: r["run"] for r in records if "stage" in r}
        recent: dict[str, list[float]] = {}
        for r in records:
            if r["event"] == "exited" and r.get("code") == 0:
                recent.setdefault(r["stage"], []).append(r["time"])
        keep = [
            r
            for r in records
            if "stage" in r
            and (
                last[r["stage"]] == r["run"]
                or (r["event"] == "exited" and r["time"] in recent.get(r["stage"], [])[-5:])
            )
        ]
        temporary = self.path.with_suffix(".new")
        temporary.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in keep))
        os.replace(temporary, self.path)


def fold(records: Iterable[Mapping[str, Any]]) -> dict[str, Attempt]:
    """The last attempt of each stage from the journal's lines.

    >>> lines = [{"event": "prepared", "run": "r", "stage": "s", "command": ["x"], "deps": {"d": "1"}},
    ...          {"event": "exited", "run": "r", "stage": "s", "code": 0, "seconds": 1.0, "outs": {}}]
    >>> fold(lines)["s"].lost, fold([*lines, {"event": "committed", "run": "r", "stage": "s"}])["s"].lost
    (True, False)
    """
    found: dict[str, dict[str, Any]] = {}
    for r in records:
        stage, event = r.get("stage"), r["event"]
        if stage is None:
            continue
        if event == "prepared":
            found[stage] = {"run": r["run"], "command": tuple(r.get("command", ())), "deps": r.get("deps", {})}
        elif stage in found and found[stage]["run"] == r["run"]:
            if event == "started":
                found[stage] |= {"group": r["group"], "group_started": r["since"]}
            elif event == "exited":
                found[stage] |= {"code": r["code"], "outs": r.get("outs", {})}
            elif event == "hashed":
                found[stage] |= {"hashed": r["outs"]}
            elif event in ("committed", "dropped"):
                found[stage] |= {"committed": True}
        elif event == "committed":  # by a later run, for an attempt of a dead one, or from the run-cache
            found.pop(stage, None)
    return {stage: Attempt(**facts) for stage, facts in found.items()}


def look(path: str) -> str:
    """How a file, or everything in a folder, looks without reading it: names, sizes, times. "" if it is not there."""
    seen = hashlib.md5(usedforsecurity=False)
    if not os.path.lexists(path):
        return ""
    for folder, folders, files in os.walk(path):
        folders.sort()
        for name in sorted(files):
            _add(seen, os.path.join(folder, name))
    if not os.path.isdir(path):
        _add(seen, path)
    return seen.hexdigest()


def _add(seen: Any, path: str) -> None:
    info = os.stat(path)
    seen.update(f"{path}\0{info.st_size}\0{info.st_mtime_ns}\n".encode())


def lives(pid: int, since: float) -> bool:
    """Whether this very process lives, not another that got its number later."""
    try:
        other = psutil.Process(pid)
        return abs(other.create_time() - since) < 1.0 and other.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _since(pid: int) -> float:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0
