"""`headwater card`: a model card, written from what dvc.yaml, dvc.lock and git know of a stage's outputs.

What the results say of a model, what it is for and where its limits are, the project's own command tells (`hooks.py`).
A card names the commit, which is known only outside of stages; so it is printed or written on demand, and no output.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from flows import dag, hooks
from flows import meta as metas
from flows.display import say
from flows.errors import Refused
from flows.reports import Report, find
from flows.store import Store, declared
from flows.store.declared import Artifact
from flows.store.records import Record, record
from flows.store.revisions import gather

CODES = (hooks.YES, hooks.UNJUDGED)


@dataclass(frozen=True)
class Card:
    """All that stands on a card.

    Attributes:
        artifact: The name under which `dvc artifacts get` fetches it, if it has one.
        words: The stage's ``desc``.
        commit: What is checked out, and which tracked files differ from it.
        makers: {path it depends on: the stage that makes it}.
        roots: {path: hash} of what the first stages above it made.
        said: What the project says of it: markdown, or why there is nothing.
    """

    stage: dag.Stage
    record: Record
    artifact: Artifact | None = None
    words: str = ""
    commit: tuple[str, Sequence[str]] | None = None
    makers: Mapping[str, str] | None = None
    roots: Mapping[str, str] | None = None
    said: str = ""

    def text(self) -> str:
        """The card, in markdown."""
        parts = [f"# {self.artifact.name if self.artifact else self.stage.name}"]
        if self.artifact and self.artifact.desc:
            parts.append(self.artifact.desc)
        parts += [_table(("", ""), self._facts()), self.said]
        if self.record.params:
            rows = [(f"`{name}`", f"`{_short(value)}`") for name, value in sorted(self.record.params.items())]
            parts += ["## Settings", _table(("parameter", "value"), rows)]
        makers = self.makers or {}
        rows3 = [(f"`{p}`", f"`{h}`", f"`{makers[p]}`" if p in makers else "") for p, h in self.record.deps.items()]
        further = {path: value for path, value in (self.roots or {}).items() if path not in self.record.deps}
        rows3 += [(f"`{path}`", f"`{value}`", "further up") for path, value in further.items()]
        if rows3:
            parts += ["## Made from", _table(("file or folder", "hash", "made by"), rows3)]
        return "\n\n".join(part for part in parts if part) + "\n"

    def _facts(self) -> list[tuple[str, str]]:
        command = self.record.command if isinstance(self.record.command, str) else "; ".join(self.record.command or ())
        outs = "<br>".join(f"`{path}`, hash `{value}`" for path, value in self.record.outs.items())
        rows = [("Stage", f"`{self.stage.name}`" + (f": {self.words}" if self.words else "")), ("Files", outs)]
        if self.artifact:
            rows.append(("To fetch it", f"`dvc artifacts get REPO {self.artifact.name}`, in a tagged commit"))
        rows += [("Command", f"`{command}`"), ("Commit", _commit(self.commit))]
        if self.artifact and self.artifact.labels:
            rows.append(("Labels", ", ".join(self.artifact.labels)))
        return rows


def card(console: Console, target: str, file: Path | None = None) -> int:
    """`headwater card`: print it, or write it to a file."""
    file = file.absolute() if file else None  # the store changes the current folder
    store = Store()
    try:
        text = write(store, target).text()
    finally:
        store.close()
    if file is None:
        say(console, text.rstrip())
        return 0
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refused(f"the card cannot be written: {error}") from None
    say(console, f"written: {file}")
    return 0


def write(store: Store, target: str) -> Card:
    """The card of one stage's outputs.

    Args:
        target: An artifact's name, or whatever else names one stage.

    Raises:
        Refused: If it names none or several, or the stage's outputs are not what dvc.lock records.
    """
    graph, named = store.graph(), declared.artifacts(store)
    name = _one(graph, named[target].path if target in named else target, target)
    stage = graph[name]
    found = record(store, name)
    if found is None or (changes := store.changes(name)):
        why = f": {changes[0].kind} {changes[0].name}: {changes[0].what}" if found else ", it never ran"
        raise Refused(f"a card tells how a model was made, and '{name}' is not up to date{why}. Run it first")
    above = dag.ancestors(graph, stage.parents)
    records = {parent: record(store, parent) for parent in dag.order(graph) if parent in above}
    makers = {out: parent for parent in stage.parents for out in graph[parent].outs}
    roots = {
        path: value
        for parent, one in records.items()
        if one and not graph[parent].parents
        for path, value in one.outs.items()
    }
    artifact = named.get(target) or next((one for one in named.values() if one.path in stage.outs), None)
    words, commit = declared.description(store, name), declared.commit(store)
    return Card(stage, found, artifact, words, commit, makers, roots, _said(store, graph, stage))


def _one(graph: dag.Graph, where: str, target: str) -> str:
    names = dag.resolve(graph, where)
    if len(names) > 1:
        some = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
        raise Refused(f"a card is about one stage, and '{target}' names {len(names)}: {some}")
    return names[0]


def _said(store: Store, graph: dag.Graph, stage: dag.Stage) -> str:
    """What the project's `card` command says, from the reports that are made with these outputs."""
    if not hooks.declared(store.root, "card"):
        return ""
    typed = metas.check(graph)
    names = [name for name in graph if typed[name].show and name in dag.descendants(graph, [stage.name])]
    reports = find(store, names) if names else []
    if unfit := _unfit(store, reports):
        return f"No results: {unfit}"
    with tempfile.TemporaryDirectory(prefix="headwater-card-") as room:
        gather(store, None, Path(room), set(names))
        return hooks.call(store.root, "card", [room, *stage.outs], CODES).text


def _unfit(store: Store, reports: Iterable[Report]) -> str:
    for one in reports:
        if text := one.age():
            return text
        if missing := one.missing(store.root):
            return f"{one.name} is not in the workspace: {', '.join(missing)}. `dvc checkout` brings it"
    return ""


def _commit(known: tuple[str, Sequence[str]] | None) -> str:
    if known is None:
        return "none: this is in no git repository, or nothing is committed"
    revision, changed = known
    return f"`{revision}`" + (f", and not committed: {', '.join(f'`{path}`' for path in changed)}" if changed else "")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
