"""Data of a person's own that are whole: what is read is what lies there, and the test part is fair."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tasks.common import texts
from tasks.common.errors import UserError
from tasks.own import parts
from tests.tasks.own.making import IMAGES, NPZ, ROWS, TABLE, arrays, csv, images, load, table, text


def test_a_table_is_read_as_it_lies_there(tmp_path: Path) -> None:
    raw = table(tmp_path, csv(), test={"column": "city", "values": ["Oslo"]}, categories=[])
    ages = 20 + 1.5 * np.arange(ROWS)
    oslo = np.arange(ROWS) % 3 == 0
    np.testing.assert_allclose(raw["test_x"]["numbers"][:, 0], ages[oslo])
    np.testing.assert_allclose(raw["train_x"]["numbers"][:, 0], ages[~oslo])
    assert raw["train_y"].tolist() == (np.arange(ROWS) * 7 % 5 % 2)[~oslo].tolist()
    assert raw["number_names"].tolist() == ["age", "income"]


@pytest.mark.parametrize(
    ("content", "changes"),
    [
        (b"\xef\xbb\xbf" + csv().encode(), {}),
        (csv(end="\r\n").encode(), {}),
        (csv().replace("Rome", '"Rome"').encode(), {}),
        (csv().replace(",", ";").replace(".", ",").encode(), {"separator": ";", "decimal": ","}),
        (csv().encode("utf-16"), {"encoding": "utf-16"}),
        (csv().replace(",", " , ").encode(), {}),
        (csv().replace("\n", "\n\n").encode(), {}),
    ],
    ids=["byte order mark", "carriage returns", "quotes", "decimal commas", "UTF-16", "blanks", "blank lines"],
)
def test_another_way_to_write_the_same_table_is_the_same_table(content: bytes, changes: Any, tmp_path: Path) -> None:
    expected, found = table(tmp_path, csv()), table(tmp_path, content, **changes)
    for name, values in expected.items():
        assert np.array_equal(found[name], values), name


def test_parquet_says_what_csv_says(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    pytest.importorskip("fastparquet")
    expected = table(tmp_path, csv())
    pd.read_csv(tmp_path / "data.csv").to_parquet(tmp_path / "data.parquet")
    found = load(tmp_path / "data.parquet", TABLE)
    for name, values in expected.items():
        assert np.array_equal(found[name], values), name


def test_missing_cells_dates_and_texts(tmp_path: Path) -> None:
    def change(rows: list[list[str]]) -> None:
        for number, row in enumerate(rows):
            row += (
                [f"2020-01-{number:02d}" if 0 < number < 30 else "", f'"été, {number}"'] if number else ["day", "note"]
            )
        rows[2][0] = rows[3][2] = "?"

    raw = table(tmp_path, csv(change), dates=["day"], texts=["note"], missing=["", "?"], test=0.1)
    x = np.concatenate([raw["train_x"], raw["test_x"]])
    x = x[np.argsort(x["texts"][:, 0])]
    assert np.isnan(x["numbers"][1, 0])
    assert x["categories"][2, 0] == ""
    assert x["numbers"][0, 2] == 18262, "days from 1970-01-01 to 2020-01-01"
    assert np.isnan(x["numbers"][35, 2])
    assert texts.unpacked(raw, x["texts"][:, 0])[4] == "été, 5"


def test_rows_without_a_label_are_left_out_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def change(rows: list[list[str]]) -> None:
        rows[4][3] = rows[7][3] = "NA"

    raw = table(tmp_path, csv(change))
    assert len(raw["train_y"]) + len(raw["test_y"]) == ROWS - 2
    assert "2 of 40 rows have no 'label' and are left out" in capsys.readouterr().out


def test_an_amount_is_cut_by_the_training_part_alone(tmp_path: Path) -> None:
    settings = {"target": "income", "classes": None, "bins": 4, "numbers": ["age"], "ignored": ["label"]}
    raw = table(tmp_path, csv(), **settings)
    assert np.ptp(np.bincount(raw["train_y"])) <= 1, "classes of the same size"
    ages = np.array([float(line.split(",")[0]) for line in csv().splitlines()[1:]])
    incomes = dict(zip(ages, [float(line.split(",")[1]) for line in csv().splitlines()[1:]], strict=True))
    seen = np.array([incomes[age] for age in raw["train_x"]["numbers"][:, 0]])
    cuts = np.quantile(seen, [0.25, 0.5, 0.75])
    tested = np.array([incomes[age] for age in raw["test_x"]["numbers"][:, 0]])
    assert raw["test_y"].tolist() == [int((value >= cuts).sum()) for value in tested]
    fixed = table(tmp_path, csv(), **(settings | {"bins": None, "edges": [30.0]}))
    assert fixed["classes"].tolist() == ["income 1 of 2", "income 2 of 2"]


def test_every_class_has_its_share_of_the_test_part() -> None:
    y = np.repeat([0, 1, 2], [100, 20, 4])
    test = parts.held_out(y, 0.25, 1)
    assert np.bincount(y[test]).tolist() == [25, 5, 1]
    assert not np.array_equal(test, parts.held_out(y, 0.25, 2))
    assert np.array_equal(test, parts.held_out(y, 0.25, 1))


def test_a_group_is_on_one_side_of_the_test_part() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 30, 300)
    y = rng.integers(0, 2, 300)
    test = parts.held_out(y, 0.25, 1, groups)
    assert not set(groups[test]) & set(groups[~test])
    assert 0.15 < test.mean() < 0.35


def test_groups_that_a_test_column_tears_apart_are_refused(tmp_path: Path) -> None:
    def change(rows: list[list[str]]) -> None:
        for number, row in enumerate(rows):
            row += ["part", "who"] if not number else ["test" if number % 4 == 0 else "train", f"p{number % 7}"]

    with pytest.raises(UserError, match="groups, such as 'p0', are on both sides"):
        table(tmp_path, csv(change), test={"column": "part", "values": ["test"]}, group="who")


def test_arrays_given_with_their_test_part_are_left_as_they_are(tmp_path: Path) -> None:
    x = np.arange(24.0).reshape(8, 3)
    path = arrays(tmp_path, x=x, y=np.arange(8) % 2, x_test=x + 100, y_test=np.arange(8)[::-1] % 2)
    raw = load(path, dict(NPZ) | {"test": "given"})
    assert np.array_equal(raw["train_x"], x.astype(np.float32))
    assert np.array_equal(raw["test_x"], (x + 100).astype(np.float32))
    assert raw["test_y"].tolist() == [1, 0] * 4


def test_an_image_is_cut_round_its_centre_turned_upright_and_put_on_white(tmp_path: Path) -> None:
    folder = images(tmp_path / "pets")
    wide = np.zeros((8, 24, 3), np.uint8)
    wide[:, 8:16] = 200
    Image.fromarray(wide).save(folder / "cat/0.png")
    clear = np.zeros((8, 8, 4), np.uint8)
    Image.fromarray(clear).save(folder / "cat/1.png")
    lying = np.zeros((8, 8, 3), np.uint8)
    lying[0] = 255  # its top row is the right column once it is turned
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(lying).save(folder / "cat/2.png", exif=exif)
    raw = load(folder, dict(IMAGES) | {"test": 0.1})
    seen = np.concatenate([raw["train_x"], raw["test_x"]])
    for expected in (wide[:, 8:16], np.full((8, 8, 3), 255, np.uint8), np.rot90(lying, -1)):
        assert any(np.array_equal(image, expected) for image in seen)


def test_hidden_files_of_a_system_are_no_images(tmp_path: Path) -> None:
    folder = images(tmp_path / "pets")
    for name in (".DS_Store", "Thumbs.db"):
        (folder / "cat" / name).write_bytes(b"x")
    raw = load(folder, dict(IMAGES) | {"colour": False})
    assert raw["train_x"].shape[1:] == (8, 8)
    assert len(raw["train_y"]) + len(raw["test_y"]) == 12


def test_texts_keep_their_labels(tmp_path: Path) -> None:
    raw = text(tmp_path, "".join(f"{'good' if n % 2 else 'bad'}\tcase {n}\twith tabs\n" for n in range(12)))
    for part in ("train", "test"):
        for place, label in zip(raw[f"{part}_x"]["texts"][:, 0], raw[f"{part}_y"], strict=True):
            assert label == place % 2
    assert texts.unpacked(raw, np.array([3])) == ["case 3\twith tabs"]


def test_the_same_file_and_seed_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = table(tmp_path, csv()), table(tmp_path, csv())
    assert all(one[name].tobytes() == two[name].tobytes() for name in one)
