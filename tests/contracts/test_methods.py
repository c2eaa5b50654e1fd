"""Promises that every method of every table keeps, whatever it computes."""

import copy
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import annotated_types
import numpy as np
import pytest
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML

from tasks import models
from tasks.common import complaints, outcomes, params
from tasks.common.objectives import predict
from tasks.common.outcomes import Trained
from tasks.common.samples import Sample
from tasks.common.schema.run import Size
from tasks.common.stages import Source
from tests.tasks import toys

ROOT = Path(__file__).parents[2]
CONTENT = YAML(typ="safe").load((ROOT / "params.yaml").read_text())
SETTINGS = params.parse(CONTENT)
FAMILIES = ("pretrain", "transfer", "distill", "mtl", "adapt")
SMALL = Size(repeats=1, epochs=2)
IMAGES = ("rotation", "attention", "augmentation")  # need pictures
TEXTS = ("masked-tokens", "tf-idf")
NORMALISED = ("adabn",)  # need batch normalisation


def table(family: str) -> Any:
    """A family's METHODS."""
    return importlib.import_module(f"tasks.{family}").METHODS


EVERY = [(family, method) for family in FAMILIES for method in table(family)]


def block(family: Any, method: str) -> Any:
    """Settings as params.yaml has them, two epochs and two rates."""
    settings = params.capped(SETTINGS.defaults(family, method), SMALL)
    rates = {"rates": [0.03, 0.1]} if hasattr(settings, "rates") else {}
    return settings.model_copy(update=rates)


def toy_of(method: str) -> tuple[Any, Sample]:
    """A network and a sample that suit a method."""
    if method in IMAGES:
        return toys.CONVOLUTIONAL, toys.images()
    if method in TEXTS:
        return toys.TRANSFORMER.model_copy(update={"blocks": 1}), toys.texts()  # traced in half the time
    normalised = {"batch_norm": method in NORMALISED}
    return toys.NETWORK.model_copy(update=normalised), toys.sample()


def source_of(method: str) -> Source:
    """An untrained source model for it."""
    network, sample = toy_of(method)
    return Source(models.build(network, sample.train.x.shape[1:], 2, 7), ("x", "y"))


def call(family: str, method: str, seed: int = 3, **given: Any) -> tuple[Trained, dict[str, Any]]:
    """Run a method on toy data; its result and what it was given."""
    network, sample = toy_of(method)
    arguments: dict[str, Any] = {"sample": sample, "network": network, "settings": block(family, method), "seed": seed}
    if family == "transfer":
        arguments["source"] = source_of(method)
    if family == "mtl":
        arguments["source"] = toys.sample(("x", "y"), seed=5)
    if family == "distill":
        logits = np.random.default_rng(1).normal(size=(30, 3)).astype(np.float32)
        arguments["lesson"] = toys.lesson(logits, sample=sample, network=network)
    if family == "adapt":
        arguments["unlabelled"] = toys.sample(seed=9).train.x
    arguments |= given
    run = table(family)[method]
    positions = [arguments[_ROLE.get((family, name), name)] for name in inspect.signature(run).parameters]
    result = run(*positions)
    assert isinstance(result, Trained), result
    return result, arguments


# What the parameters of a family's functions stand for, where they are named otherwise.
_ROLE = {("adapt", "source"): "sample"}


@pytest.mark.parametrize(("family", "method"), EVERY)
def test_two_runs_give_the_same_bits_save_them_and_leave_the_source_as_it_was(family: str, method: str, tmp_path: Path):
    given = source_of(method) if family == "transfer" else None
    before = [w.copy() for w in given.model.get_weights()] if given else []
    first, arguments = call(family, method, **({"source": given} if given else {}))
    second, _ = call(family, method)
    assert toys.same(first.model, second.model)
    assert first.course.rows == second.course.rows
    assert all(np.array_equal(a, b) for a, b in zip(before, given.model.get_weights() if given else [], strict=True))
    saved_models_predict_the_same(first, arguments["sample"].validation.x, tmp_path / method)


def saved_models_predict_the_same(result: Trained, x: np.ndarray, folder: Path) -> None:
    """The model and its variants, read back, give the same bits."""
    outcomes.save(folder, [result], {})
    assert np.array_equal(predict(outcomes.load(folder, 0), x), predict(result.model, x))
    for k, variant in enumerate(result.variants.values()):
        assert np.array_equal(predict(outcomes.load(folder, 0, k), x), predict(variant, x))


@pytest.mark.parametrize("method", [m for m in table("pretrain") if m not in ("supervised",)])
def test_source_models_without_labels_do_not_look_at_them(method: str):
    _, data = toy_of(method)
    other = copy.deepcopy(data)
    for part in (other.train, other.validation):
        object.__setattr__(part, "y", np.zeros_like(part.y))
    assert toys.same(call("pretrain", method, sample=data)[0].model, call("pretrain", method, sample=other)[0].model)


def test_adaptation_is_handed_target_samples_without_labels():
    """Its functions take the labelled source, and of the target an array of inputs."""
    for method, run in table("adapt").items():
        names = list(inspect.signature(run).parameters)
        assert names[1] == "unlabelled", method
        assert inspect.signature(run).parameters["unlabelled"].annotation is not inspect.Parameter.empty


def bad_values() -> Iterator[tuple[str, str, str, Any]]:
    """For every setting of every method a value that its type or its range forbids."""
    for family in FAMILIES:
        for method in params.known(family):  # type: ignore[arg-type]
            for name, field in type(SETTINGS.defaults(family, method)).model_fields.items():  # type: ignore[arg-type]
                yield family, method, name, _beyond(field)


def _beyond(field: FieldInfo) -> Any:
    limits = [*field.metadata, *(m for a in get_args(field.annotation) for m in getattr(a, "__metadata__", ()))]
    for limit in limits:
        for one in getattr(limit, "metadata", [limit]):
            if isinstance(one, annotated_types.Gt):
                return one.gt
            if isinstance(one, annotated_types.Ge):
                return one.ge - 1  # type: ignore[operator]
    return {"no": "such value"}


@pytest.mark.parametrize(("family", "method", "name", "value"), bad_values())
def test_each_bad_setting_is_refused_by_its_name(family: str, method: str, name: str, value: Any):
    blocks = params.BLOCKS[family]  # type: ignore[index]
    content = copy.deepcopy(CONTENT[family])
    content[method][name] = value
    with pytest.raises(ValidationError) as error:
        blocks.model_validate(content)
    assert any(said.startswith(f"{method}.{name}") for said in complaints.of_types(error.value, blocks, content))
