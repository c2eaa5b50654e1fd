"""DVC's look for a circle among stages starts anew at stage after stage: 28 s of CPU for 3,000 of them (docs/scale.md).

Sorting them tells whether there is one in time that grows with their number; which stages it is made of, DVC then says.
"""

from __future__ import annotations

from typing import Any

import networkx as nx
from dvc.repo import graph

_of_dvc = graph.check_acyclic


def install() -> None:
    """From now on DVC looks for the circle only where there is one."""
    graph.check_acyclic = check_acyclic


def check_acyclic(stages: Any) -> None:
    """As `dvc.repo.graph.check_acyclic`."""
    if not nx.is_directed_acyclic_graph(stages):
        _of_dvc(stages)
