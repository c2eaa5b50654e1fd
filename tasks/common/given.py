"""Whether a study's networks fit its samples, and the weights that others trained for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from tasks.common.backbones import BACKBONES
from tasks.common.catalogue import BY_CHANNEL, facts_of, is_grey, vocabulary_of
from tasks.common.errors import nearest
from tasks.common.schema.run import GIVEN

if TYPE_CHECKING:
    from tasks.common.params import Params

TEXTS = {
    "minilm": {
        "kind": "transformer",
        "vocabulary": 30522,
        "positions": 512,
        "width": 384,
        "blocks": 6,
        "heads": 12,
        "inner": 1536,
    },
    "glove": {"kind": "embedding", "width": 50},
}
"""What the network of a study must be for weights of texts, by their name."""
OF_TOKENS, OF_IMAGES = ("transformer", "embedding"), ("convolutional", "backbone")


def complaints_of(params: Params, name: str) -> Iterator[str]:
    """What keeps networks, samples and weights from going together in one study."""
    study, chosen = params.studies[name], params.run.studies[name]
    for side in ("source", "target"):
        dataset = params.datasets[getattr(chosen, side)]
        for place in ("network", "student"):
            yield from _inputs(f"studies.{name}.{place}", getattr(study, place), dataset, side)
    if study.data.source.classes == "none" and set(params.methods(name).pretrain) != {GIVEN}:
        yield f"studies.{name}.data.source has no classes to train a model on; its suite may have '{GIVEN}' alone."
    if name in params.run.given:
        yield from _weights(params, name, study.network, params.datasets[params.run.given[name]])


def wants_colour(grey: Iterable[str]) -> str:
    """Why the images of some sides cannot be scaled by channel, and what to do."""
    return (
        f"which scales red, green and blue each by its own numbers; {' and '.join(grey)} images are grey. Set colour: "
        "true on own images, which takes grey thrice; or take a backbone trained with signed, centred or none."
    )


def _inputs(place: str, network: Any, dataset: Any, side: str) -> Iterator[str]:
    facts = facts_of(dataset)
    if network.kind in OF_IMAGES and not facts.images:
        yield f"{place} is {network.kind}, and {side} samples are no images; use kind: dense."
    if network.kind in OF_TOKENS and not facts.tokens:
        yield f"{place} is {network.kind}, and {side} samples are no words in their order; use kind: dense."
    if facts.tokens and network.kind not in OF_TOKENS:
        yield f"{place} is {network.kind}, and {side} samples are words by their numbers; use kind: embedding."
    elif facts.tokens and network.vocabulary != vocabulary_of(dataset):
        yield f"{place}.vocabulary is {network.vocabulary}; {side} samples have numbers up to {vocabulary_of(dataset)}."


def _weights(params: Params, name: str, network: Any, dataset: Any) -> Iterator[str]:
    """Whether the study's network is the one that the weights were trained in, and its inputs as they were."""
    place, scaling = f"studies.{name}", params.studies[name].data.scaling
    if dataset.kind in ("hub", "own-hub"):
        if network.kind != "hub" or network.model != params.run.given[name]:
            yield f"run.given.{name} is a module of TensorFlow Hub; {place}.network must be its: kind: hub."
        return
    if dataset.of not in (*BACKBONES, *TEXTS):
        known = ", ".join((*TEXTS, *BACKBONES))
        close = nearest(dataset.of, (*TEXTS, *BACKBONES))
        yield f"run.given.{name}: there are no weights of '{dataset.of}'; known: {known}.{close}"
    elif dataset.of in BACKBONES:
        if network.kind != "backbone" or network.name != dataset.of:
            yield f"{place}.network must be kind: backbone and name: {dataset.of}, as its weights under run.given."
        elif scaling != BACKBONES[dataset.of].scaling:
            trained = BACKBONES[dataset.of].scaling
            chosen = params.run.studies[name]
            grey = [side for side in ("source", "target") if is_grey(params.datasets[getattr(chosen, side)])]
            if grey and trained in BY_CHANNEL:
                yield f"{place}.network is {dataset.of}, trained with data.scaling '{trained}', {wants_colour(grey)}"
                return
            yield f"{place}.data.scaling is '{scaling}'; {dataset.of} was trained with '{trained}'."
    else:
        expected = TEXTS[dataset.of] | ({"vocabulary": dataset.words + 2} if dataset.of == "glove" else {})
        for key, value in expected.items():
            if getattr(network, key, None) != value:
                yield f"{place}.network.{key} must be {value}, as that of its weights, {dataset.of}."
