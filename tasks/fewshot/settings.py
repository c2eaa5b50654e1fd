"""What params.yaml says of few-shot tasks, typed and checked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError
from ruamel.yaml import YAML

from tasks.common import complaints
from tasks.common.errors import UserError, unknown
from tasks.common.params import PATH
from tasks.common.schema import fewshot
from tasks.common.schema.base import Section
from tasks.common.schema.fewshot import FewShot, FewShotRun, Task
from tasks.common.schema.run import Runtime, Size


class Run(Section):
    """Of ``run`` the part that few-shot tasks hang on."""

    fewshot: FewShotRun
    datasets: list[str]
    files: dict[str, str]


class Params(Section):
    """Of params.yaml the parts that few-shot tasks hang on."""

    run: Run
    seed: int
    size: str
    sizes: dict[str, Size]
    runtime: Runtime
    fewshot: FewShot

    @property
    def caps(self) -> Size:
        """The size this run has."""
        return self.sizes[self.size]


def load(path: Path = PATH) -> Any:
    """Read and check these parts of params.yaml in the current folder; a `Params`.

    Raises:
        UserError: If anything is wrong in them.
    """
    return parse(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))


def task_of(params: Any, name: str) -> Task:
    """A task's block.

    Raises:
        UserError: If there is none of this name.
    """
    if name not in params.fewshot.tasks:
        raise UserError(f"params.yaml: {unknown('fewshot.tasks', name, params.fewshot.tasks)}")
    return cast(Task, params.fewshot.tasks[name])


def at_most(task: Task, episodes: int, caps: Size) -> int:
    """As many episodes as their queries fit into the size's test rows; at least two."""
    rows = task.ways * task.queries
    return episodes if caps.test_rows is None else min(episodes, max(2, caps.test_rows // rows))


def parse(content: Mapping[str, Any]) -> Params:
    """Typed parameters from the plain content of params.yaml; what other tasks need is left alone.

    Raises:
        UserError: With every complaint on a line of its own.
    """
    own = {key: value for key, value in content.items() if key in Params.model_fields}
    own["run"] = {key: value for key, value in content.get("run", {}).items() if key in Run.model_fields}
    try:
        params = Params.model_validate(own)
    except ValidationError as error:
        raise UserError(complaints.report(complaints.of_types(error, Params, own))) from None
    datasets = [*params.run.datasets, *params.run.files]
    found = list(fewshot.complaints(params.run.fewshot, params.fewshot, datasets))
    if found:
        raise UserError(complaints.report(found))
    return params
