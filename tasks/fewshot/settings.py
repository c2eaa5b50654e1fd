"""What params.yaml says of one few-shot task."""

from tasks.common.errors import UserError, unknown
from tasks.common.params import Params, load, parse
from tasks.common.schema.base import Section
from tasks.common.schema.fewshot import Task
from tasks.common.schema.run import Size

__all__ = ["at_most", "load", "method_of", "parse", "selected", "task_of"]


def task_of(params: Params, name: str) -> Task:
    """A task's block.

    Raises:
        UserError: If there is none of this name.
    """
    if name not in params.fewshot.tasks:
        raise UserError(f"params.yaml: {unknown('fewshot.tasks', name, params.fewshot.tasks)}")
    return params.fewshot.tasks[name]


def method_of(params: Params, name: str) -> Section:
    """A method's settings."""
    return params.fewshot.settings(name)


def selected(params: Params) -> list[str]:
    """The methods that are run."""
    return list(params.run.fewshot.methods)


def at_most(task: Task, episodes: int, caps: Size) -> int:
    """As many episodes as their queries fit into the size's test rows; at least two."""
    rows = task.ways * task.queries
    return episodes if caps.test_rows is None else min(episodes, max(2, caps.test_rows // rows))
