"""What params.yaml says of one cross-modal task."""

from tasks.common.errors import UserError, unknown
from tasks.common.params import Params
from tasks.common.schema.crossmodal import Task


def task_of(params: Params, name: str) -> Task:
    """A task's block.

    Raises:
        UserError: If there is none of this name.
    """
    if name not in params.crossmodal.tasks:
        raise UserError(unknown("--task", name, params.crossmodal.tasks))
    return params.crossmodal.tasks[name]
