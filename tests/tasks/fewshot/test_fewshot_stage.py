"""The stages of a few-shot task: which classes go where, what is refused, and the same bytes each time."""

import contextlib
import copy
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from tasks.common import artifacts, params, seeds
from tasks.common.errors import UserError
from tasks.fewshot import __main__ as train
from tasks.fewshot import pools, report, split
from tests.tasks.fewshot import toys

ROOT = Path(__file__).parents[3]
TASK = "toy-4way-2shot"
CONTENT: dict[str, Any] = YAML(typ="safe").load((ROOT / "params.yaml").read_text(encoding="utf-8"))
CONTENT["run"]["fewshot"] = {
    "tasks": {TASK: {"base": "alphabets", "novel": "katakana"}},
    "names": [TASK],
    "methods": ["nearest", "prototypes", "matching", "fine-tuned"],
}
CONTENT["fewshot"] = {
    "tasks": {
        TASK: toys.TASK.model_dump()
        | {"validation": ["Latin"], "rotations": True, "network": toys.NETWORK.model_dump(exclude_defaults=True)}
    },
    "methods": copy.deepcopy(toys.BLOCKS),
}


def raw(classes: tuple[str, ...], labels: range, seed: int) -> dict[str, np.ndarray]:
    """A raw data set of small images, six of each class to train on and two to test on, as Omniglot's is cut."""
    pool = toys.pool(len(labels), seed)
    x = np.clip(255 * pool.x, 0, 255).astype(np.uint8)
    y = np.array(labels, np.int64)
    return {
        "classes": np.array(classes),
        "train_x": x[:, :6].reshape(-1, *x.shape[2:]),
        "train_y": np.repeat(y, 6),
        "test_x": x[:, 6:].reshape(-1, *x.shape[2:]),
        "test_y": np.repeat(y, 2),
    }


NAMES = tuple(f"{group}/{k}" for group in ("Greek", "Latin", "Korean", "Katakana") for k in range(5))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with params.yaml and two raw data sets: three groups of five base classes, and one of novel ones."""
    monkeypatch.chdir(tmp_path)
    begin()
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a folder in which every stage has run."""
    folder = tmp_path_factory.mktemp("finished")
    with contextlib.chdir(folder):
        begin()
        split.main(TASK, "alphabets", "katakana")
        for method in toys.METHODS:
            train.main(TASK, method)
        report.main(TASK)
    return folder


def begin() -> None:
    """What there is in this folder before any stage has run."""
    write(CONTENT)
    artifacts.write_npz(Path("data/raw/alphabets.npz"), **raw(NAMES, range(15), 1))
    artifacts.write_npz(Path("data/raw/katakana.npz"), **raw(NAMES, range(15, 20), 2))


