"""`headwater report`: what the reports say, what they cost, and whether they are up to date.

A report is a stage with `meta.show`; what it says is the project's business.
"""

from __future__ import annotations

import json
import webbrowser
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from flows import dag, display
from flows import meta as metas
from flows.errors import Refused
from flows.journal import Journal
from flows.store import Change, Store

PAGE = (".html", ".htm")


@dataclass(frozen=True)
class Report:
    """A stage with something to show.

    Attributes:
        shows: Files whose text is printed.
        pages: Outputs that a browser opens.
        stale: {stage it is made from, or itself: why that is not up to date}.
    """

    name: str
    shows: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    stale: Mapping[str, Sequence[Change]] = field(default_factory=dict)

    def missing(self, root: Path) -> list[str]:
        return [path for path in (*self.shows, *self.pages) if not (root / path).is_file()]

    def age(self) -> str:
        """Why it is out of date and what to do, or nothing."""
        if not self.stale:
            return ""
        name, changes = next(iter(self.stale.items()))
        first = changes[0]
        values = f" {_short(first.old)} -> {_short(first.new)}" if first.kind == "param" else ""
        others = f", and {len(self.stale) - 1} more stages" if len(self.stale) > 1 else ""
        return (
            f"{self.name} is out of date: {name} ({first.kind} {first.name}: {first.what}{values}){others}. "
            f"`headwater run {self.name}` brings it up to date"
        )


def find(store: Store, targets: Iterable[str] = ()) -> list[Report]:
    """The reports among the targets (without, all), each with what it is made from that is not up to date.

    Raises:
        Refused: If a target is unknown, or is no report.
    """
    graph = store.graph()
    typed = metas.check(graph)
    names = [name for name in graph if typed[name].show]
    if not names:
        raise Refused("no stage of this project has `meta: {show: FILE}` in dvc.yaml, so there is no report")
    asked = list(targets)
    if asked:
        chosen = []
        for target in asked:
            found = [name for name in dag.resolve(graph, target) if name in names]
            if not found:
                raise Refused(f"'{target}' is no report; there are: {', '.join(names)}")
            chosen += found
        names = list(dict.fromkeys(chosen))
    above = {name: dag.ancestors(graph, [name]) for name in names}
    needed = set().union(*above.values())
    stale = {name: changes for name in dag.order(graph) if name in needed and (changes := store.changes(name))}
    return [
        Report(
            name,
            typed[name].show,
            tuple(out for out in graph[name].outs if out.endswith(PAGE)),
            {stage: changes for stage, changes in stale.items() if stage in above[name]},
        )
        for name in names
    ]


def report(console: Console, targets: Sequence[str], *, opened: bool = False, as_json: bool = False) -> int:
    """`headwater report`: 0 when every report is there, 1 when one is missing; says which are out of date."""
    store = Store()
    try:
        reports, root = find(store, targets), store.root
        graph, history = store.graph(), Journal(root).history()
    finally:
        store.close()
    costs = {
        one.name: {stage: history[stage][-1] for stage in dag.order(graph)
                   if stage in dag.ancestors(graph, [one.name]) and stage in history}
        for one in reports
    }  # fmt: skip
    if as_json:
        console.print_json(json.dumps({one.name: _facts(one, root, costs[one.name]) for one in reports}, default=str))
    else:
        for one in reports:
            _show(console, one, root, costs[one.name])
    for one in reports if opened else []:
        for path in one.pages:
            address = (root / path).resolve().as_uri()
            if (root / path).is_file() and not webbrowser.open(address):
                _say(console, f"No browser could be started here; open {address}")
    return int(any(one.missing(root) for one in reports))


def _show(console: Console, one: Report, root: Path, costs: Mapping[str, Mapping[str, Any]]) -> None:
    _say(console, f"── {one.name}")
    if text := one.age():
        _say(console, text)
    if missing := one.missing(root):
        _say(console, f"not there: {', '.join(missing)}. `headwater run {one.name}` makes it"
             + ("" if one.stale else f", `dvc checkout {one.name}` takes it from the cache"))  # fmt: skip
    display.show(console, [root / path for path in one.shows])
    if costs:
        _say(console, "\nMeasured cost of each stage it is made from, when its command last ran here")
        _say(console, _table(costs))
    for path in one.pages:
        if (root / path).is_file():
            _say(console, f"\nPage: {root / path}")
    _say(console, "")


def _table(costs: Mapping[str, Mapping[str, Any]]) -> str:
    """Stage, seconds, CPU seconds and peak memory, aligned, with a line for all."""
    known = list(costs.values())
    rows = [[name, *_cost(record)] for name, record in costs.items()]
    total = {key: sum(record.get(key, 0) for record in known) for key in ("seconds", "cpu_seconds")}
    peak = max(record.get("peak_bytes", 0) for record in known)
    rows = [["stage", "time", "CPU time", "peak memory"], *rows]
    rows.append([f"{len(known)} stages", *_cost({**total, "peak_bytes": peak})])
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    )


def _cost(record: Mapping[str, Any]) -> list[str]:
    peak = record.get("peak_bytes")
    cpu = record.get("cpu_seconds")
    return [
        display.duration(record["seconds"]),
        display.duration(cpu) if cpu is not None else "",
        f"{peak / 2**20:,.0f} MiB" if peak else "",
    ]


def _facts(one: Report, root: Path, costs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    texts = {path: (root / path).read_text(encoding="utf-8") for path in one.shows if (root / path).is_file()}
    taken = ("seconds", "cpu_seconds", "peak_bytes", "time")
    return {
        "shows": texts,
        "pages": list(one.pages),
        "missing": one.missing(root),
        "stale": list(one.stale),
        "cost": {stage: {key: record.get(key) for key in taken} for stage, record in costs.items()},
    }


def _short(value: Any, most: int = 60) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= most else text[:most] + "…"


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
