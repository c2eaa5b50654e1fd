"""Multiply-adds by hand."""

import keras
import pytest

from tasks import models
from tasks.models.cost import multiply_adds
from tests.tasks import toys


def test_a_dense_net_has_the_products_of_its_widths():
    model = models.build(toys.NETWORK, (5,), 3, 1)
    assert multiply_adds(model) == 5 * 8 + 8 * 6 + 6 * 3


def test_a_convolution_counts_its_kernel_at_every_place():
    """8 × 8 with 3 filters of 3 × 3, then 4 × 4 with 4 of 3 × 3 × 3, then 2 · 2 · 4 → 6 → 3."""
    model = models.build(toys.CONVOLUTIONAL, (8, 8), 3, 1)
    assert multiply_adds(model) == 64 * 9 * 3 + 16 * 27 * 4 + 16 * 6 + 6 * 3


def test_batch_normalisation_and_biases_do_not_count():
    normalised = toys.NETWORK.model_copy(update={"batch_norm": True})
    assert multiply_adds(models.build(normalised, (5,), 3, 1)) == multiply_adds(models.build(toys.NETWORK, (5,), 3, 1))


def test_a_kind_of_kernel_it_does_not_know_is_refused_by_name():
    inputs = keras.Input((8, 2))
    model = keras.Model(inputs, keras.layers.Conv1D(4, 3, name="wave")(inputs))
    with pytest.raises(ValueError, match="wave is a Conv1D"):
        multiply_adds(model)
