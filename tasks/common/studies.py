"""Whether a study's data, networks and methods go together."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tasks.common import given, requirements
from tasks.common.catalogue import BY_CHANNEL, classes_of, facts_of, is_grey
from tasks.common.errors import UserError, unknown
from tasks.common.layers import chosen_layers, unfrozen

if TYPE_CHECKING:
    from tasks.common.params import Params
    from tasks.common.schema.run import Budgets
    from tasks.common.schema.study import Study


def complaints_of_studies(params: Params) -> Iterator[str]:
    """What keeps a study from being run, though each of its settings is right; asked when nothing else is wrong."""
    for name, chosen in params.run.studies.items():
        study, target = params.studies[name], params.datasets[chosen.target]
        yield from _study(name, study, params.datasets[chosen.source], target)
        yield from _sides(params, name)
        for method in params.methods(name).families:
            for reason in requirements.unmet(method, study, facts_of(target)):
                yield f"{name}: '{method}' {reason}"
        yield from _hints(params, name)
        yield from _layers(params, name)
        yield from given.complaints_of(params, name)
        yield from _mixing(params, name)
        yield from _budgets(f"suites.{chosen.suite}", params.suites[chosen.suite].budgets, name, study, target)


def _sides(params: Params, name: str) -> Iterator[str]:
    """Whether a data set that is source and target is parted by its classes."""
    chosen, data = params.run.studies[name], params.studies[name].data
    if chosen.source == chosen.target:
        dataset = params.datasets[chosen.source]
        both = sorted({*named(data.source.classes, dataset)} & {*named(data.target.classes, dataset)})
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
    facts = facts_of(params.datasets[params.run.studies[name].target])
    for method in params.methods(name).transfer:
        with contextlib.suppress(ValidationError, KeyError):
            settings = params.settings(name, "transfer", method)
            for key in ("shift", "flip", "cutmix"):
                if not facts.images and getattr(settings, key, None):
                    yield f"{name}: transfer.{method}.{key} needs images, and these are none; try noise or mixup."
            for key in ("noise", "mixup"):
                if facts.tokens and getattr(settings, key, None):
                    yield f"{name}: transfer.{method}.{key} needs numbers, and these are words; take it out."
            if getattr(settings, "mixup", 0.0) and getattr(settings, "cutmix", 0.0):
                yield f"{name}: transfer.{method} has mixup and cutmix; samples are mixed in one way, so set one to 0."


def _study(name: str, study: Study, source: Any, target: Any) -> Iterator[str]:
    place, data = f"studies.{name}.data", study.data
    classes_by_side = {
        side: named(getattr(data, side).classes, one) for side, one in (("source", source), ("target", target))
    }
    for side, dataset in (("source", source), ("target", target)):
        facts, classes, known = facts_of(dataset), classes_by_side[side], classes_of(dataset)
        for label in classes:
            if label not in known:
                yield unknown(f"{place}.{side}.classes", label, known)
        if len(set(classes)) < len(classes):
            yield f"{place}.{side}.classes names a class twice: {', '.join(classes)}."
        for quantity in data.auxiliary:
            if quantity not in facts.auxiliary:
                yield unknown(f"{place}.auxiliary", quantity, facts.auxiliary)
        if data.scaling not in facts.scalings and not (facts.images and data.scaling in BY_CHANNEL):
            fitting = ", ".join(facts.scalings)
            yield f"{place}.scaling is '{data.scaling}', which is for images; known here: {fitting}."
    grey = [side for side, one in (("source", source), ("target", target)) if is_grey(one)]
    if grey and data.scaling in BY_CHANNEL:
        yield f"{place}.scaling is '{data.scaling}', {given.wants_colour(grey)}"
    if data.shared_labels and len(classes_by_side["source"]) != len(classes_by_side["target"]):
        counts = " and ".join(f"{len(classes)} {side}" for side, classes in classes_by_side.items()) + " classes"
        yield f"{place}.shared_labels is true, but there are {counts}; name as many, in the same order."
    yield from _amounts(place, study, target, len(classes_by_side["target"]))


def _budgets(place: str, budgets: Budgets, name: str, study: Study, dataset: Any) -> Iterator[str]:
    """Whether the study has so few labels, and so many."""
    target, classes = study.data.target, len(named(study.data.target.classes, dataset))
    for percent in budgets.percent:
        asked = target.labelled * percent // 100
        if asked > target.labelled + target.unlabelled:
            most = 100 * (target.labelled + target.unlabelled) // target.labelled
            yield f"{place}.budgets.percent has {percent}; {name} has labels for {most} at most."
        if asked < classes:
            yield f"{place}.budgets.percent has {percent}: {asked} labels in {name}, fewer than its {classes} classes."


def named(classes: list[str] | str, dataset: Any) -> tuple[str, ...]:
    """The classes that a study's block means: a list, ``all`` or ``none``."""
    if isinstance(classes, str):
        return classes_of(dataset) if classes == "all" else ()
    return tuple(classes)


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
                    yield unknown(f"{name}: features.{setting}", layer, known)
