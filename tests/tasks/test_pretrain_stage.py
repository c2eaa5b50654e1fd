"""The stages that save source models: what lies in their folders, and what a training that diverges says."""

import copy
from pathlib import Path
from typing import Any

import pytest

from tasks.common import outcomes, params, samples, stages
from tasks.common.errors import UserError
from tasks.common.outcomes import Trained
from tasks.common.phases import Course
from tasks.pretrain import __main__ as train
from tasks.pretrain import intermediate
from tests.tasks import toys
from tests.tasks.test_params import CONTENT

TRAINING: dict[str, Any] = toys.TRAINING | {"epochs": 1}


@pytest.fixture
def content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A folder without files, and params.yaml as it may be changed, whose studies have the toys' source and network."""
    monkeypatch.chdir(tmp_path)
    changed = copy.deepcopy(CONTENT)
    changed["size"], changed["sizes"]["full"] = "full", {"repeats": 2}
    changed["pretrain"] |= {"repeats": 2, "supervised": TRAINING, "autoencoder": TRAINING, "intermediate": TRAINING}
    changed["studies"]["tables"]["network"] = toys.NETWORK.model_dump()
    monkeypatch.setattr(params, "load", lambda: params.parse(changed))
    monkeypatch.setattr(samples, "source", lambda _: toys.sample())
    return changed


@pytest.mark.parametrize(
    ("method", "classes", "repeats", "models"), [("supervised", ["a", "b", "c"], 3, 2), ("autoencoder", [], 1, 1)]
)
def test_source_models_are_as_many_as_asked_for_and_say_what_their_logits_stand_for(
    content: dict[str, Any], method: str, classes: list[str], repeats: int, models: int
) -> None:
    """``pretrain.repeats``, 2 here, and no more than the size has."""
    content["sizes"]["full"] = {"repeats": repeats}
    train.main("tables", method)
    about = outcomes.read(stages.source_folder("tables", method))
    assert (about["family"], about["classes"]) == ("pretrain", classes)
    weights = [stages.pretrained("tables", method)(repeat).model.get_weights()[0] for repeat in range(3)]
    assert len({one.tobytes() for one in weights}) == len(about["repeats"]) == models


def test_further_training_starts_from_the_given_model(content: dict[str, Any]) -> None:
    given = toys.source().model
    about = {"family": "pretrain", "settings": {}, "classes": []}
    outcomes.save(stages.source_folder("reviews", "given"), [Trained(given, Course(), None, 0, 0)], about)
    content["pretrain"]["intermediate"] = TRAINING | {"rates": [1e-12]}
    content["overrides"]["reviews"] = content["overrides"]["reviews"] | {"intermediate": {}}
    intermediate.main("reviews")
    source = stages.pretrained("reviews", "intermediate")(1)
    assert source.classes == ("a", "b", "c")
    for kept, old in zip(source.model.get_weights()[:-2], given.get_weights()[:-2], strict=True):
        assert abs(kept - old).max() < 1e-6


def test_a_source_that_diverges_is_an_error(content: dict[str, Any]) -> None:
    content["pretrain"]["supervised"] = TRAINING | {"rates": [1e30]}
    with pytest.raises(UserError, match=r"the source model diverged: .* Lower pretrain\.supervised\.rates\."):
        train.main("tables", "supervised")
