"""What is read once gives what DVC reads for each stage, and a file that changes is read again."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from dvc.fs import localfs

from flows.store import params

YAML = """
a: {b: {c: 1, d: [1, 2, {e: x}]}, empty: {}, none: null, false: 0}
list: [1, 2, 3]
5: number
nested: {5: six, text: "7"}
"a.b": dotted
"""
KEYS = [
    "a", "a.b", "a.b.c", "a.b.d", "a.b.d.0", "a.b.d.2.e", "a.empty", "a.none", "a.false", "list", "list.1", "list.7",
    "5", "nested.5", "nested.text", "missing", "a.missing.c", "a.b.c.d", "a.*", "a.b.[cd]",
]  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> str:
    (tmp_path / "params.yaml").write_text(YAML)
    return str(tmp_path / "params.yaml")


@pytest.mark.parametrize("key", KEYS)
def test_each_key_has_the_value_that_dvc_finds(path: str, key: str) -> None:
    try:
        expected = params._of_dvc(localfs, path, [key], True)
    except ValueError as error:  # a pattern that fits more than once
        with pytest.raises(ValueError, match=re.escape(str(error)[:10])):
            params.read_param_file(localfs, path, [key], True)
    else:
        assert params.read_param_file(localfs, path, [key], True) == expected


def test_a_changed_file_is_read_again(path: str) -> None:
    assert params.read_param_file(localfs, path, ["list"], True) == {"list": [1, 2, 3]}
    Path(path).write_text(YAML.replace("[1, 2, 3]", "[3, 2, 1]"))  # as long as it was
    os.utime(path, ns=(1, 1))
    assert params.read_param_file(localfs, path, ["list"], True) == {"list": [3, 2, 1]}


def test_what_one_stage_does_to_a_value_is_not_seen_by_another(path: str) -> None:
    params.read_param_file(localfs, path, ["list"], True)["list"].append(4)
    assert params.read_param_file(localfs, path, ["list"], True) == {"list": [1, 2, 3]}


def test_what_stands_twice_in_the_file_stands_twice_in_the_value_and_as_no_anchor(tmp_path: Path) -> None:
    """As DVC would write it: an anchor, with a number that another stage's anchor has too."""
    path = tmp_path / "params.yaml"
    path.write_text("study: {network: &same {units: [1]}, student: *same}\n")
    value = params.read_param_file(localfs, str(path), ["study"], True)["study"]
    assert value == {"network": {"units": [1]}, "student": {"units": [1]}}
    assert value["network"] is not value["student"]
    assert value["network"]["units"] is not value["student"]["units"]
