"""Transfer methods on networks for texts: a block is a hidden layer of many layers, and moves or stays as one."""

import numpy as np
import pytest

from tasks.common.objectives import predict
from tasks.models import surgery
from tasks.transfer import discriminative_rates, l2_sp
from tests.tasks import toys
from tests.tasks.transferring import changed, source_of, start_of, transfer

ONE = toys.TRANSFORMER.model_copy(update={"blocks": 1})  # is traced faster
HEAD = {"head/kernel", "head/bias"}
BLOCK = {
    *(f"block-1-{part}/kernel" for part in ("query", "key", "value", "output", "inner", "outer")),
    *(f"block-1-{part}/bias" for part in ("query", "value", "output", "inner", "outer")),
    *(f"block-1-{norm}/{part}" for norm in ("attention-norm", "norm") for part in ("gamma", "beta")),
}
EMBEDDINGS = {
    "embeddings-pieces/embeddings",
    "embeddings-positions/embeddings",
    "embeddings-norm/gamma",
    "embeddings-norm/beta",
}
SHIFT_FREE = {"block-1-key/bias"}
"""A bias of all keys adds the same to every score of a query, which softmax ignores: its gradient is rounding."""


def moved(method: str, network=ONE, **changes: object) -> set[str]:
    source = source_of(network)
    found = changed(start_of(source), transfer(method, network=network, source=source, **changes).model)
    return found - SHIFT_FREE


def test_fine_tuning_moves_a_block_as_one():
    assert moved("fine-tuning", layers=1, epochs=2, head_epochs=1) == HEAD | BLOCK
    assert moved("fine-tuning", layers=["embeddings"], epochs=2, head_epochs=1) == HEAD | EMBEDDINGS


def test_everything_moves_where_all_may():
    assert moved("full-fine-tuning", epochs=2) == HEAD | BLOCK | EMBEDDINGS
    words = {"embeddings-words/embeddings", "hidden-1/kernel", "hidden-1/bias"}
    assert moved("full-fine-tuning", toys.EMBEDDING) == HEAD | words


def test_gradual_unfreezing_ends_with_everything_and_begins_with_the_last_block():
    assert moved("progressive-unfreezing", steps="all", epochs=3) == HEAD | BLOCK | EMBEDDINGS
    assert moved("progressive-unfreezing", steps=2, epochs=1) == HEAD | BLOCK | EMBEDDINGS  # what is left is the last's


def test_bitfit_moves_biases_and_the_shifts_of_layer_normalisation():
    vectors = {name for name in BLOCK | EMBEDDINGS if name.endswith(("/bias", "/beta"))}
    assert moved("bitfit", epochs=2) == HEAD | vectors


def test_lora_updates_the_kernels_of_the_blocks_alone():
    assert moved("lora", epochs=3) == HEAD | {name for name in BLOCK if name.endswith("/kernel")}


def test_loras_update_is_of_the_rank_asked_for():
    source = source_of(ONE)
    start, result = start_of(source), transfer("lora", network=ONE, source=source, epochs=3, rank=2)
    for part in ("query", "inner"):
        before, after = (np.asarray(model.get_layer(f"block-1-{part}").kernel) for model in (start, result.model))
        values = np.linalg.svd((after - before).astype(np.float64), compute_uv=False)
        assert values[1] > 1e-7
        assert values[2] < 1e-3 * values[1] + 1e-7


def test_adapters_stand_behind_embeddings_and_blocks_and_leave_their_weights():
    source = source_of(ONE)
    result = transfer("adapters", network=ONE, source=source, epochs=2)
    start = start_of(source)
    own = {layer.name for layer in start.layers}
    norms = {f"{name}/{part}" for name in own if name.endswith("-norm") for part in ("gamma", "beta")}
    assert changed(start, result.model) == HEAD | norms
    added = [layer.name for layer in result.model.layers if layer.weights and layer.name not in own]
    assert added == [f"{name}-adapter-{part}" for name in ("embeddings", "block-1") for part in ("down", "up")]
    assert result.model.get_layer("block-1-query").input is result.model.get_layer("embeddings-adapter").output


def test_layers_are_slower_the_lower_they_are():
    shares = dict(discriminative_rates.shares(source_of(ONE), ONE, 2.0))
    assert {name: share for name, share in shares.items() if name.startswith("embeddings")} == dict.fromkeys(
        ("embeddings-pieces", "embeddings-positions", "embeddings-norm"), 0.25
    )
    assert {share for name, share in shares.items() if name.startswith("block-1-")} == {0.5}
    assert moved("discriminative-rates", epochs=2) == HEAD | BLOCK | EMBEDDINGS


def test_the_sweep_reuses_embeddings_and_then_blocks():
    source = source_of(toys.EMBEDDING)
    result = transfer("depth-sweep", network=toys.EMBEDDING, source=source, epochs=2)
    kept = [not changed(start_of(source), variant, {"embeddings-words"}) for variant in result.variants.values()]
    assert list(result.variants) == ["0 layers", "1 layer", "2 layers"]
    assert kept == [False, True, True]


@pytest.mark.parametrize("network", [ONE, toys.EMBEDDING], ids=lambda network: network.kind)
def test_the_spring_holds_word_vectors_too(network):
    """Their gradient is sparse without it and dense with it; words that no text has are held where they are."""

    def distance(alpha: float) -> float:
        source = source_of(network)
        model = transfer("l2-sp", network=network, source=source, alpha=alpha, beta=0.0, epochs=2).model
        return float(l2_sp.distance(model, l2_sp.anchors(start_of(source))))

    free, held = distance(0.0), distance(5.0)
    assert 0 < held < 0.7 * free


def test_a_head_is_trained_on_the_same_features_whether_they_are_computed_once_or_not():
    source = source_of(ONE)
    result = transfer("feature-extraction", network=ONE, source=source)
    assert changed(start_of(source), result.model) == HEAD
    x = toys.texts().train.x
    body = surgery.features(surgery.copy(source.model))
    np.testing.assert_array_equal(predict(surgery.features(result.model), x), predict(body, x))
