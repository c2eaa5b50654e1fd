"""Everything in params.yaml that is right by itself and wrong together: unknown names, numbers that do not fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tasks.common.catalogue import WEIGHTS, WITHOUT_SOURCE, room_of
from tasks.common.complaints import of_types
from tasks.common.errors import nearest, unknown
from tasks.common.schema import crossmodal, fewshot
from tasks.common.schema.run import FAMILIES, GIVEN, Methods, Suite
from tasks.common.studies import complaints_of_studies

if TYPE_CHECKING:
    from tasks.common.params import Params

Known = Mapping[Any, list[str]]


def complaints_of(params: Params, known: Known) -> list[str]:
    """All that is wrong together; ``known`` has the names of each family's methods."""
    samples = [*params.run.datasets, *params.run.files, *params.run.embedded]
    found = [*_run(params), *_given(params), *_suites(params, known)]
    found += fewshot.complaints(params.run.fewshot, params.fewshot, samples)
    weights = [*params.run.weights, *params.run.weight_files]
    found += crossmodal.complaints(params.run.crossmodal, params.crossmodal, samples, weights)
    return found or [*_overrides(params, known), *complaints_of_studies(params)]


def _run(params: Params) -> Iterator[str]:
    if params.size not in params.sizes:
        yield f"size is '{params.size}'; known: {', '.join(params.sizes)}.{nearest(params.size, params.sizes)}"
    for place, names in _rooms(params).items():
        for dataset in names:
            if dataset not in params.datasets:
                yield unknown(place, dataset, params.datasets)
            elif room_of(params.datasets[dataset]) != place:
                kind, room = params.datasets[dataset].kind, room_of(params.datasets[dataset])
                yield f"{place} has '{dataset}', of kind {kind}; name it under {room} instead."
    for study, chosen in params.run.studies.items():
        place = f"run.studies.{study}"
        if study not in params.studies:
            yield unknown("run.studies", study, params.studies)
        for side, dataset in (("source", chosen.source), ("target", chosen.target)):
            if dataset not in params.datasets:
                yield unknown(f"{place}.{side}", dataset, params.datasets)
            elif params.datasets[dataset].kind in WEIGHTS:
                yield f"{place}.{side} is '{dataset}', which are weights; name them under run.given.{study}."
            else:
                yield from _selected(params, place, dataset)
        if chosen.suite not in params.suites:
            yield unknown(f"{place}.suite", chosen.suite, params.suites)
        elif study not in params.suites[chosen.suite].studies:
            yield f"{place}.suite is '{chosen.suite}', but suites.{chosen.suite}.studies leaves it out; add it there."


def _rooms(params: Params) -> dict[str, Iterable[str]]:
    run = params.run
    return {
        "run.datasets": run.datasets,
        "run.files": run.files,
        "run.weights": run.weights,
        "run.weight_files": run.weight_files,
        "run.embedded": run.embedded,
    }


def _selected(params: Params, place: str, dataset: str) -> Iterator[str]:
    room = room_of(params.datasets[dataset])
    if dataset not in _rooms(params)[room]:
        yield f"{place} needs data set '{dataset}', which {room} leaves out; add it there."


def _given(params: Params) -> Iterator[str]:
    """Weights that others trained, and data sets that are made with them."""
    needs: list[tuple[str, str, tuple[str, ...]]] = []
    needs += [(f"run.given.{study}", weights, WEIGHTS) for study, weights in params.run.given.items()]
    for name, made in params.run.embedded.items():
        needs += [(f"run.embedded.{name}.by", made.by, WEIGHTS), (f"run.embedded.{name}.of", made.of, ())]
    for place, dataset, kinds in needs:
        if dataset not in params.datasets:
            yield unknown(place, dataset, params.datasets)
        elif kinds and params.datasets[dataset].kind not in kinds:
            yield f"{place} is '{dataset}', of kind {params.datasets[dataset].kind}; expected {' or '.join(kinds)}."
        else:
            yield from _selected(params, place, dataset)
    for study in params.run.given:
        if study not in params.run.studies:
            yield unknown("run.given", study, params.run.studies)
    for study, chosen in params.run.studies.items():
        methods = params.suites[chosen.suite].methods.pretrain if chosen.suite in params.suites else []
        if (GIVEN in methods) != (study in params.run.given):
            yield (
                f"suites.{chosen.suite}.methods.pretrain has {GIVEN if GIVEN in methods else f'no {GIVEN}'}, and "
                f"run.given {'has' if study in params.run.given else 'lacks'} '{study}'; both or neither."
            )


