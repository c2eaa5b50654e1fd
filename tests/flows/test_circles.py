"""DVC's look for circles happens where there is one, and only there."""

import networkx as nx
import pytest
from dvc.exceptions import CyclicGraphError
from dvc.repo import graph

from flows.store import circles


def test_dvc_is_asked_only_where_there_is_a_circle(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[nx.DiGraph] = []
    monkeypatch.setattr(circles, "_of_dvc", asked.append)
    monkeypatch.setattr(graph, "check_acyclic", graph.check_acyclic)
    circles.install()
    line = nx.DiGraph([("c", "b"), ("b", "a"), ("c", "a")])
    circle = nx.DiGraph([("c", "b"), ("b", "a"), ("a", "c")])
    graph.check_acyclic(line)
    graph.check_acyclic(circle)
    assert asked == [circle]


def test_dvc_itself_would_refuse_the_same() -> None:
    class Stage(str):
        addressing = property(str)

    circle = nx.DiGraph([(Stage("b"), Stage("a")), (Stage("a"), Stage("b"))])
    with pytest.raises(CyclicGraphError):
        circles.check_acyclic(circle)
