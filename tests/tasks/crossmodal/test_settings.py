"""What may be wrong in the cross-modal parts of params.yaml, and how it is told."""

import re
from typing import Any

import pytest

from tasks.common import params
from tasks.common.errors import UserError
from tests.tasks.crossmodal import planted


def wrong(change: Any) -> str:
    content = planted.params()
    change(content)
    with pytest.raises(UserError) as error:
        params.parse(content)
    return str(error.value)


def test_a_task_and_a_method_are_told_by_their_names():
    settings = params.parse(planted.params())
    assert settings.crossmodal.task("planted").held_out == 2
    assert settings.crossmodal.settings("eszsl").model_dump() == planted.METHODS["eszsl"]
    with pytest.raises(UserError, match=r"--task has 'plant'; known: planted\. Did you mean 'planted'"):
        settings.crossmodal.task("plant")


def test_an_encoder_that_others_trained_comes_from_its_weights():
    content = planted.params()
    content["run"]["crossmodal"]["tasks"] = {"planted": {"images": "planted", "texts": "data/raw/glove.npz"}}
    content["crossmodal"] = {"tasks": {"planted": planted.TASK | {"encoder": "glove"}}, "methods": planted.METHODS}
    assert params.parse(content).run.crossmodal.tasks["planted"].texts == "data/raw/glove.npz"


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("run", "crossmodal", "names"), [], r"names is \[\]; expected the keys of run.crossmodal.tasks"),
        (("run", "crossmodal", "methods"), ["esz"], "methods has 'esz'; known: chance, eszsl, devise, contrastive"),
        (("run", "crossmodal", "methods"), ["eszsl", "eszsl"], "names a method twice: eszsl, eszsl"),
        (("run", "crossmodal", "methods"), [], "at least 1 item"),
        (
            ("run", "crossmodal", "tasks", "planted", "images"),
            "plants",
            "images has 'plants'; known: .*Did you mean 'planted'",
        ),
        (("run", "crossmodal", "tasks", "planted", "texts"), "x", "tf-idf needs no more than the descriptions"),
        (
            ("crossmodal", "tasks", "planted", "encoder"),
            "glove",
            "'tasks/crossmodal/descriptions.yaml'; glove needs its weights, of: .*data/raw/glove.npz",
        ),
        (("crossmodal", "tasks", "planted", "encoder"), "bert", "encoder is 'bert'"),
        (
            ("crossmodal", "tasks", "planted", "held_out"),
            1,
            "held_out is 1: input should be greater than or equal to 2",
        ),
        (
            ("crossmodal", "tasks"),
            {"plants": planted.TASK},
            "tasks has 'planted'; known: plants. Did you mean 'plants'",
        ),
        (("crossmodal", "methods", "eszsl"), {"image_ridge": 1.0}, "eszsl.text_ridge is missing"),
        (("crossmodal", "methods", "eszsl", "text_ridge"), 0.0, "greater than 0"),
        (
            ("crossmodal", "methods", "contrastive", "temprature"),
            1.0,
            "no key 'temprature'.*Did you mean 'temperature'",
        ),
        (("seed",), "x", "seed is 'x'"),
    ],
)
def test_each_mistake_has_one_line(place: tuple[str, ...], value: Any, said: str):
    *way, key = place

    def change(content: dict[str, Any]) -> None:
        for name in way:
            content = content[name]
        content[key] = value

    message = wrong(change)
    assert len(message.splitlines()) == 2, message
    assert re.search(said, message), message
