"""What the blocks of few-shot and of cross-modal tasks have in common: tasks and methods, told by their names."""

from collections.abc import Collection, Iterator
from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field

from tasks.common.errors import UserError, unknown
from tasks.common.schema.base import Named, Section

T = TypeVar("T", bound=Section)
M = TypeVar("M", bound=Named)


class Tasks(Section, Generic[T, M]):
    """Tasks of one kind, and the settings of the methods that run on each."""

    tasks: dict[str, T]
    methods: M

    def task(self, name: str) -> T:
        """A task's block.

        Raises:
            UserError: If there is none of this name.
        """
        if name not in self.tasks:
            raise UserError(unknown("--task", name, self.tasks))
        return self.tasks[name]

    def settings(self, method: str) -> Section:
        """Settings of a method by its name in params.yaml."""
        found: Section = getattr(self.methods, method.replace("-", "_"))
        return found


class TasksRun(Section, Generic[T]):
    """Which tasks and methods are run. ``tasks`` says where the data of each come from; ``names`` has its keys, for a
    matrix."""

    tasks: dict[str, T]
    names: list[str]
    methods: Annotated[list[str], Field(min_length=1)]


def complaints_of_names(place: str, run: TasksRun[Any], known: Collection[str]) -> Iterator[str]:
    """What is wrong with the names of ``run``, which stands at ``place``; ``known`` are all methods."""
    if sorted(run.names) != sorted(run.tasks):
        yield (
            f"{place}.names is [{', '.join(run.names)}]; expected the keys of {place}.tasks, each once: "
            f"[{', '.join(run.tasks)}]."
        )
    for method in run.methods:
        if method not in known:
            yield unknown(f"{place}.methods", method, known)
    if len({*run.methods}) < len(run.methods):
        yield f"{place}.methods names a method twice: {', '.join(run.methods)}."
