"""Everything in params.yaml that is right by itself and wrong together: unknown names, numbers that do not fit."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tasks.common import requirements
from tasks.common.catalogue import KINDS, WITHOUT_SOURCE, classes_of, facts_of
from tasks.common.complaints import of_types
from tasks.common.errors import UserError, nearest
from tasks.common.schema.run import FAMILIES, Methods

if TYPE_CHECKING:
    from tasks.common.params import Params
    from tasks.common.schema.study import Study

Known = Mapping[Any, list[str]]


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


def unfrozen(hidden: list[str], steps: str | int) -> list[list[str]]:
    """The hidden layers that move after each unfreezing, the last layer's group first; sizes differ by one at most.

    Raises:
        UserError: If there are more steps than layers.
    """
    count = len(hidden) if isinstance(steps, str) else steps
    if count > len(hidden):
        raise UserError(f"progressive-unfreezing.steps is {count}; the network has {len(hidden)} hidden layers.")
    return [hidden[len(hidden) - len(hidden) * step // count :] for step in range(1, count + 1)]


def complaints_of(params: Params, known: Known) -> list[str]:
    """All that is wrong together; ``known`` has the names of each family's methods."""
    found = [*_run(params), *_suites(params, known)]
    return found or [*_overrides(params, known), *_studies(params)]


def _run(params: Params) -> Iterator[str]:
    if params.size not in params.sizes:
        yield f"size is '{params.size}'; known: {', '.join(params.sizes)}.{nearest(params.size, params.sizes)}"
    for dataset in params.run.datasets:
        if dataset not in params.datasets:
            yield _unknown("run.datasets", dataset, params.datasets)
        elif params.datasets[dataset].kind not in KINDS:
            yield f"run.datasets has '{dataset}', which are your own data; name their file under run.files instead."
    for dataset in params.run.files:
        if dataset not in params.datasets:
            yield _unknown("run.files", dataset, params.datasets)
        elif params.datasets[dataset].kind in KINDS:
            yield f"run.files has '{dataset}', of kind {params.datasets[dataset].kind}; list it under run.datasets."
    for study, chosen in params.run.studies.items():
        place = f"run.studies.{study}"
        if study not in params.studies:
            yield _unknown("run.studies", study, params.studies)
        for side, dataset in (("source", chosen.source), ("target", chosen.target)):
            if dataset not in params.datasets:
                yield _unknown(f"{place}.{side}", dataset, params.datasets)
            elif dataset not in (*params.run.datasets, *params.run.files):
                room = "run.datasets" if params.datasets[dataset].kind in KINDS else "run.files"
                yield f"{place} needs data set '{dataset}', which {room} leaves out; add it there."
        if chosen.suite not in params.suites:
            yield _unknown(f"{place}.suite", chosen.suite, params.suites)
        elif study not in params.suites[chosen.suite].studies:
            yield f"{place}.suite is '{chosen.suite}', but suites.{chosen.suite}.studies leaves it out; add it there."


def _suites(params: Params, known: Known) -> Iterator[str]:
    for name, suite in params.suites.items():
        for study in suite.studies:
            chosen = params.run.studies.get(study)
            if chosen is None or chosen.suite != name:
                yield f"suites.{name}.studies has '{study}', but run.studies does not put it there."
        if suite.studies:
            yield from _selection(f"suites.{name}.methods", suite.methods, known)


