"""The stages one after another, in a project of planted classes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.common import outcomes
from tasks.common.artifacts import read_json, read_npz, write_npz
from tasks.common.errors import UserError
from tasks.crossmodal import __main__ as train
from tasks.crossmodal import descriptions, report, seen, split, wording
from tests.tasks.crossmodal import planted, test_page

HOME = Path("data/crossmodal/planted")
TEXTS = "tasks/crossmodal/descriptions.yaml"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with planted data, whose descriptions are the attributes themselves."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(descriptions, "read", lambda _block, names: list(names))
    monkeypatch.setattr(descriptions, "encode", lambda *_: planted.texts())
    planted.write(tmp_path)
    write_npz(tmp_path / "data/raw/planted.npz", **planted.raw())
    return tmp_path


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run(*methods: str) -> None:
    split.main("planted", "planted", TEXTS)
    for method in methods:
        train.main("planted", method)


def small(**changes: Any) -> dict[str, Any]:
    """Settings of a small run with few methods."""
    content = planted.params(size="smoke", **changes)
    content["run"]["crossmodal"]["methods"] = ["eszsl", "contrastive"]
    return content


def test_planted_classes_are_told_the_control_is_not_and_the_verdict_says_so(project: Path):
    content = planted.params()
    content["run"]["crossmodal"]["methods"] = ["chance", "eszsl"]
    planted.write(project, run=content["run"])
    run("chance", "eszsl")
    report.main("planted")
    found = read_json(HOME / "results.json")
    assert found["splits"] == 16
    assert found["chance"] == 0.5
    told = found["methods"]["eszsl"]
    assert told["zero_shot"]["mean"] > 0.95
    assert told["zero_shot"]["joint"][0] > 0.5
    control = told["shuffled"]["zero_shot"]
    assert control["classes"][0] < 0.5 < control["classes"][1]
    for by in ("classes", "images", "joint"):
        low, high = told["zero_shot"][by]
        assert low <= told["zero_shot"]["mean"] <= high
    mean = np.mean([2 * s * u / (s + u) if s + u else 0 for s, u in zip(*of_splits(told), strict=True)])
    assert told["harmonic"]["mean"] == pytest.approx(mean)
    text = (HOME / "verdict.txt").read_text(encoding="utf-8")
    assert "Better than a guess on classes never seen: eszsl." in text
    assert "Careful" not in text
    assert all(len(line) <= 120 for line in text.splitlines())
    assert text.endswith("The same as a page: data/crossmodal/planted/index.html\n")
    shown = (HOME / "index.html").read_text(encoding="utf-8")
    for method in ("chance", "eszsl"):
        assert test_page.of(shown, method)[0] == f"{100 * found['methods'][method]['zero_shot']['mean']:.1f}"
    assert str(project) not in shown


def of_splits(entry: dict[str, Any]) -> tuple[list[float], list[float]]:
    return entry["seen"]["splits"], entry["unseen"]["splits"]


def test_every_byte_is_the_same_again_and_small_sizes_are_small(project: Path):
    planted.write(project, **small())
    run("eszsl", "contrastive")
    report.main("planted")
    first = files(HOME)
    assert sum(name.endswith("split-007.npz") for name in first) == 1
    assert "seen/split-008.npz" not in first
    assert len(outcomes.read(HOME / "methods/contrastive")["repeats"][0]["curve"]) == 2
    run("eszsl", "contrastive")
    report.main("planted")
    assert files(HOME) == first
    assert "Size smoke: these numbers mean nothing." in first["verdict.txt"].decode()


def test_a_method_never_opens_what_is_held_out(project: Path):
    """With nothing there but the files of seen classes it gives the same bytes."""
    planted.write(project, **small())
    run("eszsl")
    made = files(HOME / "methods")
    (HOME / "held-out.npz").unlink()
    (project / "data/raw/planted.npz").unlink()
    train.main("planted", "eszsl")
    assert files(HOME / "methods") == made


def test_the_control_is_trained_with_shuffled_descriptions_and_measured_with_them(project: Path):
    planted.write(project, **small())
    run("eszsl")
    test, home = read_npz(HOME / "held-out.npz"), HOME / "methods/eszsl"
    for number, path in enumerate(seen.files("planted")):
        arrays = read_npz(path)
        known = np.setdiff1d(np.arange(planted.CLASSES), test["held_out"][number])
        assert np.array_equal(arrays["shuffled"], test["texts"][test["order"][number]][known])
    plain, control = (outcomes.load(home, 0, variant).get_weights()[0] for variant in (None, 0))
    assert not np.array_equal(plain, control)
    found = report.answers(home, test, [0, 1], shuffled=True)
    assert found.among.shape == (2, len(test["y"]))
    assert np.array_equal(np.isnan(found.among[0]), ~np.isin(test["y"], test["held_out"][0]))


def test_a_split_in_which_a_method_failed_is_left_out_for_all(project: Path, monkeypatch: pytest.MonkeyPatch):
    planted.write(project, **small())
    run("chance", "eszsl")
    alive = report.whole
    failed = {"eszsl": [0, 1, 2, 4, 5, 6, 7], "chance": list(range(8))}
    monkeypatch.setattr(report, "whole", lambda folder: [s for s in alive(folder) if s in failed[folder.name]])
    test = read_npz(HOME / "held-out.npz")
    found = report.results("planted", ["chance", "eszsl"], test, 1)
    assert found["left_out"] == 1
    assert found["methods"]["eszsl"]["failed"] == 1
    assert len(found["methods"]["chance"]["zero_shot"]["splits"]) == 7
    assert test["held_out"][3].tolist() not in found["held_out"]
    told = found["methods"]["eszsl"]["by_class"]
    assert [told[f"class-{number}"] for number in test["held_out"][3]] == [None, None]
    assert sum(share is None for share in told.values()) == 2
    monkeypatch.setattr(report, "whole", lambda _: [])
    with pytest.raises(UserError, match="in every split a method failed"):
        report.results("planted", ["eszsl"], test, 1)


def test_what_is_said_of_intervals():
    for joint, said in (([0.6, 0.9], "better"), ([0.1, 0.4], "worse"), ([0.4, 0.7], "not shown")):
        assert wording.better({"zero_shot": {"joint": joint}}, 0.5) == said


@pytest.mark.parametrize("stage", [split, train, report])
def test_an_unknown_task_is_told(project: Path, stage: Any):
    rest = {split: ("planted", TEXTS), train: ("eszsl",), report: ()}[stage]
    with pytest.raises(UserError, match="--task has 'plant'; known: planted"):
        stage.main("plant", *rest)


def test_an_unknown_method_is_told(project: Path):
    with pytest.raises(UserError, match="crossmodal has no method 'clip'; known: chance, eszsl, devise, contrastive"):
        train.main("planted", "clip")
