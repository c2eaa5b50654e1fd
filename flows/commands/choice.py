"""Which stages the user asked for."""

from __future__ import annotations

from dataclasses import dataclass

from flows import dag


@dataclass(frozen=True)
class Choice:
    """Which stages the user asked for."""

    targets: tuple[str, ...] = ()
    single: bool = False
    downstream: bool = False

    def of(self, graph: dag.Graph) -> dict[str, dag.Stage]:
        return dag.select(graph, self.targets, single=self.single, downstream=self.downstream)

    def ends(self, graph: dag.Graph) -> list[str]:
        """The stages asked for; without targets, all chosen ones."""
        if not self.targets:
            return list(self.of(graph))
        return [name for target in self.targets for name in dag.resolve(graph, target)]
