"""Methods for texts are refused where there are none, and methods for numbers where there are words."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tasks.common import params
from tests.tasks.test_params import CONTENT, complaint


def selected(suite: str, family: str, method: str) -> Callable[[dict[str, Any]], object]:
    """A change of params.yaml: one more method for the studies of a suite."""
    return lambda content: content["suites"][suite]["methods"].setdefault(family, []).append(method)


@pytest.mark.parametrize(
    ("suite", "family", "method", "message"),
    [
        ("dense", "transfer", "tf-idf", "tables: 'tf-idf' counts words, and these are no texts"),
        ("dense", "pretrain", "masked-tokens", "tables: 'masked-tokens' hides word pieces from a transformer"),
        ("words", "pretrain", "masked-tokens", "reviews-words: 'masked-tokens' hides word pieces from a transformer"),
        ("encoders", "pretrain", "denoising", "reviews-masked: 'denoising' changes or gives back the numbers"),
        ("encoders", "pretrain", "autoencoder", "reviews-masked: 'autoencoder' mirrors a dense or a convolutional"),
        ("photos", "pretrain", "masked", "clothing: 'masked' mirrors a dense or a convolutional network"),
        ("encoders", "pretrain", "rotation", "reviews-masked: 'rotation' needs images, and these are none"),
        ("texts", "distill", "augmented", "reviews: 'augmented' changes or gives back the numbers"),
    ],
)
def test_a_method_that_cannot_work_on_a_study_is_refused_with_what_would(
    suite: str, family: str, method: str, message: str
):
    said = complaint(selected(suite, family, method))
    assert message in said
    assert "Leave it out of this study's suite, or: " in said


USUAL = {"activation": "relu", "initializer": "he_normal"}
DENSE = {"kind": "dense", "units": [8], **USUAL}
CONVOLUTIONAL = {"kind": "convolutional", "filters": [4], "units": [], **USUAL}
ENCODER = {"kind": "transformer", "vocabulary": 30522, "positions": 64, "width": 8, "blocks": 1, "heads": 2, "inner": 8}


def adapting(study: str, network: dict[str, Any]) -> Callable[[dict[str, Any]], object]:
    """A change of params.yaml: a study has this network, and `adabn` beside the floor of adaptation."""

    def change(content: dict[str, Any]) -> None:
        block = content["studies"][study]
        block["network"] = network
        block["data"] |= {"shared_labels": True}
        block["data"]["target"] |= {"unlabelled": 20}
        suite = content["run"]["studies"][study]["suite"]
        content["suites"][suite]["methods"]["adapt"] = ["source-only", "adabn"]
        content["run"]["studies"] = {study: content["run"]["studies"][study]}
        for other in content["suites"].values():
            other["studies"] = [one for one in other["studies"] if one == study]
        content["run"]["given"] = {}
        for name in ("source-only", "target-oracle", "adabn"):
            content["overrides"][study].setdefault(name, {})

    return change


@pytest.mark.parametrize(
    ("study", "network"),
    [
        ("digits-shift", DENSE),
        ("digits-shift", CONVOLUTIONAL),
        ("digits-shift", {"kind": "backbone", "name": "vgg16"}),
        ("digits-shift", {"kind": "backbone", "name": "convnext-tiny"}),
        ("tables-shift", DENSE),
        ("reviews-masked", ENCODER),
    ],
)
def test_adabn_is_refused_where_a_network_has_no_batch_normalisation(study: str, network: dict[str, Any]):
    said = complaint(adapting(study, network))
    assert said.startswith("params.yaml: one thing is wrong.\n")
    assert f"{study}: 'adabn' adapts the statistics of batch normalisation, and the network has none" in said
    assert "Leave it out of this study's suite, or: set network.batch_norm to true where a network has that" in said


@pytest.mark.parametrize(
    ("study", "network"),
    [
        ("digits-shift", DENSE | {"batch_norm": True}),
        ("digits-shift", {"kind": "backbone", "name": "mobilenet"}),
        ("tables-shift", DENSE | {"batch_norm": True}),
    ],
)
def test_adabn_is_taken_where_there_is_some(study: str, network: dict[str, Any]):
    content = copy.deepcopy(CONTENT)
    adapting(study, network)(content)
    assert "adabn" in params.parse(content).methods(study).adapt
