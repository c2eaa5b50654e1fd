"""Masked language modelling: what is hidden, what stands in its place, the loss in NumPy, and that it can be learnt."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tasks import models
from tasks.common import views
from tasks.common.errors import UserError
from tasks.common.objectives import predict
from tasks.common.outcomes import Trained
from tasks.common.samples import Part, Sample
from tasks.common.schema.pretrain import MaskedTokens
from tasks.pretrain import masked_tokens, pretext
from tasks.pretrain.masked_tokens import Predict, chosen, replaced
from tests.tasks import toys

SEED = 3
NUMBERS = tf.constant([1, 2])
TEXTS = toys.texts(rows=12).train.x
ONE = toys.TRANSFORMER.model_copy(update={"blocks": 1})  # is traced faster
VOCABULARY = ONE.vocabulary


def trained(sample: Sample | None = None, network: Any = ONE, **changes: object) -> Trained:
    settings = MaskedTokens.model_validate(toys.TRAINING | {"share": 0.3, "rates": [0.05]} | changes)
    result = masked_tokens.run(sample or toys.texts(), network, settings, SEED)
    assert isinstance(result, Trained), result
    return result


def learner(seed: int = 5) -> Any:
    """An untrained encoder with what predicts pieces on top, every weight with a value of its own."""
    model = masked_tokens.with_top(models.build(ONE, (10,), 3, seed), ONE, seed)
    rng = np.random.default_rng(seed)
    model.set_weights([w + rng.normal(0, 0.3, w.shape).astype(np.float32) for w in model.get_weights()])
    return model


@pytest.mark.parametrize("share", [0.01, 0.15, 0.5, 0.99])
def test_of_each_text_a_share_of_its_pieces_is_hidden_and_nothing_else(share: float):
    hidden = chosen(tf.constant(TEXTS), NUMBERS, share).numpy()
    pieces = (TEXTS >= 104).sum(axis=1)
    assert np.array_equal(hidden.sum(axis=1), np.clip(np.round(share * pieces), 1, pieces))
    assert TEXTS[hidden].min() >= 104
    assert {*TEXTS[~(TEXTS >= 104)]} == {0, 101, 102}


def test_marks_unknown_words_the_mask_itself_and_padding_are_never_hidden():
    marks = np.array([[101, 100, 103, 102, 0, 0], [0] * 6, [101, 102, 0, 0, 0, 0]], np.float32)
    assert not chosen(tf.constant(marks), NUMBERS, 0.9).numpy().any()


def test_every_piece_is_hidden_as_often_as_any_other_and_other_numbers_hide_others():
    text = np.tile(np.array([101, *range(110, 118), 102], np.float32), (4000, 1))
    often = chosen(tf.constant(text), NUMBERS, 0.25).numpy().mean(axis=0)
    np.testing.assert_allclose(often[1:-1], 0.25, atol=0.03)  # four standard deviations
    first, again, other = (
        chosen(tf.constant(TEXTS), tf.constant(seed), 0.3).numpy() for seed in ([1, 2], [1, 2], [2, 2])
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_eight_in_ten_become_the_mask_one_any_piece_and_one_stays():
    text = np.full((3000, 10), 110, np.float32)
    hidden = np.zeros_like(text, bool)
    hidden[:, 2:8] = True
    given = replaced(tf.constant(text), tf.constant(hidden), NUMBERS, VOCABULARY).numpy()
    assert np.array_equal(given[~hidden], text[~hidden])
    values, often = np.unique(given[hidden], return_counts=True)
    shares = dict(zip(values.tolist(), often / hidden.sum(), strict=True))
    assert {*shares} == {103, *range(104, VOCABULARY)}
    assert shares[103] == pytest.approx(0.8, abs=0.01)
    assert shares[110] == pytest.approx(0.1 + 0.1 / 26, abs=0.01)
    assert shares[129] == pytest.approx(0.1 / 26, abs=0.002)


def test_the_loss_is_the_cross_entropy_of_the_hidden_pieces_alone():
    """With the vectors of the pieces as the last kernel, in NumPy, at what the model says of the changed texts."""
    model, task = learner(), Predict(0.3, VOCABULARY, 8)
    hidden = chosen(tf.constant(TEXTS), views.fold(NUMBERS, 0), 0.3)
    given = replaced(tf.constant(TEXTS), hidden, views.fold(NUMBERS, 1), VOCABULARY)
    features = predict(model, given.numpy())[hidden.numpy()].astype(np.float64)
    logits = features @ np.asarray(model.get_layer("embeddings-pieces").embeddings, np.float64).T
    pieces = TEXTS[hidden.numpy()].astype(int)
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(pieces)), pieces]
    loss, found = task.measured(model, {"x": tf.constant(TEXTS), "seed": NUMBERS}, training=True)
    assert float(loss) == pytest.approx(losses.mean(), rel=1e-5)
    assert float(found) == pytest.approx((logits.argmax(axis=1) == pieces).mean())
    assert losses.std() > 0.1


def test_without_a_piece_to_hide_the_loss_is_zero_and_moves_nothing():
    model, empty = learner(), tf.zeros((4, 10))
    with tf.GradientTape() as tape:
        loss = Predict(0.3, VOCABULARY, 8)(model, {"x": empty, "seed": NUMBERS})
    slopes = tape.gradient(loss, model.trainable_variables)
    assert float(loss) == 0
    assert all(not np.any(tf.convert_to_tensor(slope)) for slope in slopes if slope is not None)


def test_the_vectors_of_pieces_that_no_text_has_move_too_because_they_are_what_predicts():
    start = learner(5)
    with tf.GradientTape() as tape:
        loss = Predict(0.3, VOCABULARY, 8)(start, {"x": tf.constant(TEXTS), "seed": NUMBERS})
    slope = tf.convert_to_tensor(tape.gradient(loss, start.get_layer("embeddings-pieces").embeddings.value)).numpy()
    assert not np.isin([5, 50], TEXTS).any()
    assert np.abs(slope[[5, 50]]).sum(axis=1).min() > 0


def test_a_validation_part_is_judged_in_blocks_of_a_batch():
    model, task = learner(), Predict(0.3, VOCABULARY, 5)
    loss, found = task.measured(model, {"x": tf.constant(TEXTS), "seed": NUMBERS}, training=False)
    parts = [
        task.measured(model, {"x": tf.constant(part), "seed": NUMBERS}, training=True)
        for part in (TEXTS[:5], TEXTS[5:10], TEXTS[10:])
    ]
    for value, index in ((loss, 0), (found, 1)):
        expected = np.average([float(part[index]) for part in parts], weights=[5, 5, 2])
        assert float(value) == pytest.approx(expected, rel=1e-5)


def test_what_comes_out_ends_with_the_mean_and_is_what_scratch_would_have_started_with():
    result, start = trained(), pretext.body(toys.texts(), ONE, SEED)
    assert result.model.layers[-1].name == "pool"
    assert result.moved == start.count_params()
    assert result.notes["figure"] == "share of hidden pieces found"
    assert [w.shape for w in start.get_weights()] == [w.shape for w in result.model.get_weights()]
    for left, right in zip(trained(rates=[1e-30]).model.get_weights(), start.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-20)


def paired(rows: int, seed: int) -> Part:
    """Texts of pairs that always stand together: 104 and 105, 106 and 107, and so on up to 111."""
    first = np.random.default_rng(seed).integers(0, 4, (rows, 3)) * 2 + 104
    x = np.zeros((rows, 10), np.float32)
    x[:, 0], x[:, 7] = 101, 102
    x[:, 1:7:2], x[:, 2:7:2] = first, first + 1
    return Part(x, np.zeros(rows, np.int32), x[:, :1])


def test_pairs_that_always_stand_together_are_learnt():
    """One of four pieces by chance at a known place, since a place is first or second; the neighbour tells which."""
    sample = Sample(paired(300, 1), paired(200, 2), ("a", "b"))
    result = trained(sample, optimizer="adam", rates=[0.01], epochs=200, batch=50, keep="best", share=0.15)
    assert result.course.rows[0]["validation_accuracy"] < 0.5
    assert result.course.validation_accuracy > 0.9
    assert result.course.validation_loss < 0.3 < np.log(4)


def test_every_setting_changes_the_result():
    usual = trained().model
    for change in ({"share": 0.6}, {"rates": [0.01]}, {"epochs": 5}):
        assert not toys.same(usual, trained(**change).model), change


def test_a_vocabulary_that_is_not_the_texts_is_refused():
    highest = int(toys.texts().train.x.max())
    with pytest.raises(UserError, match=f"network.vocabulary is 120, and the texts have pieces up to number {highest}"):
        trained(network=ONE.model_copy(update={"vocabulary": 120}))
    with pytest.raises(UserError, match=r"word pieces begin at 104"):
        part = Part(np.ones((4, 6), np.float32), np.zeros(4, np.int32), np.zeros((4, 0), np.float32))
        trained(Sample(part, part, ("a", "b")), network=ONE.model_copy(update={"vocabulary": 104}))
