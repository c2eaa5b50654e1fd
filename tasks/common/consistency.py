"""Everything in params.yaml that is right by itself and wrong together: unknown names, numbers that do not fit."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tasks.common.catalogue import KINDS, WITHOUT_SOURCE
from tasks.common.complaints import of_types
from tasks.common.errors import UserError, nearest

if TYPE_CHECKING:
    from tasks.common.params import Params
    from tasks.common.schema import Study

FAMILIES = ("transfer", "distill", "mtl")


def chosen_layers(hidden: list[str], layers: str | int | list[str]) -> list[str]:
    """Names of the hidden layers that fine-tuning may move: ``all``, the last so many, or those named.

    Raises:
        UserError: If a name is no hidden layer, or there are fewer than asked for.
    """
    if isinstance(layers, str):
        return hidden
    if isinstance(layers, int):
        if layers > len(hidden):
            raise UserError(f"fine-tuning.layers is {layers}; the network has {len(hidden)} hidden layers.")
        return hidden[-layers:]
    unknown = [name for name in layers if name not in hidden]
    if unknown:
        raise UserError(f"fine-tuning.layers has {', '.join(unknown)}; the network has {', '.join(hidden)}.")
    return layers


def complaints_of(params: Params, known: Callable[[Any], list[str]]) -> list[str]:
    """All that is wrong together; ``known`` gives the names of a family's methods."""
    methods = {family: known(family) for family in ("pretrain", *FAMILIES)}
    return [*_selection(params, methods), *_overrides(params, methods), *_studies(params)]


def _selection(params: Params, known: dict[str, list[str]]) -> Iterator[str]:
    if params.size not in params.sizes:
        yield f"size is '{params.size}'; known: {', '.join(params.sizes)}.{nearest(params.size, params.sizes)}"
    for study, dataset in params.run.studies.items():
        if study not in params.studies:
            yield _unknown("run.studies", study, params.studies)
        if dataset not in params.datasets:
            yield _unknown(f"run.studies.{study}", dataset, params.datasets)
        elif dataset not in params.run.datasets:
            yield f"run.studies.{study} needs data set '{dataset}', which run.datasets leaves out; add it there."
    for dataset in params.run.datasets:
        if dataset not in params.datasets:
            yield _unknown("run.datasets", dataset, params.datasets)
    for family in FAMILIES:
        selected: list[str] = getattr(params.run, family)
        for method in selected:
            if method not in known[family]:
                yield _unknown(f"run.{family}", method, known[family])
        if len(set(selected)) < len(selected):
            yield f"run.{family} names a method twice: {', '.join(selected)}."
    if "scratch" not in params.run.transfer:
        yield "run.transfer leaves out 'scratch', which every other method is compared with; add it."
    if "logits" in params.run.distill and not set(params.run.transfer) - set(WITHOUT_SOURCE):
        yield "run.distill has 'logits', but run.transfer has no teacher for it; add one, such as fine-tuning."


def _overrides(params: Params, known: dict[str, list[str]]) -> Iterator[str]:
    names = [method for methods in known.values() for method in methods]
    selected: dict[str, Any] = {"supervised": "pretrain", **params.run.methods}
    for study in params.run.studies:
        if study not in params.overrides:
            yield f"overrides.{study} is missing; add `{study}: *none` there."
    for study, methods in params.overrides.items():
        if study not in params.studies:
            yield _unknown("overrides", study, params.studies)
        for method in methods:
            if method not in names:
                yield _unknown(f"overrides.{study}", method, names)
        if study not in params.run.studies:
            continue
        for method, family in selected.items():
            if method not in names:
                continue  # said under `run`
            if method not in methods:
                yield f"overrides.{study} lacks '{method}'; add `{method}: {{}}` there (a stage depends on the entry)."
            else:
                yield from _override(params, study, family, method)


def _override(params: Params, study: str, family: Any, method: str) -> Iterator[str]:
    change = params.overrides[study][method]
    default = params.defaults(family, method)
    try:
        type(default).model_validate(default.model_dump() | change)
    except ValidationError as error:
        for text in of_types(error, type(default), change):
            yield f"overrides.{study}.{method}: {text}"


def _studies(params: Params) -> Iterator[str]:
    for name, dataset in params.run.studies.items():
        if name in params.studies and dataset in params.datasets:
            yield from _study(name, params.studies[name], params.datasets[dataset])
            yield from _layers(params, name)


def _layers(params: Params, name: str) -> Iterator[str]:
    """Whether the layers that fine-tuning names are in the study's network."""
    if "fine-tuning" in params.run.transfer:
        with contextlib.suppress(ValidationError, KeyError):  # said under `overrides` and `size`
            settings = params.settings(name, "transfer", "fine-tuning")
            try:
                chosen_layers(params.studies[name].network.hidden, settings.layers)
            except UserError as error:
                yield f"{name}: {error}"


def _study(name: str, study: Study, dataset: Any) -> Iterator[str]:
    place, facts, target = f"studies.{name}.data", KINDS[dataset.kind], study.data.target
    for side, classes in (("source", study.data.source.classes), ("target", target.classes)):
        for label in classes:
            if label not in facts.classes:
                yield _unknown(f"{place}.{side}.classes", label, facts.classes)
        if len(set(classes)) < len(classes):
            yield f"{place}.{side}.classes names a class twice: {', '.join(classes)}."
    for quantity in study.data.auxiliary:
        if quantity not in facts.auxiliary:
            yield _unknown(f"{place}.auxiliary", quantity, facts.auxiliary)
    if study.data.scaling not in facts.scalings:
        fitting = ", ".join(facts.scalings)
        yield f"{place}.scaling is '{study.data.scaling}', which is for images; known here: {fitting}."
    available = facts.per_class * len(target.classes) if facts.per_class else getattr(dataset, "target_rows", None)
    if available is not None and target.labelled + target.validation > available:
        yield (
            f"{place}.target asks for {target.labelled} labelled and {target.validation} validation samples; "
            f"its classes have {available} in all. Ask for fewer."
        )
    for part in ("labelled", "validation"):
        if getattr(target, part) < len(target.classes):
            yield f"{place}.target.{part} is {getattr(target, part)}, fewer than its {len(target.classes)} classes."


def _unknown(place: str, name: str, known: Collection[str]) -> str:
    return f"{place} has '{name}'; known: {', '.join(known)}.{nearest(name, known)}"
