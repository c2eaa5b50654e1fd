"""A text file as token numbers: the same samples and sides as its bags of words, in their order."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from tasks.common import catalogue, texts
from tasks.common.schema.own import OwnText
from tests.tasks import language
from tests.tasks.own.making import TEXT, load

LINES = [("good", f"the films a good {'very ' * number}film") for number in range(8)]
LINES += [("bad", f"not a good film {'! ' * number}bad") for number in range(8)]


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HEADWATER_CACHE", str(tmp_path / "cache"))
    language.minilm(monkeypatch)
    language.glove(monkeypatch, tmp_path)
    file = tmp_path / "says.txt"
    file.write_text("".join(f"{label}\t{text}\n" for label, text in LINES))
    return file


@pytest.mark.parametrize(
    ("settings", "first"),
    [
        ({"tokens": "pieces", "length": 6}, {"good": [2, 4, 5, 6, 17, 3], "bad": [2, 15, 17, 10, 5, 3]}),
        ({"tokens": "words", "words": 14, "length": 5}, {"good": [2, 1, 5, 8, 1], "bad": [12, 5, 8, 10, 1]}),
        ({"tokens": "words", "words": 7, "length": 4}, {"good": [2, 1, 5, 8], "bad": [1, 5, 8, 1]}),
    ],
)
def test_texts_become_numbers_of_their_first_tokens(
    path: Path, settings: dict[str, object], first: dict[str, list[int]]
) -> None:
    bags, data = load(path, TEXT), load(path, {**TEXT, **settings})
    assert data["train_x"].dtype == data["test_x"].dtype == np.int32
    for part, before in (("train", 0), ("test", len(data["train_y"]))):
        np.testing.assert_array_equal(data[f"{part}_y"], bags[f"{part}_y"], "the sides do not hang on tokens")
        said = texts.unpacked(data, before + np.arange(len(data[f"{part}_y"])))
        assert said == texts.unpacked(bags, bags[f"{part}_x"]["texts"][:, 0])
        for text, row in zip(said, data[f"{part}_x"].tolist(), strict=True):
            for label, place in (("good", 3), ("bad", 10)):
                if text == LINES[place][1]:
                    assert row == first[label]
    assert len(data["train_y"]) + len(data["test_y"]) == len(LINES)


def test_params_know_that_samples_are_token_numbers() -> None:
    bag, pieces = (OwnText.model_validate({**TEXT, "tokens": tokens}) for tokens in ("none", "pieces"))
    assert not catalogue.facts_of(bag).tokens
    assert "overall" in catalogue.facts_of(bag).scalings
    assert catalogue.vocabulary_of(bag) is None
    assert catalogue.facts_of(pieces).tokens
    assert catalogue.facts_of(pieces).scalings == ("none",)
    assert catalogue.vocabulary_of(pieces) == 30_522
    with pytest.raises(ValidationError, match="length"):
        OwnText.model_validate({**TEXT, "tokens": "words", "length": 3})
