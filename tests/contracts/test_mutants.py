"""The deliberate mistakes of `make mutants`, which tries whether tests notice them, are about the code as it is."""

import importlib
from pathlib import Path

import pytest

from tests.mutants import Mutant
from tests.mutants.__main__ import FAMILIES

ROOT = Path(__file__).parents[2]
ALL = [mutant for family in FAMILIES for mutant in importlib.import_module(f"tests.mutants.{family}").MUTANTS]


@pytest.mark.parametrize("file", sorted({mutant.file for mutant in ALL}))
def test_each_mistake_can_be_made_in_one_place(file: str):
    text = (ROOT / file).read_text(encoding="utf-8")
    lost = [mutant.old for mutant in ALL if mutant.file == file and text.count(mutant.old) != 1]
    assert lost == []


def test_no_mistake_is_the_code_itself_and_each_has_tests():
    def named(mutant: Mutant) -> bool:
        path, _, name = mutant.tests.partition("::")
        found = (ROOT / path).read_text(encoding="utf-8") if (ROOT / path).is_file() else ""
        return f"def {name.split('[')[0]}(" in found if name else (ROOT / path).exists()

    assert [mutant for mutant in ALL if mutant.old == mutant.new or not named(mutant)] == []