def _selection(place: str, methods: Methods, known: Known) -> Iterator[str]:
    for family in ("pretrain", *FAMILIES):
        selected: list[str] = getattr(methods, family)
        for method in selected:
            if method not in known[family]:
                yield _unknown(f"{place}.{family}", method, known[family])
        if len(set(selected)) < len(selected):
            yield f"{place}.{family} names a method twice: {', '.join(selected)}."
    for method in methods.origins:
        if method not in methods.transfer or method in WITHOUT_SOURCE:
            yield f"{place}.origins has '{method}', which is no transfer method of this suite that uses a source model."
    for source in methods.sources:
        if source not in methods.pretrain or source == "supervised":
            yield f"{place}.sources has '{source}'; expected one of {place}.pretrain other than 'supervised'."
    for family, method, why in (
        ("pretrain", "supervised", "from which the transfer methods start"),
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
            yield _unknown("overrides", study, params.studies)
        for method in methods:
            if method not in names:
                yield _unknown(f"overrides.{study}", method, names)
    for study in params.run.studies:
        if study not in params.overrides:
            yield f"overrides.{study} is missing; add `{study}: *none` there."
            continue
        for method, family in selected(params.methods(study)).items():
            if method not in params.overrides[study]:
                yield f"overrides.{study} lacks '{method}'; add `{method}: {{}}` there (a stage depends on the entry)."
            else:
                yield from _override(params, study, family, method)


def selected(methods: Methods) -> dict[str, Any]:
    """Every method with settings that a study runs, and its family."""
    families = {method: family for family in ("pretrain", *FAMILIES) for method in getattr(methods, family)}
    return families | ({"target-oracle": "adapt"} if methods.adapt else {})


def _override(params: Params, study: str, family: Any, method: str) -> Iterator[str]:
    change = params.overrides[study][method]
    default = params.defaults(family, method)
    try:
        type(default).model_validate(default.model_dump() | change)
    except ValidationError as error:
        for text in of_types(error, type(default), change):
            yield f"overrides.{study}.{method}: {text}"


def _studies(params: Params) -> Iterator[str]:
    for name, chosen in params.run.studies.items():
        study, target = params.studies[name], params.datasets[chosen.target]
        yield from _study(name, study, params.datasets[chosen.source], target)
        yield from _sides(params, name)
        for method in selected(params.methods(name)):
            for reason in requirements.unmet(method, study, facts_of(target)):
                yield f"{name}: '{method}' {reason}"
        yield from _hints(params, name)
        yield from _layers(params, name)
        yield from _mixing(params, name)


def _sides(params: Params, name: str) -> Iterator[str]:
    """Whether a data set that is source and target is parted by its classes."""
    chosen, data = params.run.studies[name], params.studies[name].data
    if chosen.source == chosen.target:
        dataset = params.datasets[chosen.source]
        both = sorted({*_classes(data.source.classes, dataset)} & {*_classes(data.target.classes, dataset)})
        if both:
            yield (
                f"studies.{name}.data has {', '.join(both[:5])} on both sides, of one data set: the source would "
                "be the target. Name other classes, or another data set."
            )


def _layers(params: Params, name: str) -> Iterator[str]:
    """Whether the study's network has the layers that fine-tuning names, and as many as are unfrozen in steps."""
    hidden, methods = params.studies[name].network.hidden, params.methods(name).transfer
    checks: dict[str, Callable[[Any], object]] = {
        "fine-tuning": lambda settings: chosen_layers(hidden, settings.layers),
        "progressive-unfreezing": lambda settings: unfrozen(hidden, settings.steps),
    }
    for method in [name for name in methods if name in checks]:
        with contextlib.suppress(ValidationError, KeyError):  # said under `overrides` and `size`
            settings = params.settings(name, "transfer", method)
            try:
                checks[method](settings)
            except UserError as error:
                yield f"{name}: {error}"


def _mixing(params: Params, name: str) -> Iterator[str]:
    """Whether samples can be changed and mixed as the transfer methods say."""
    images = facts_of(params.datasets[params.run.studies[name].target]).images
    for method in params.methods(name).transfer:
        with contextlib.suppress(ValidationError, KeyError):
            settings = params.settings(name, "transfer", method)
            for key in ("shift", "cutmix"):
                if not images and getattr(settings, key, None):
                    yield f"{name}: transfer.{method}.{key} needs images, and these are tables; try noise or mixup."
            if getattr(settings, "mixup", 0.0) and getattr(settings, "cutmix", 0.0):
                yield f"{name}: transfer.{method} has mixup and cutmix; samples are mixed in one way, so set one to 0."


def _study(name: str, study: Study, source: Any, target: Any) -> Iterator[str]:
    place, data = f"studies.{name}.data", study.data
    named = {side: _classes(getattr(data, side).classes, one) for side, one in (("source", source), ("target", target))}
    for side, dataset in (("source", source), ("target", target)):
        facts, classes, known = facts_of(dataset), named[side], classes_of(dataset)
        for label in classes:
            if label not in known:
                yield _unknown(f"{place}.{side}.classes", label, known)
        if len(set(classes)) < len(classes):
            yield f"{place}.{side}.classes names a class twice: {', '.join(classes)}."
        for quantity in data.auxiliary:
            if quantity not in facts.auxiliary:
                yield _unknown(f"{place}.auxiliary", quantity, facts.auxiliary)
        if data.scaling not in facts.scalings:
            fitting = ", ".join(facts.scalings)
            yield f"{place}.scaling is '{data.scaling}', which is for images; known here: {fitting}."
        if not facts.images and "convolutional" in (study.network.kind, study.student.kind):
            yield f"studies.{name} has a convolutional network, and {side} samples are no images; use kind: dense."
    if data.shared_labels and len(named["source"]) != len(named["target"]):
        counts = f"{len(named['source'])} source and {len(named['target'])} target classes"
        yield f"{place}.shared_labels is true, but there are {counts}; name as many, in the same order."
    yield from _amounts(place, study, target, len(named["target"]))


def _classes(classes: list[str] | str, dataset: Any) -> tuple[str, ...]:
    return classes_of(dataset) if isinstance(classes, str) else tuple(classes)


def _amounts(place: str, study: Study, dataset: Any, classes: int) -> Iterator[str]:
    facts, target = facts_of(dataset), study.data.target
    available = facts.per_class * classes if facts.per_class else getattr(dataset, "target_rows", None)
    if available is not None and target.labelled + target.validation + target.unlabelled > available:
        yield (
            f"{place}.target asks for {target.labelled} labelled, {target.validation} validation and "
            f"{target.unlabelled} unlabelled samples; its classes have {available} in all. Ask for fewer."
        )
    for part in ("labelled", "validation"):
        if getattr(target, part) < classes:
            yield f"{place}.target.{part} is {getattr(target, part)}, fewer than its {classes} classes."


def _hints(params: Params, name: str) -> Iterator[str]:
    """Whether teacher and student have the layers that distillation of features names."""
    if "features" in params.methods(name).distill:
        with contextlib.suppress(ValidationError, KeyError):
            settings, study = params.settings(name, "distill", "features"), params.studies[name]
            for setting, layer, network in (
                ("hint", settings.hint, study.network),
                ("guided", settings.guided, study.student),
            ):
                known = ["penultimate", *(hidden for hidden in network.hidden if hidden.startswith("hidden-"))]
                if layer not in known:
                    yield _unknown(f"{name}: features.{setting}", layer, known)


def _unknown(place: str, name: str, known: Collection[str]) -> str:
    return f"{place} has '{name}'; known: {', '.join(known)}.{nearest(name, known)}"
