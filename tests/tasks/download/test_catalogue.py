"""What is known of the data sets before they are downloaded: the same kinds everywhere, and known at no cost."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from tasks import datasets, own
from tasks.common import catalogue, complaints
from tasks.common.schema import datasets as schema
from tasks.common.schema.base import Section

ROOT = Path(__file__).parents[3]
MODELS = {get_args(model.model_fields["kind"].annotation)[0]: model for model in get_args(get_args(schema.Dataset)[0])}


class Holder(Section):
    """Stands for params.yaml."""

    data: schema.Dataset


def test_every_kind_has_settings_facts_and_a_loader() -> None:
    assert set(catalogue.KINDS) == set(datasets.KINDS)
    made_of_others = {"embedded"}
    expected = {*datasets.KINDS, *own.KINDS, *catalogue.WEIGHTS, *made_of_others}
    assert set(MODELS) == expected, "own ones are described by their blocks"


def test_kinds_of_weights_are_named_where_no_array_library_is_imported() -> None:
    """`tasks.weights` has their loaders, and imports TensorFlow."""
    tree = ast.parse((ROOT / "tasks/weights/__init__.py").read_text(encoding="utf-8"))
    (table,) = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    assert {ast.literal_eval(key) for key in table.keys if key} == set(catalogue.WEIGHTS)


def test_reading_the_catalogue_and_the_settings_imports_no_array_library() -> None:
    """`headwater check` must answer in a moment."""
    code = (
        "import sys, tasks.common.catalogue, tasks.common.schema.datasets;"
        "print([name for name in ('numpy', 'tensorflow', 'keras', 'PIL', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("kind", catalogue.KINDS)
def test_no_class_has_the_name_of_another(kind: str) -> None:
    classes = catalogue.KINDS[kind].classes
    assert len(set(classes)) == len(classes)


def test_omniglot_has_the_alphabets_the_settings_know() -> None:
    assert get_args(schema.Alphabet) == tuple(catalogue.ALPHABETS)
    classes = catalogue.KINDS["omniglot"].classes
    assert len(classes) == 242
    assert len(catalogue.characters("Japanese_(katakana)")) == len(catalogue.KINDS["emnist"].classes) == 47
    assert (classes[0], classes[-1]) == ("Balinese/character01", "Tagalog/character17")


def test_emnist_has_the_letters_that_look_other_than_their_capitals() -> None:
    classes = catalogue.KINDS["emnist"].classes
    assert (classes[9], classes[10], classes[35], "".join(classes[36:])) == ("9", "A", "Z", "abdefghnqrt")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"kind": "mnist", "crop": 20, "side": 24}, "side is 24: side 24 is larger than crop 20, and averaging only"),
        ({"kind": "mnist", "crop": 20}, "side 28 is larger than crop 20"),
        ({"kind": "mnist", "side": 29}, "side is 29: input should be less than or equal to 28"),
        ({"kind": "mnist", "crop": 0}, "crop is 0"),
        ({"kind": "omniglot", "alphabets": "greek"}, "alphabets is 'greek': input should be 'katakana' or 'others'"),
        ({"kind": "omniglot", "alphabets": ["Greeek"]}, "Greeek"),
        ({"kind": "omniglot", "alphabets": []}, "alphabets is []"),
        ({"kind": "omniglot"}, "alphabets is missing"),
        ({"kind": "digits", "side": 8}, "has no key 'side'"),
        (
            {"kind": "shifted-tables", "gap": 1.5, "source_rows": 9, "target_rows": 9, "test_rows": 9, "features": 5},
            "gap is 1.5",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused(content: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Holder.model_validate({"data": content})
    assert complaint in " ".join(complaints.of_types(raised.value, Holder, {"data": content}))
