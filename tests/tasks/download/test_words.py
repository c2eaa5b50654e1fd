"""Words as GloVe's vocabulary has them."""

from pathlib import Path

import pytest

from tasks.common import published, tokens, words
from tasks.common.errors import UserError
from tests.tasks import language


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don't, can't, won't!", "i do n't , ca n't , wo n't !"),
        ("The film’s “good”", 'the film \'s " good "'),
        ("it'll we've they're I'd I'm", "it 'll we 've they 're i 'd i 'm"),
        ("rock'n'roll", "rock ' n ' roll"),
        ("well-made, not-so-good", "well-made , not-so-good"),
        ("3.5 of 1,000 at 10:30, 80's 4GB", "3.5 of 1,000 at 10:30 , 80 's 4gb"),
        ("so ... so.. so -- so—so", "so ... so .. so -- so -- so"),
        ("``x''", "`` x ''"),
        ("u.s. $5", "u.s . $ 5"),
        ("éclair :)", "éclair : )"),
        ("n't isn't", "n't is n't"),
        ("", ""),
    ],
)
def test_a_text_is_cut_as_gloves_were(text: str, expected: str) -> None:
    assert words.cut(text) == expected.split()


def test_numbers_are_places_in_the_vocabulary() -> None:
    number = words.Words(language.WORDS)
    known = {word: place + 2 for place, word in enumerate(language.WORDS)}
    assert number("The film, good", 9) == [known["the"], known["film"], known[","], known["good"]]
    assert number("a well-made zebra", 9) == [known["a"], known["well-made"], words.UNKNOWN]
    assert number("not-so-good", 9) == [known["not"], known["so"], known["good"]], "it has no vector of its own"
    assert number("bad......", 9) == [known["bad"], known["..."]]
    assert number("the film is good", 2) == [known["the"], known["film"]]
    assert number("\u200b", 9) == [words.UNKNOWN], "a text without a word is no row of padding"
    assert number("", 9) == [words.UNKNOWN]


def test_the_vocabulary_is_the_most_frequent_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    language.glove(monkeypatch, tmp_path)
    assert published.words(3) == language.WORDS[:3]
    assert tokens.tokeniser("words", 3)("the film .", 9) == [2, words.UNKNOWN, 4]
    with pytest.raises(UserError, match="words is 15; GloVe has 14"):
        published.words(15)
