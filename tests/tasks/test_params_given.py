"""params.yaml: what the check says of sources that others trained, where weights, networks and samples do not fit."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tasks.common import params
from tests.tasks.test_params import CONTENT, complaint


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["run"]["given"].update(clothing="minilmm"), "run.given.clothing has 'minilmm'; known:"),
        (lambda c: c["run"]["given"].update(clothing="clothing"), "run.given.clothing is 'clothing', of kind clothing; expected weights or hub"),
        (lambda c: c["run"]["given"].pop("clothing"), "run.given lacks 'clothing'; both or neither"),
        (lambda c: c["run"]["given"].update(tables="minilm"), "suites.dense.methods.pretrain has no given, and run.given has 'tables'"),
        (lambda c: c["run"]["given"].update(nothing="minilm"), "run.given has 'nothing'; known:"),
        (lambda c: c["run"]["weights"].remove("minilm"), "needs data set 'minilm', which run.weights leaves out"),
        (lambda c: c["run"]["studies"]["clothing"].update(source="minilm"), "run.studies.clothing.source is 'minilm', which are weights; name them under run.given.clothing"),
        (lambda c: c["run"]["datasets"].append("movie-features"), "run.datasets has 'movie-features', of kind embedded; name it under run.embedded instead"),
        (lambda c: c["run"]["embedded"]["movie-features"].update(by="movie"), "run.embedded.movie-features.by is 'movie', of kind reviews; expected weights"),
        (lambda c: c["datasets"]["minilm"].update(of="bert"), "run.given.reviews: there are no weights of 'bert'; known: minilm, glove"),
        (lambda c: c["studies"]["clothing"]["network"].update(name="resnet"), "'resnet' is no backbone; known:"),
        (lambda c: c["studies"]["clothing"]["data"].update(scaling="signed"), "studies.clothing.data.scaling is 'signed'; efficientnet-lite0 was trained with 'centred'"),
        (lambda c: c["studies"]["reviews"]["network"].update(blocks=4), "studies.reviews.network.blocks must be 6, as that of its weights, minilm"),
        (lambda c: c["studies"]["reviews"]["network"].update(heads=7), "width 384 is no multiple of heads 7"),
        (lambda c: c["studies"]["reviews-words"]["network"].update(vocabulary=7), "reviews-words.network.vocabulary must be 40002"),
        (lambda c: c["studies"]["clothing"].update(student=c["studies"]["reviews"]["student"]), "studies.clothing.student is embedding, and source samples are no words in their order"),
        (lambda c: c["studies"]["reviews"].update(student=c["studies"]["tables"]["student"]), "studies.reviews.student is dense, and source samples are words by their numbers"),
        (lambda c: c["studies"]["tables"].update(student=c["studies"]["clothing"]["student"]), "studies.tables.student is convolutional, and source samples are no images"),
        (lambda c: c["transfer"]["lora"].update(noise=0.1), "reviews: transfer.lora.noise needs numbers, and these are words"),
        (lambda c: c["studies"]["tables"]["data"]["source"].update(classes="none"), "studies.tables.data.source has no classes to train a model on"),
        (lambda c: c["suites"]["photos"]["methods"].update(start="supervised"), "suites.photos.methods.pretrain leaves out 'supervised'"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused_by_the_check(change: Callable[[dict[str, Any]], object], message: str):
    assert message in complaint(change)


def pictures(scaling: str, of: str, *, colour: bool) -> Callable[[dict[str, Any]], object]:
    """A change of params.yaml: study `clothing` has own images, and starts from a backbone's weights."""

    def change(content: dict[str, Any]) -> None:
        content["datasets"]["pictures"] = {"kind": "own-images", "classes": ["a", "b"], "side": 32, "colour": colour}
        content["run"]["files"] = {"pictures": "pictures"}
        content["run"]["studies"]["clothing"].update(source="pictures", target="pictures")
        content["datasets"]["efficientnet-lite0"]["of"] = of
        content["studies"]["clothing"]["network"]["name"] = of
        content["studies"]["clothing"]["data"].update(scaling=scaling)
        content["studies"]["clothing"]["data"]["target"].update(classes="all")

    return change


@pytest.mark.parametrize(
    ("scaling", "of", "colour"),
    [
        ("signed", "mobilenet-v2", False),
        ("centred", "efficientnet-lite0", False),
        ("none", "efficientnet-b0", False),
        ("signed", "mobilenet-v2", True),
        ("imagenet-mean", "vgg16", True),
        ("imagenet", "densenet121", True),
    ],
)
def test_images_may_have_the_scaling_of_their_backbone(scaling: str, of: str, *, colour: bool):
    content = copy.deepcopy(CONTENT)
    pictures(scaling, of, colour=colour)(content)
    assert params.parse(content).studies["clothing"].data.scaling == scaling


@pytest.mark.parametrize(
    ("scaling", "message"),
    [
        ("imagenet-mean", "studies.clothing.data.scaling is 'imagenet-mean', which scales red, green and blue each"),
        ("signed", "studies.clothing.network is vgg16, trained with data.scaling 'imagenet-mean', which scales red"),
    ],
)
def test_grey_images_and_a_backbone_that_scales_colours_apart_are_one_complaint(scaling: str, message: str):
    said = complaint(pictures(scaling, "vgg16", colour=False))
    assert said.startswith("params.yaml: one thing is wrong.\n")
    assert message in said
    assert "source and target images are grey. Set colour: true on own images" in said
