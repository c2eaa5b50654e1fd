"""Methods for texts are refused where there are none, and methods for numbers where there are words."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.tasks.test_params import complaint


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
