"""What params.yaml says of cross-modal tasks, typed and checked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from ruamel.yaml import YAML

from tasks.common import complaints
from tasks.common.errors import UserError, unknown
from tasks.common.params import PATH
from tasks.common.schema import crossmodal
from tasks.common.schema.base import Section
from tasks.common.schema.crossmodal import CrossModal, CrossModalRun, Task
from tasks.common.schema.run import Runtime, Size


class Run(Section):
    """Of ``run`` the part that cross-modal tasks hang on."""

    crossmodal: CrossModalRun
    datasets: list[str]
    files: dict[str, str]
    embedded: dict[str, Any] = Field(default_factory=dict)
    weights: list[str] = Field(default_factory=list)
    weight_files: dict[str, str] = Field(default_factory=dict)


class Params(Section):
    """Of params.yaml the parts that cross-modal tasks hang on."""

    run: Run
    seed: int
    size: str
    sizes: dict[str, Size]
    runtime: Runtime
    crossmodal: CrossModal

    @property
    def caps(self) -> Size:
        """The size this run has."""
        return self.sizes[self.size]


def load(path: Path = PATH) -> Params:
    """Read and check these parts of params.yaml in the current folder.

    Raises:
        UserError: If anything is wrong in them.
    """
    return parse(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))


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
    datasets = [*params.run.datasets, *params.run.files, *params.run.embedded]
    weights = [*params.run.weights, *params.run.weight_files]
    found = list(crossmodal.complaints(params.run.crossmodal, params.crossmodal, datasets, weights))
    if found:
        raise UserError(complaints.report(found))
    return params


def task_of(params: Params, name: str) -> Task:
    """The settings of a task.

    Raises:
        UserError: If there is none of this name.
    """
    if name not in params.crossmodal.tasks:
        raise UserError(unknown("--task", name, params.crossmodal.tasks))
    return params.crossmodal.tasks[name]
