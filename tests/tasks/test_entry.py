"""The edge of every stage: what it says of itself when asked for help."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def helped(module: str) -> str:
    asked = [sys.executable, "-m", module, "--help"]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_help_names_the_command_and_the_flags_as_a_person_types_them() -> None:
    found = helped("tasks.init")
    assert found.startswith("usage: headwater init [-h] --from FROM [--source SOURCE]")
    assert "--from FROM\n" in found
    assert "--source-where SOURCE_WHERE" in found


def test_the_lines_of_the_docstring_stay_lines() -> None:
    assert "\n--target-column NAME         the label\n" in helped("tasks.init")


@pytest.mark.parametrize(
    ("module", "flag"), [("tasks.split", "--study STUDY"), ("tasks.download", "--dataset DATASET")]
)
def test_a_stage_is_called_by_its_module(module: str, flag: str) -> None:
    assert helped(module).startswith(f"usage: python -m {module} [-h] {flag}")


def test_a_flag_that_is_missing_is_named() -> None:
    done = subprocess.run([sys.executable, "-m", "tasks.init"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "headwater init: error: the following arguments are required: --from" in done.stderr
