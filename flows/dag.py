"""The stage graph as plain data: names, parents, commands, files; selection and order as pure functions.

Nothing here knows DVC or Prefect; `flows/store` fills the graph from dvc.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePosixPath
from typing import Any

from flows.errors import Refused, hint


@dataclass(frozen=True)
class Stage:
    """One node.

    Attributes:
        name: As DVC addresses it from the project's root: ``train``, ``train@a``, ``sub/dvc.yaml:train``,
            ``raw.csv.dvc``.
        parents: Names of the stages whose outputs it reads; empty when it is frozen.
        command: The shell commands in order; empty for tracked data without a command.
        deps: Files and folders it reads, relative to the root, parameter files included.
        outs: Files and folders it makes, relative to the root.
        meta: The free-form ``meta:`` of dvc.yaml, untouched.
        file: The file that declares it, relative to the root.
        group: The matrix or foreach it was generated from, if any.
        frozen: DVC neither checks its deps nor runs it.
    """

    name: str
    parents: frozenset[str] = frozenset()
    command: tuple[str, ...] = ()
    deps: tuple[str, ...] = ()
    outs: tuple[str, ...] = ()
    meta: Any = field(default=None, compare=False)
    file: str = "dvc.yaml"
    group: str | None = None
    frozen: bool = False

    @property
    def key(self) -> str | None:
        """What stands after ``@``: the matrix key of a generated stage."""
        _, at, key = self.name.rpartition("@")
        return key if at else None


Graph = Mapping[str, Stage]


def order(graph: Graph) -> list[str]:
    """Every stage after all it needs; among equals, the graph's own order.

    >>> order({"b": Stage("b", frozenset("a")), "a": Stage("a")})
    ['a', 'b']
    """
    rank = {name: i for i, name in enumerate(graph)}
    sorter = TopologicalSorter({name: stage.parents & graph.keys() for name, stage in graph.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        raise Refused(f"stages need each other in a circle: {' -> '.join(error.args[1])}") from None
    found: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=rank.__getitem__)
        found += ready
        sorter.done(*ready)
    return found


def ancestors(graph: Graph, names: Iterable[str]) -> set[str]:
    """The named stages and all they need, however far up."""
    return _reach(names, {name: stage.parents for name, stage in graph.items()})


def descendants(graph: Graph, names: Iterable[str]) -> set[str]:
    """The named stages and all that need them, however far down."""
    return _reach(names, children(graph))


def children(graph: Graph) -> dict[str, set[str]]:
    """For each stage, the stages that read its outputs."""
    found: dict[str, set[str]] = {name: set() for name in graph}
    for name, stage in graph.items():
        for parent in stage.parents & graph.keys():
            found[parent].add(name)
    return found


def _reach(names: Iterable[str], edges: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += edges[name]
    return found


def resolve(graph: Graph, target: str) -> list[str]:
    """The stages that a TARGET of the command line means, in the graph's order.

    Looked up in this order: a stage; a matrix or foreach group (``report``); a file that declares stages
    (``sub/dvc.yaml``); an output, or a path inside one; a matrix key, so that one word selects all stages of,
    say, one data set: ``fashion`` means every ``*@fashion``, or every ``*@fashion-<more>`` where there is none.

    Raises:
        Refused: If nothing matches; the nearest known name is offered.
    """
    if target in graph:
        return [target]
    path = PurePosixPath(target).as_posix().removeprefix("./")
    tests = (
        lambda s: s.group is not None and target in (s.group, _full_group(s)),
        lambda s: s.file == path,
        lambda s: any(path == out or path.startswith(out.rstrip("/") + "/") for out in s.outs),
        lambda s: s.key == target,
        lambda s: s.key is not None and s.key.startswith(target + "-"),
    )
    for test in tests:
        if found := [name for name, stage in graph.items() if test(stage)]:
            return found
    known = [*graph, *(s.group for s in graph.values() if s.group), *(s.key for s in graph.values() if s.key)]
    known += [out for s in graph.values() for out in s.outs]
    raise Refused(
        f"'{target}' is no stage, matrix key, output or dvc.yaml of this project.{hint(target, known)} "
        "`headwater status` lists the stages."
    )


def _full_group(stage: Stage) -> str:
    return stage.group if stage.file == "dvc.yaml" else f"{stage.file}:{stage.group}"  # type: ignore[return-value]


def select(
    graph: Graph, targets: Iterable[str] = (), *, single: bool = False, downstream: bool = False
) -> dict[str, Stage]:
    r"""The part of the graph to bring up to date, in topological order, as `dvc repro` chooses it.

    Without targets: all stages of ./dvc.yaml (of every file, if there is none) and what they need.
    ``single`` takes the targets alone; ``downstream`` the targets and all that need them, but nothing above.
    Parents outside the selection stay in `Stage.parents`; `order` and the scheduler pass over them.

    ::

        a ─> b ─> d        select d: a b c d        single d: d
              c ─┘         downstream b: b d
    """
    asked = [name for target in targets for name in resolve(graph, target)]
    if not asked and not list(targets):
        asked = [name for name, stage in graph.items() if stage.file == "dvc.yaml"] or list(graph)
    if single:
        chosen = set(asked)
    elif downstream:
        chosen = descendants(graph, asked)
    else:
        chosen = ancestors(graph, asked)
    return {name: graph[name] for name in order(graph) if name in chosen}


def longest_paths(graph: Graph, seconds: Mapping[str, float], default: float = 1.0) -> dict[str, float]:
    """For each stage the expected seconds from its start to the end of the longest chain below it.

    Starting the stage with the largest value first keeps the longest chain from ending last.

    Args:
        seconds: Expected duration of each stage; ``default`` for those not listed.

    >>> g = {"a": Stage("a"), "b": Stage("b", frozenset("a")), "c": Stage("c")}
    >>> sorted(longest_paths(g, {"a": 2.0, "b": 3.0, "c": 4.0}).items())
    [('a', 5.0), ('b', 3.0), ('c', 4.0)]
    """
    below = children(graph)
    found: dict[str, float] = {}
    for name in reversed(order(graph)):
        tail = max((found[child] for child in below[name]), default=0.0)
        found[name] = seconds.get(name, default) + tail
    return found
