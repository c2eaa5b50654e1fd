"""Result files are written whole or not at all, with the same bytes for the same content."""

import errno
import time
from pathlib import Path

import numpy as np
import pytest

from tasks.common import outcomes
from tasks.common.artifacts import read_json, read_npz, replacing, write_json, write_npz
from tasks.common.errors import UserError
from tasks.common.objectives import predict
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Course
from tests.tasks import toys


def test_the_same_arrays_give_the_same_bytes_at_any_time(tmp_path: Path):
    for name in ("a", "b"):
        write_npz(tmp_path / name / "x.npz", one=np.arange(3), names=np.array(["ü", "b"]))
        time.sleep(1.1)  # zip dates have a resolution of seconds
    assert (tmp_path / "a/x.npz").read_bytes() == (tmp_path / "b/x.npz").read_bytes()
    assert read_npz(tmp_path / "a/x.npz")["names"].tolist() == ["ü", "b"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path):
    write_json(tmp_path / "x.json", {"a": 1})
    with pytest.raises(RuntimeError), replacing(tmp_path / "x.json") as draft:
        draft.write_text("half")
        raise RuntimeError
    assert read_json(tmp_path / "x.json") == {"a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_a_full_disk_is_one_clear_message(tmp_path: Path):
    with pytest.raises(UserError, match=r"x\.json could not be written: No space left on device"):
        with replacing(tmp_path / "x.json"):
            raise OSError(errno.ENOSPC, "No space left on device")
    assert not list(tmp_path.iterdir())


def test_numbers_that_json_does_not_know_are_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "x.json", {"a": float("nan")})


def test_an_outcome_loads_to_the_same_predictions_and_keeps_its_failures(tmp_path: Path):
    model = toys.source().model
    course = Course([{"epoch": 1, "loss": 0.5}], 1, 0.4, 0.9)
    results = [Failed("the loss was not finite"), Trained(model, course, 0.1, 3, 42)]
    for name in ("a", "b"):
        outcomes.save(tmp_path / name, results, {"family": "transfer"})
    x = toys.sample().train.x
    assert np.array_equal(predict(outcomes.load(tmp_path / "a", 1), x), predict(model, x))
    content = outcomes.read(tmp_path / "a")
    assert content["repeats"][0] == {"repeat": 0, "failed": "the loss was not finite"}
    assert content["parameters"] == {"trained": 42, "total": model.count_params()}
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
