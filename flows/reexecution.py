"""Execute stages again in a clean copy of the project, and hold what they make against dvc.lock."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from flows import copies, dag, display, hooks, threads
from flows import meta as metas
from flows.commands import Choice, project_check
from flows.engine import Options, Outcome, Run
from flows.errors import Refused
from flows.guard import Guard
from flows.journal import Journal
from flows.resources import Ledger
from flows.sameness import Finding, assess, judged
from flows.store import Store
from flows.store.records import Record, copy_outputs, outside, record, unmade

CODES = (hooks.YES, hooks.NO, hooks.UNJUDGED)


@dataclass(frozen=True)
class Plan:
    """What is executed, and what dvc.lock had of it before."""

    store: Store
    whole: dag.Graph
    stages: dict[str, dag.Stage]
    records: Mapping[str, Record | None]
    metas: Mapping[str, metas.Meta]


def prepare(store: Store, choice: Choice) -> Plan:
    """Choose the stages, and refuse what cannot be executed in a copy before anything is.

    Raises:
        Refused: Nothing is chosen that has a command, or a stage writes to a fixed place.
    """
    graph = store.graph()
    typed = metas.check(graph)
    stages = {name: stage for name, stage in choice.of(graph).items() if stage.command and not stage.frozen}
    if not stages:
        raise Refused("none of these has a command that could be executed again")
    Ledger(store.root).check(stages, typed)
    project_check(store.root)
    for name in stages:
        if fixed := outside(store, name):
            raise Refused(f"'{name}' writes {', '.join(fixed)}, which is outside the project; a copy of it would, too")
    return Plan(store, graph, stages, {name: record(store, name) for name in stages}, typed)


def fill(plan: Plan, copy: Path) -> None:
    """Put the inputs that are not made again into the copy.

    Raises:
        Refused: If one is neither in the cache nor in a remote.
    """
    copies.check_inside(copy, [out for stage in plan.whole.values() for out in stage.outs])
    parents = {parent for stage in plan.stages.values() for parent in stage.parents}
    for name in sorted(parents - plan.stages.keys()):
        copy_outputs(plan.store, name, copy)
    outs = {out for stage in plan.whole.values() for out in stage.outs}
    for name in plan.stages:
        for path in unmade(plan.store, name, outs):
            copies.bring(plan.store.root, copy, path)


def execute(plan: Plan, copy: Path, options: Options, console: Console) -> tuple[dict[str, Finding], bool]:
    """Execute the stages in the copy; what became of each, and whether somebody stopped it."""
    took = Journal(plan.store.root).seconds()
    with _opened(copy) as there:
        graph = there.graph()
        if gone := plan.stages.keys() - graph.keys():
            raise Refused(f"dvc.yaml has changed since this began: {', '.join(sorted(gone))} is gone; run again")
        stages = {name: graph[name] for name in plan.stages}
        guard = Guard()
        try:
            with display.Progress(console, len(stages)) as progress:
                always = replace(options, force=True, keep_going=True)
                run = Run(stages, there, plan.metas, guard, always, progress.watcher())
                run.ledger, run.priority = Ledger(plan.store.root), dag.longest_paths(stages, took)
                threads.execute(run)
        finally:
            guard.close()
        new = {name: record(there, name) for name, one in run.outcomes.items() if one.state == "ran"}
        found = judged(first := assess(stages, plan.records, new), judge(plan, first, copy))
    every = {name: _finding(found.get(name), run.outcomes[name]) for name in stages}
    return every, run.stop.is_set()


def judge(plan: Plan, found: Mapping[str, Finding], copy: Path) -> dict[str, tuple[bool | None, str]]:
    """{stage: (equal or not, None if nobody can say; the words)} of those with metrics that differ without a cause.

    The project's `same` command says it; {} if it has none.
    """
    if not hooks.declared(plan.store.root, "same"):
        return {}
    said: dict[str, tuple[bool | None, str]] = {}
    for name, one in found.items():
        old = plan.records[name]
        if one.state != "differs" or not (old and old.metrics):
            continue
        with tempfile.TemporaryDirectory(prefix="headwater-same-") as room:
            before, after = Path(room) / "old", Path(room) / "new"
            try:
                copy_outputs(plan.store, name, before)
                for out in old.outs:
                    copies.bring(copy, after, out)
                answer = hooks.call(plan.store.root, "same", [str(before), str(after)], CODES)
            except Refused as error:
                said[name] = (None, f"cannot be judged: {error}")
                continue
            said[name] = (None if answer.code == hooks.UNJUDGED else answer.code == hooks.YES, answer.text)
    return said


def _finding(found: Finding | None, outcome: Outcome) -> Finding:
    if found:
        return replace(found, seconds=outcome.seconds)
    return Finding(outcome.state, said="\n".join((outcome.message, *outcome.tail)), seconds=outcome.seconds)  # type: ignore[arg-type]


@contextlib.contextmanager
def _opened(root: Path) -> Iterator[Store]:
    """The copy as a project.

    Raises:
        Refused: If its cache is not its own.
    """
    store = Store(root)
    try:
        if not Path(store.repo.cache.local.path).is_relative_to(root.parent):
            raise Refused(
                f"the copy would use the cache at {store.repo.cache.local.path}: unset cache.local in .dvc/config"
            )
        yield store
    finally:
        store.close()
