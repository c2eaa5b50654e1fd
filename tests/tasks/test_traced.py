"""In the graph TensorFlow makes of a step, each reading of a variable is before or after each writing, never beside.

A race would show in one run of many, and only in the last digits; the graph shows it always.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from tensorflow.python.eager import context

from tasks.adapt import adda, domain
from tasks.common import objectives
from tasks.common.phases import Phase
from tasks.common.schema.study import Dense
from tasks.common.training import fit
from tasks.models import dense, surgery

NETWORK = Dense(kind="dense", units=[7, 5], activation="relu", initializer="he_normal", batch_norm=True)
WRITES = ("AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp")
PASSES_ON = ("Identity", "Enter", "Switch", "Merge", "NextIteration", "Exit")


@pytest.mark.parametrize("objective", [objectives.plain, adda.Objective()], ids=["plain", "two losses"])
@pytest.mark.parametrize("share", [1.0, 0.3])
def test_each_step_reads_variables_in_an_order_with_its_writes(objective: Any, share: float) -> None:
    pairs = list(_unordered(_graph_of_training(objective, share)))
    assert not pairs


def _graph_of_training(objective: Any, share: float) -> Any:
    """What TensorFlow runs for two epochs, with all its optimisations."""
    model = domain.with_domain(dense.build(NETWORK, (4,), 3, seed=1), NETWORK, units=6, seed=1)
    encoder = [layer.name for layer in surgery.hidden_layers(model) if layer.name not in domain.LAYERS]
    random = np.random.default_rng(1)
    x, y = random.normal(size=(9, 4)).astype(np.float32), random.integers(0, 3, 9).astype(np.int32)
    inputs = x if objective is objectives.plain else random.normal(size=(9, 5)).astype(np.float32)
    context.context().enable_graph_collection()
    try:
        fit(
            model,
            [Phase("one", 0.1, 2, frozenset((*encoder, *domain.LAYERS)), tuple((name, share) for name in encoder))],
            train={"x": inputs, "y": y},
            validation={"x": x, "y": y},
            objective=objective,
            optimizer="adam",
            batch=4,
            keep="best",
            seed=1,
            streams={"target": {"x": x}},
        )
        graphs = context.context().export_run_metadata().function_graphs
    finally:
        context.context().disable_graph_collection()
    return max((graph.post_optimization_graph for graph in graphs), key=lambda graph: len(graph.node))


def _unordered(graph: Any) -> Iterator[tuple[str, str]]:
    """Pairs of a writing of one variable and a second use of it in one loop's body, neither after the other."""
    nodes = {node.name: node for node in graph.node}
    following: dict[str, list[str]] = {}
    for node in graph.node:
        if node.op != "NextIteration":  # what comes a turn later
            for given in node.input:
                following.setdefault(_name(given), []).append(node.name)
    uses: dict[tuple[str, str], list[Any]] = {}
    for node in graph.node:
        if node.op in (*WRITES, "ReadVariableOp"):
            uses.setdefault((_variable(nodes, node), _name(node.input[0])), []).append(node)
    assert sum(len(group) > 1 for group in uses.values()) > 5, "no variable is used twice: the graph is not read right"
    for one, other in (pair for group in uses.values() for pair in combinations(group, 2)):
        writing = one.op in WRITES or other.op in WRITES
        if writing and other.name not in _after(following, one.name) and one.name not in _after(following, other.name):
            yield one.name, other.name


def _after(following: dict[str, list[str]], first: str) -> set[str]:
    """All that waits for ``first``."""
    found, left = {first}, [first]
    while left:
        new = set(following.get(left.pop(), ())) - found
        found |= new
        left += new
    return found


def _variable(nodes: dict[str, Any], node: Any) -> str:
    """The argument a resource comes from, through frames of loops."""
    name = _name(node.input[0])
    while nodes[name].op in PASSES_ON:
        name = _name(nodes[name].input[0])
    return name


def _name(given: str) -> str:
    return given.lstrip("^").split(":")[0]
