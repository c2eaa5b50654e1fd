"""Word pieces: BERT's rules one by one on a small vocabulary, and all of them against the reference tokeniser."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tasks.common import integrity, published, tokens
from tasks.common.pieces import Pieces, words
from tasks.datasets import reviews
from tests.tasks import language

NUMBER = Pieces(language.PIECES)
LONG = 99


def said(text: str, length: int = LONG) -> list[str]:
    return [language.PIECES[number] for number in NUMBER(text, length)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The films", "the film ##s"),
        ("unaffordable", "un ##afford ##able"),
        ("unaffordably", "[UNK]"),  # what comes out uneven is unknown whole, not in part
        ("GOOD!", "good !"),
        ("film's", "film ' s"),
        ("Café", "cafe"),
        ("Cafe\u0301", "cafe"),
        ("not-bad$", "not - bad $"),
        ("a你good", "a 你 good"),
        ("go\x07od\u200b", "good"),
        ("go\ufffdod", "good"),
        ("bad\u3000\tgood\u2029a", "bad good a"),
        ("[SEP]", "[UNK] [UNK] [UNK]"),  # a text's own, and not the mark
        ("", ""),
        (" \n", ""),
        ("😀 good", "[UNK] good"),
        ("un" * 51, "[UNK]"),
    ],
)
def test_a_text_is_cut_as_bert_cuts_it(text: str, expected: str) -> None:
    assert said(text) == ["[CLS]", *expected.split(), "[SEP]"]


def test_a_word_of_a_hundred_characters_is_the_longest_that_is_known() -> None:
    number = Pieces([*language.PIECES, "x", "##x"])
    assert number("x" * 100, 200)[1:-1] == [len(language.PIECES)] + [len(language.PIECES) + 1] * 99
    assert number("x" * 101, 200)[1:-1] == [language.PIECES.index("[UNK]")]


def test_letters_become_small_one_by_one() -> None:
    assert words("ΟΔΟΣ İX ẞ") == ["οδοσ", "ix", "ß"]


@pytest.mark.parametrize("length", [4, 5, 6, 7, 8])
def test_a_long_text_is_cut_between_the_marks(length: int) -> None:
    whole = said("the films unaffordable")
    assert said("the films unaffordable", length) == [*whole[:-1][: length - 1], "[SEP]"]
    assert len(said("the films unaffordable", length)) == min(length, len(whole))


def test_rows_end_with_padding() -> None:
    x = tokens.numbered(["good", "the films", "the films unaffordable"], NUMBER, 5)
    assert x.dtype == np.int32
    assert x.tolist() == [[2, 10, 3, 0, 0], [2, 4, 5, 6, 3], [2, 4, 5, 6, 3]]


REFERENCE = """
import json, sys
from tokenizers import BertWordPieceTokenizer
tokenizer = BertWordPieceTokenizer(sys.argv[1], lowercase=True)
print(json.dumps([encoding.ids for encoding in tokenizer.encode_batch(json.load(sys.stdin))]))
"""


@pytest.mark.long
def test_every_rated_sentence_is_cut_as_the_reference_cuts_it(packages: None, tmp_path: Path) -> None:
    """23,703 sentences, against the package `tokenizers`, fetched for this test."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path), "tokenizers"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("pip cannot fetch tokenizers")
    archive = integrity.content(published.RATED.files()["hutto_ICWSM_2014.tar.gz"])
    texts = [one.text for domain in reviews.FILES for one in reviews.rated(archive, domain)]
    assert len(texts) == 23_703
    vocabulary = str(published.MINILM.files()["vocab.txt"])
    asked = [sys.executable, "-c", REFERENCE, vocabulary]
    done = subprocess.run(
        asked, input=json.dumps(texts), capture_output=True, text=True, check=True, env={"PYTHONPATH": str(tmp_path)}
    )
    number = tokens.tokeniser("pieces", 0)
    assert [number(text, 10_000) for text in texts] == json.loads(done.stdout)