def _suites(params: Params, known: Known) -> Iterator[str]:
    for name, suite in params.suites.items():
        for study in suite.studies:
            chosen = params.run.studies.get(study)
            if chosen is None or chosen.suite != name:
                yield f"suites.{name}.studies has '{study}', but run.studies does not put it there."
        if suite.studies:
            yield from _selection(f"suites.{name}.methods", suite.methods, known)
        yield from _budgets(f"suites.{name}", suite)


def _budgets(place: str, suite: Suite) -> Iterator[str]:
    methods, percent = suite.budgets.methods, suite.budgets.percent
    for method in methods:
        if method not in suite.methods.transfer:
            yield unknown(f"{place}.budgets.methods", method, suite.methods.transfer)
    if bool(methods) != bool(percent):
        yield f"{place}.budgets has {'no percent' if methods else 'no methods'}; name some, or leave both empty."
    if 100 in percent:
        yield f"{place}.budgets.percent has 100, which every method is trained with anyway; take it out."
    if len({*methods}) + len({*percent}) < len(methods) + len(percent):
        yield f"{place}.budgets names something twice: {', '.join(map(str, (*methods, *percent)))}."


def _selection(place: str, methods: Methods, known: Known) -> Iterator[str]:
    for family in ("pretrain", *FAMILIES):
        selected: list[str] = getattr(methods, family)
        for method in selected:
            if method not in known[family] and method != GIVEN:
                yield unknown(f"{place}.{family}", method, known[family])
        if len(set(selected)) < len(selected):
            yield f"{place}.{family} names a method twice: {', '.join(selected)}."
    for method in methods.origins:
        if method not in methods.transfer or method in WITHOUT_SOURCE:
            yield f"{place}.origins has '{method}', which is no transfer method of this suite that uses a source model."
    for source in methods.sources:
        if source not in methods.pretrain or source == methods.start:
            yield f"{place}.sources has '{source}'; expected one of {place}.pretrain other than '{methods.start}'."
    for family, method, why in (
        ("pretrain", methods.start, "from which the transfer methods start"),
        ("transfer", "scratch", "which every other method is compared with"),
        ("distill", "student-scratch", "the control of the students"),
        ("mtl", "single-task", "the control of the multi-task methods"),
        ("adapt", "source-only", "the floor of the adaptation methods"),
    ):
        selected = getattr(methods, family)
        if selected and method not in selected:
            yield f"{place}.{family} leaves out '{method}', {why}; add it."
    if {"uncertainty", "gradnorm", "pcgrad", "dwa"} & {*methods.mtl} and "equal-weights" not in methods.mtl:
        yield f"{place}.mtl leaves out 'equal-weights', which a balanced sum of losses has to beat; add it."
    if set(methods.distill) - {"student-scratch", "self"} and not set(methods.transfer) - set(WITHOUT_SOURCE):
        yield f"{place}.distill wants a teacher, but {place}.transfer has none; add one, such as fine-tuning."


def _overrides(params: Params, known: Known) -> Iterator[str]:
    names = [method for methods in known.values() for method in methods]
    for study, methods in params.overrides.items():
        if study not in params.studies:
            yield unknown("overrides", study, params.studies)
        for method in methods:
            if method not in names:
                yield unknown(f"overrides.{study}", method, names)
    for study in params.run.studies:
        if study not in params.overrides:
            yield f"overrides.{study} is missing; add `{study}: *none` there."
            continue
        for method, family in params.methods(study).families.items():
            if method not in params.overrides[study]:
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