def write(content: dict[str, Any]) -> None:
    """params.yaml in this folder."""
    with Path("params.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(content, file)


def everything(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_second_run_gives_the_same_bytes_and_no_training_opens_the_novel_classes(
    project: Path, finished: Path
) -> None:
    split.main(TASK, "alphabets", "katakana")
    novel = project / "data/fewshot" / TASK / "novel.npz"
    novel.rename(project / "hidden.npz")
    for method in toys.METHODS:
        train.main(TASK, method)
    (project / "hidden.npz").rename(novel)
    report.main(TASK)
    assert everything(project / "data/fewshot") == everything(finished / "data/fewshot")


def test_all_stages_end_with_a_verdict(finished: Path) -> None:
    home = finished / "data/fewshot" / TASK
    results = artifacts.read_json(home / "results.json")
    assert set(results["methods"]) == set(toys.METHODS)
    assert results["methods"]["nearest"]["accuracy"] > 0.9  # planted
    assert len(results["differences"]) == 6
    accuracies = artifacts.read_npz(home / "episodes.npz")
    for name, one in results["methods"].items():
        assert one["accuracy"] == pytest.approx(accuracies[name].mean())
        assert accuracies[name].shape == (2, 60)
    told = (home / "verdict.txt").read_text()
    assert results["answer"] in " ".join(told.split())
    page = (home / "index.html").read_text()
    assert all(name in page for name in toys.METHODS)
    assert "http-equiv" in page
    assert str(finished) not in page + told


def test_base_validation_and_novel_classes_have_no_group_in_common_and_all_samples(project: Path) -> None:
    split.main(TASK, "alphabets", "katakana")
    base, novel = (artifacts.read_npz(project / "data/fewshot" / TASK / f"{name}.npz") for name in ("base", "novel"))
    names = (base["train_names"], base["validation_names"], novel["names"])
    groups = [{pools.group(name) for name in each} for each in names]
    assert groups == [{"Greek", "Korean"}, {"Latin"}, {"Katakana"}]
    assert base["train_x"].shape == (10, 8, 6, 6)
    source = artifacts.read_npz(project / "data/raw/katakana.npz")
    for label, x in zip(range(15, 20), novel["x"], strict=True):
        parts = [source[f"{part}_x"][source[f"{part}_y"] == label] for part in ("train", "test")]
        np.testing.assert_array_equal(x, np.concatenate(parts))


def test_classes_are_turned_by_quarters_and_only_those_to_train_on(project: Path) -> None:
    split.main(TASK, "alphabets", "katakana")
    plain, turned = (pools.base(TASK, rotations=value) for value in (False, True))
    assert (len(turned.train), len(turned.validation)) == (40, 5)
    np.testing.assert_array_equal(turned.validation.x, plain.validation.x)
    for turns in range(4):
        for k in range(10):
            np.testing.assert_array_equal(turned.train.x[10 * turns + k, 3], np.rot90(plain.train.x[k, 3], turns))
    assert len({*turned.train.names}) == 40
    assert float(plain.train.x.max()) <= 1
    assert plain.train.x.dtype == np.float32


def test_novel_episodes_are_the_same_for_all_methods_and_hang_on_the_seed_alone(project: Path, finished: Path) -> None:
    """A method more or less, or another method's settings, changes no other method's episodes."""
    shutil.copytree(finished / "data/fewshot", project / "data/fewshot")
    before = artifacts.read_npz(project / "data/fewshot" / TASK / "episodes.npz")
    changed = copy.deepcopy(CONTENT)
    changed["run"]["fewshot"]["methods"] = ["prototypes", "nearest"]
    write(changed)
    report.main(TASK)
    after = artifacts.read_npz(project / "data/fewshot" / TASK / "episodes.npz")
    assert list(after) == ["prototypes", "nearest"]
    for name in after:
        np.testing.assert_array_equal(after[name], before[name])
    assert len({seeds.derive(1, "few-shot", part) for part in ("novel", "validation")}) == 2


def test_a_small_size_caps_epochs_classes_episodes_and_repeats(project: Path) -> None:
    small = copy.deepcopy(CONTENT)
    small["size"] = "smoke"
    small["sizes"]["smoke"] = {"repeats": 1, "epochs": 1, "source_rows": 24, "test_rows": 60}
    write(small)
    split.main(TASK, "alphabets", "katakana")
    for method in toys.METHODS:
        train.main(TASK, method)
    report.main(TASK)
    home = project / "data/fewshot" / TASK
    outcome = artifacts.read_json(home / "methods/prototypes/outcome.json")
    assert (len(outcome["repeats"]), len(outcome["repeats"][0]["curve"]), outcome["trained_classes"]) == (1, 1, 12)
    results = artifacts.read_json(home / "results.json")
    assert results["episodes"] == 5  # of 4 × 3 queries, in 60 rows
    assert (home / "verdict.txt").read_text().startswith("Warning   Size smoke")


BROKEN: list[tuple[list[str], Any, str]] = [
    (["run", "fewshot", "names"], [], r"names is \[\]; expected the keys of run.fewshot.tasks, each once: \[toy-4"),
    (["run", "fewshot", "methods"], ["nearest", "prototype"], "'prototype'; known: .* Did you mean 'prototypes'"),
    (["run", "fewshot", "methods"], ["prototypes"], "leaves out 'nearest', the floor"),
    (["run", "fewshot", "methods"], ["nearest", "nearest"], "names a method twice"),
    (["run", "fewshot", "tasks", TASK, "novel"], "katakanas", "novel has 'katakanas'; known.*Did you mean 'katakana'"),
    (["fewshot", "tasks", TASK, "ways"], 1, "ways is 1: input should be greater than or equal to 2"),
    (["fewshot", "tasks", TASK, "shotz"], 1, "has no key 'shotz'; known: .*Did you mean 'shots'"),
    (["fewshot", "methods", "matching", "scale"], 0.0, "scale is 0.0: input should be greater than 0"),
    (["fewshot", "methods", "matching", "batch"], 1, "batch is 1: input should be greater than or equal to 2"),
    (["fewshot", "methods", "fine-tuned", "head", "momentum"], 1.5, "momentum is 1.5"),
]


@pytest.mark.parametrize(("place", "value", "words"), BROKEN)
def test_what_is_wrong_in_params_is_said_before_anything_runs(place: list[str], value: Any, words: str) -> None:
    content = copy.deepcopy(CONTENT)
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with pytest.raises(UserError, match=words):
        params.parse(content)


def test_a_task_without_a_definition_is_told_of(project: Path) -> None:
    with pytest.raises(UserError, match=r"--task has 'toy-5way'; known: toy-4way-2shot. Did you mean"):
        train.main("toy-5way", "nearest")


def test_groups_that_cannot_be_parted_are_refused() -> None:
    base, novel = toys.pool(6, 1, prefix="b"), toys.pool(4, 2, prefix="n")
    with pytest.raises(UserError, match="validation has 'x'; known: b"):
        pools.parted(base, novel, ["x"], TASK)
    with pytest.raises(UserError, match="names all groups; leave some"):
        pools.parted(base, novel, ["b"], TASK)
    with pytest.raises(UserError, match="b is among its base and its novel classes"):
        pools.parted(base, toys.pool(4, 2, prefix="b"), ["b"], TASK)


def test_only_images_are_taken_and_uneven_classes_keep_what_the_smallest_has() -> None:
    arrays = raw(NAMES, range(3), 1)
    with pytest.raises(UserError, match=r"samples of shape \(36,\), uint8; few-shot tasks take images"):
        pools.of_raw(arrays | {f"{part}_x": arrays[f"{part}_x"].reshape(-1, 36) for part in ("train", "test")}, "x")
    fewer = arrays | {"train_x": arrays["train_x"][:-2], "train_y": arrays["train_y"][:-2]}
    found = pools.of_raw(fewer, "x")
    assert found.x.shape == (3, 6, 6, 6)
    np.testing.assert_array_equal(found.x[0], pools.of_raw(arrays, "x").x[0, :6])


def test_images_that_are_not_square_cannot_be_turned() -> None:
    pool = pools.Pool(np.zeros((2, 3, 4, 5), np.float32), ("a", "b"))
    with pytest.raises(UserError, match="images of 4 × 5 cannot be turned; set rotations: false"):
        pools.rotated(pool)
