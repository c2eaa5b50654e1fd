"""params.yaml as frozen, typed models: every complaint at once, before anything runs.

Reading them imports neither TensorFlow nor NumPy, so a check takes a moment.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationError
from ruamel.yaml import YAML, YAMLError

from tasks.common import complaints, consistency
from tasks.common.errors import UserError
from tasks.common.schema.adapt import Adapt
from tasks.common.schema.base import Named, Section, method_name
from tasks.common.schema.crossmodal import CrossModal
from tasks.common.schema.datasets import Dataset
from tasks.common.schema.distill import Distill
from tasks.common.schema.fewshot import FewShot
from tasks.common.schema.mtl import Mtl
from tasks.common.schema.pretrain import Pretrain
from tasks.common.schema.run import Family, Methods, Run, Runtime, Size, Suite
from tasks.common.schema.study import Study
from tasks.common.schema.transfer import Transfer

PATH = Path("params.yaml")

S = TypeVar("S", bound=Section)
BLOCKS: dict[Family, type[Named]] = {
    "pretrain": Pretrain,
    "transfer": Transfer,
    "distill": Distill,
    "mtl": Mtl,
    "adapt": Adapt,
}


class Params(Section):
    """The whole of params.yaml."""

    run: Run
    suites: dict[str, Suite]
    seed: Annotated[int, Field(ge=0)]
    size: str
    sizes: dict[str, Size]
    runtime: Runtime
    datasets: dict[str, Dataset]
    studies: dict[str, Study]
    overrides: dict[str, dict[str, dict[str, Any]]]
    pretrain: Pretrain
    transfer: Transfer
    distill: Distill
    mtl: Mtl
    adapt: Adapt
    fewshot: FewShot
    crossmodal: CrossModal

    @property
    def caps(self) -> Size:
        """The size this run has."""
        return self.sizes[self.size]

    def methods(self, study: str) -> Methods:
        """The methods selected for a study."""
        return self.suites[self.run.studies[study].suite].methods

    def defaults(self, family: Family, method: str) -> Section:
        """A method's settings as its own block has them."""
        settings: Section = getattr(getattr(self, family), method.replace("-", "_"))
        return settings

    def settings(self, study: str, family: Family, method: str) -> Any:
        """A method's settings in one study, overrides applied, epochs capped by the size.

        Raises:
            ValidationError: If an override does not fit the method; `load` has found that out before.
        """
        default = self.defaults(family, method)
        merged = default.model_dump() | self.overrides.get(study, {}).get(method, {})
        return capped(type(default).model_validate(merged), self.caps)


def capped(settings: S, caps: Size) -> S:
    """The same settings with no more epochs than ``caps`` allows in any setting that counts them."""
    limits = {
        name: min(getattr(settings, name), caps.epochs)
        for name in type(settings).model_fields
        if caps.epochs is not None and name.endswith("epochs") and isinstance(getattr(settings, name), int)
    }
    return settings.model_copy(update=limits)


def known(family: Family) -> list[str]:
    """Names of the methods a family has, as params.yaml writes them."""
    return [method_name(name) for name in BLOCKS[family].model_fields if name not in Pretrain.COUNTS]


def parse(content: Mapping[str, Any]) -> Params:
    """Typed parameters from the plain content of params.yaml.

    Raises:
        UserError: With every complaint on a line of its own.
    """
    try:
        params = Params.model_validate(content)
    except ValidationError as error:
        raise UserError(complaints.report(complaints.of_types(error, Params, content))) from None
    found = consistency.complaints_of(params, {family: known(family) for family in BLOCKS})
    if found:
        raise UserError(complaints.report(found))
    return params


def _read(text: str) -> Any:
    """YAML as DVC reads it, by the parser in C; where that fails, the one in Python says what the line looks like."""
    try:
        return YAML(typ="safe").load(text)
    except YAMLError:
        return YAML(typ="safe", pure=True).load(text)


def load(path: Path = PATH) -> Params:
    """Read and check params.yaml in the current folder.

    Raises:
        UserError: If it is missing, is not YAML, or has anything wrong in it.
    """
    try:
        content = _read(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} was not found in {Path.cwd().name}/; run this in the project's folder.") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} holds {type(content).__name__}, expected a mapping of sections such as `run:`.")
    return parse(content)
