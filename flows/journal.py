"""What was planned, started, exited and committed: an append-only record, so that nothing finished is lost.

One JSON object a line in .headwater/journal.jsonl. A stage's lines in one attempt:

    planned    chosen by a run
    prepared   outputs deleted, deps hashed: {dep: hash}, and the command that is about to start and what it makes
    started    its process group, and when that process began (process numbers come round again)
    sent       instead, where an agent makes it: its work pool, Prefect flow run and attempt (also on each new attempt)
    exited     code, seconds, cpu_seconds, peak_bytes; for code 0 also until when its outputs were worked on, and in
               which environment (environment.py), of an agent's with its work pool
    hashed     {output: hash}, before anything is moved into the cache
    committed  dvc.lock is written

The journal is a hint, never an authority: DVC's hashes decide what is up to date. It answers three questions that
hashes cannot. Did a command end well whose commit was lost? Does a command of a dead run still live (`recovery.py`)?
How long will a stage take?
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flows.attempt import Attempt, fold
from flows.group import lives, since
from flows.trace import Trace

MARK = "HEADWATER_RUN"  # in the environment of every command: finds those that outlived their run
KEEP_BYTES = 8 * 2**20  # a longer journal is cut down to each stage's last attempt, and the last durations


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
        self.write("run", pid=os.getpid(), since=since(os.getpid()))

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
        self.write("started", stage, group=group, since=since(group))

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
            if record["event"] == "exited" and record.get("code") == 0 and "seconds" in record:
                found.setdefault(record["stage"], []).append(record)
        return found

    def makers(self) -> dict[str, list[dict[str, Any]]]:
        """Each stage's "exited" records that ended well, oldest first, with the result's {output: hash} as "hashed"."""
        found: dict[str, list[dict[str, Any]]] = {}
        ended: dict[tuple[str, str], dict[str, Any]] = {}
        for record in self.records():
            which = (record["run"], str(record.get("stage")))
            if record["event"] == "exited" and record.get("code") == 0:
                ended[which] = record
            elif record["event"] == "hashed" and which in ended:
                found.setdefault(record["stage"], []).append({**ended[which], "hashed": record["outs"]})
        return found

    def away(self) -> dict[str, dict[str, Any]]:
        """{stage: who makes it}, of those that are on an agent now, for a run that lives."""
        live = self.live_runs()
        found = self.attempts().items()
        return {name: dict(one.agent) for name, one in found if one.agent and one.code is None and one.run in live}

    def seconds(self) -> dict[str, float]:
        """How long each stage is expected to take: the median of its last five runs."""
        return {
            name: statistics.median(record["seconds"] for record in records[-5:])
            for name, records in self.history().items()
        }

    def dead_runs(self) -> set[str]:
        """Runs that neither ended nor live."""
        return {run for run, alive in self._open_runs().items() if not alive}

    def live_runs(self) -> set[str]:
        """Other runs that are going on now."""
        return {run for run, alive in self._open_runs().items() if alive}

    def _open_runs(self) -> dict[str, bool]:
        """{run without a line about its end: whether its process lives}, this one left out."""
        runs: dict[str, tuple[int, float]] = {}
        ended = {self.run}
        for record in self.records():
            if record["event"] == "run":
                runs[record["run"]] = (record["pid"], record["since"])
            elif record["event"] == "end":
                ended.add(record.get("of", record["run"]))
        return {run: lives(*who) for run, who in runs.items() if run not in ended}

    def trace(self, stage: str, run: str | None = None) -> Trace:
        """Where an attempt's launcher writes; in this run, or another."""
        return Trace.of(self.path.parent / "running", run or self.run, stage)

    # ---- keeping it short

    def _shorten(self) -> None:
        """Replace a long journal by what is still of use, unless another run is writing to it."""
        if not self.path.exists() or self.path.stat().st_size < KEEP_BYTES:
            return
        records = list(self.records())
        live = {r["run"] for r in records if r["event"] == "run"} - {r["run"] for r in records if r["event"] == "end"}
        if live:
            return
        last = {r["stage"]: r["run"] for r in records if "stage" in r}
        recent: dict[str, list[str]] = {}
        for r in records:
            if r["event"] == "exited" and r.get("code") == 0:
                recent.setdefault(r["stage"], []).append(r["run"])
        keep = [
            r
            for r in records
            if "stage" in r
            and (
                last[r["stage"]] == r["run"]
                or (r["event"] in ("exited", "hashed") and r["run"] in recent.get(r["stage"], [])[-5:])
            )
        ]
        temporary = self.path.with_suffix(".new")
        temporary.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in keep))
        os.replace(temporary, self.path)
