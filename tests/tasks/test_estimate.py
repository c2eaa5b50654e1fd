"""The estimate before a run: multiply-adds and samples as they are counted afterwards, and no data needed."""

from pathlib import Path

import numpy as np
import pytest

from tasks import estimate
from tasks.common import params
from tasks.common.artifacts import write_npz
from tasks.common.schema.datasets import Clothing
from tasks.common.schema.study import Convolutional, Dense

ROOT = Path(__file__).parents[2]


def test_multiply_adds_by_hand() -> None:
    dense = Dense(kind="dense", units=[10, 4], activation="relu", initializer="he_normal")
    assert estimate.multiply_adds(dense, (6,), 3) == 6 * 10 + 10 * 4 + 4 * 3
    convolutional = Convolutional(
        kind="convolutional", filters=[8, 16], units=[5], activation="relu", initializer="he_normal"
    )
    expected = 10 * 12 * 9 * 3 * 8 + 5 * 6 * 9 * 8 * 16 + 2 * 3 * 16 * 5 + 5 * 2
    assert estimate.multiply_adds(convolutional, (10, 12, 3), 2) == expected


def test_samples_seen_are_those_that_the_trainings_count() -> None:
    """5 rates × 100 epochs × 200 rows, as outcome.json of the study has them: 100,000 in a repeat."""
    settings = params.load(ROOT / "params.yaml")
    for method, expected in (
        ("scratch-tuned", 100_000),
        ("scratch", 4_000),
        ("fixed", 0),
        ("lp-ft", 100_000),
        ("fine-tuning", 100_000),
    ):
        assert estimate.samples_seen(settings, "fashion-pullover", "transfer", method, 0) == expected
    assert estimate.samples_seen(settings, "fashion-pullover", "pretrain", "supervised", 43_200) == 1_728_000
    assert estimate.samples_seen(settings, "fashion-pullover", "transfer", "depth-sweep", 0) == 400_000


def test_every_study_of_the_project_gets_an_estimate_without_any_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = params.load(ROOT / "params.yaml")
    monkeypatch.chdir(tmp_path)
    for name in settings.run.studies:
        found = estimate.of_study(settings, name)
        assert found is not None
        assert 30 < found.seconds < 7200, name
        assert found.memory > estimate.BASE


def test_more_epochs_take_longer_and_a_smoke_run_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = params.load(ROOT / "params.yaml")
    monkeypatch.chdir(tmp_path)
    small = settings.model_copy(update={"size": "smoke"})
    full, smoke = (estimate.of_study(one, "letters") for one in (settings, small))
    assert full is not None
    assert smoke is not None
    assert smoke.samples < full.samples / 20
    assert smoke.seconds < full.seconds


def test_budgets_of_labels_are_trainings_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half the labels once more, and three times as many: 3.5 times the method's own samples beside them."""
    monkeypatch.chdir(tmp_path)
    settings = params.load(ROOT / "params.yaml")
    name = settings.run.studies["tables"].suite
    found = []
    for percent in ([], [50, 300]):
        budgets = settings.suites[name].budgets.model_copy(update={"methods": ["scratch-tuned"], "percent": percent})
        suites = settings.suites | {name: settings.suites[name].model_copy(update={"budgets": budgets})}
        one = estimate.of_study(settings.model_copy(update={"suites": suites}), "tables")
        assert one is not None
        found.append(one)
    without, with_them = found
    own = estimate.samples_seen(settings, "tables", "transfer", "scratch-tuned", 0) * settings.caps.repeats
    assert with_them.samples - without.samples == 3.5 * own
    assert with_them.seconds - without.seconds > 2 * estimate.START
    assert with_them.methods == without.methods, "no method more"


def test_photos_are_in_colour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = params.load(ROOT / "params.yaml")
    datasets = settings.datasets | {"photos": Clothing(kind="clothing", side=32)}
    found = estimate.known(settings.model_copy(update={"datasets": datasets}), "photos", settings.studies["tables"])
    assert found == estimate.Data((32, 32, 3), 1240)


@pytest.mark.parametrize("shape", [(3,), (5, 4), (2, 3, 4, 1)])
def test_the_header_of_an_array_is_read_without_numpy(shape: tuple[int, ...], tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz", x=np.zeros(shape, np.uint8))
    assert estimate.header(tmp_path / "a.npz", "x") == shape
    assert estimate.header(tmp_path / "a.npz", "y") is None
    assert estimate.header(tmp_path / "none.npz", "x") is None
    (tmp_path / "bad.npz").write_bytes(b"PK")
    assert estimate.header(tmp_path / "bad.npz", "x") is None
