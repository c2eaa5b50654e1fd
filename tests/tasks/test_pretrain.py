"""What all ways to train a source model promise: what they look at, what they hand over, and that it can be used."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tasks.common import outcomes, scratch
from tasks.common.objectives import predict
from tasks.common.outcomes import Trained
from tasks.common.samples import Sample
from tasks.common.schema.base import Nothing
from tasks.common.schema.pretrain import Contrastive, Denoising, Greedy, Masked, MaskedTokens
from tasks.common.schema.study import Network
from tasks.common.schema.transfer import FineTuning
from tasks.common.stages import Source
from tasks.models import surgery
from tasks.pretrain import LABELS_SOURCE, METHODS, pretext
from tasks.transfer import fine_tuning, fixed
from tests.tasks import toys

SEED = 3
UNLABELLED = [method for method in METHODS if method not in LABELS_SOURCE]
VIEWS = {"corruption": 0.4, "crop": 0.8, "shift": 1, "flip": False, "noise": 0.1}
NORMALISED = toys.NETWORK.model_copy(update={"batch_norm": True})
IMAGES = toys.CONVOLUTIONAL
TEXTS = ("masked-tokens",)
CASES = [(method, toys.NETWORK) for method in UNLABELLED if method not in ("rotation", *TEXTS)]
CASES += [(method, IMAGES) for method in UNLABELLED if method not in TEXTS]
CASES += [(method, toys.TRANSFORMER) for method in TEXTS]


def settings_of(method: str, **changes: object):
    """Settings that suit a method, with changes."""
    kinds = {
        "denoising": (Denoising, {"noise": "gaussian", "amount": 0.5, "emphasis": 0.0}),
        "greedy": (Greedy, {"masking": 0.0}),
        "contrastive": (Contrastive, {"temperature": 0.5, "projection": 4, "views": VIEWS}),
        "masked": (Masked, {"share": 0.4, "patch": 2}),
        "masked-tokens": (MaskedTokens, {"share": 0.3}),
    }
    kind, extra = kinds.get(method, (type(toys.training()), {}))
    return kind.model_validate(toys.TRAINING | {"rates": [0.02]} | extra | changes)


def sample_for(network: Network) -> Sample:
    return {"convolutional": toys.images, "transformer": toys.texts, "dense": toys.sample}[network.kind]()


def source_model(method: str, network: Network = toys.NETWORK, sample: Sample | None = None, **changes: object):
    found = METHODS[method](sample or sample_for(network), network, settings_of(method, **changes), SEED)
    assert isinstance(found, Trained), found
    return found


@dataclass(frozen=True)
class Case:
    """A method on a network, and the source model it gives."""

    method: str
    network: Network
    trained: Trained


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{case[1].kind}")
def case(request: pytest.FixtureRequest) -> Case:
    """One after another, so that each is traced once."""
    method, network = request.param
    return Case(method, network, source_model(method, network))


def test_labels_are_not_looked_at_and_the_same_call_gives_the_same_bits(case: Case):
    relabelled = sample_for(case.network)
    for part in (relabelled.train, relabelled.validation):
        object.__setattr__(part, "y", np.roll(part.y, 1))
    again = source_model(case.method, case.network, relabelled)
    assert toys.same(case.trained.model, again.model)
    assert case.trained.course == again.course


def test_the_epoch_is_chosen_by_a_loss_that_does_not_change_by_itself(case: Case):
    """With a rate too small to move anything, each epoch is judged the same."""
    still = source_model(case.method, case.network, rates=[1e-30])
    for phase in {row["phase"] for row in still.course.rows}:
        assert len({row["validation_loss"] for row in still.course.rows if row["phase"] == phase}) == 1


def test_all_layers_of_the_body_learn_from_the_initial_weights_that_all_methods_share(case: Case):
    start = surgery.features(scratch.network_for(sample_for(case.network), case.network, SEED))
    assert toys.same(start, pretext.body(sample_for(case.network), case.network, SEED))
    assert [layer.name for layer in case.trained.model.layers] == [layer.name for layer in start.layers]
    pairs = zip(start.get_weights(), case.trained.model.get_weights(), strict=True)
    assert all(not np.array_equal(a, b) for a, b in pairs)
    assert case.trained.moved == start.count_params()


def test_a_saved_source_gives_the_same_features(tmp_path: Path, case: Case):
    x = sample_for(case.network).validation.x
    outcomes.save(tmp_path / "source", [case.trained], {})
    loaded = outcomes.load(tmp_path / "source", 0)
    assert np.array_equal(predict(loaded, x), predict(case.trained.model, x))


@pytest.mark.parametrize("method", [method for method in UNLABELLED if method not in ("rotation", *TEXTS)])
def test_batch_normalisation_learns_its_statistics_too(method: str):
    trained = source_model(method, NORMALISED)
    assert trained.model.get_layer("hidden-2-norm").get_weights()[2].any()


@pytest.mark.parametrize(
    ("method", "network"),
    [("denoising", toys.NETWORK), ("rotation", IMAGES), ("greedy", IMAGES), ("masked-tokens", toys.TRANSFORMER)],
)
def test_a_source_without_a_head_can_be_used_as_it_is_and_fine_tuned(method: str, network: Network):
    data, source = sample_for(network), Source(source_model(method, network).model, ())
    features = predict(source.model, data.train.x)
    means = np.stack([features[data.train.y == label].mean(axis=0) for label in range(3)])
    held_out = predict(source.model, data.validation.x)
    nearest = ((held_out[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    used = fixed.run(data, source, network, Nothing(), SEED).model
    assert np.array_equal(predict(used, data.validation.x).argmax(axis=1), nearest)
    settings = FineTuning.model_validate(toys.TRAINING | {"head_epochs": 1, "slowdown": 0.5, "layers": "all"})
    tuned = fine_tuning.run(data, source, network, settings, SEED)
    assert isinstance(tuned, Trained)
    assert tuned.moved == tuned.model.count_params()


def test_a_training_that_diverges_says_why():
    for method in ("autoencoder", "greedy", "contrastive"):
        failed = METHODS[method](toys.sample(), toys.NETWORK, settings_of(method, rates=[1e30]), SEED)
        assert "rate 1e+30" in failed.reason  # type: ignore[union-attr]


@pytest.mark.parametrize("count", [3, 4, 7, 20])
def test_blocks_give_the_mean_over_all_samples(count: int):
    values = np.arange(count, dtype=np.float32)

    def part(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.reduce_mean(x), tf.reduce_mean(x**2)

    loss, figure = pretext.in_blocks(part, values, 4)
    assert float(loss) == pytest.approx(values.mean())
    assert float(figure) == pytest.approx((values**2).mean())
