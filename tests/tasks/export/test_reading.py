"""A person's file becomes samples, or it is said why not."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.common.errors import UserError
from tasks.export.reading import samples

TABLE = [5]


def test_flat_rows_whole_samples_and_a_single_one_are_the_same_samples(tmp_path: Path):
    x = np.arange(8, dtype=np.int64).reshape(2, 2, 2)
    for name, values in {"whole": x, "flat": x.reshape(2, 4)}.items():
        np.savez(tmp_path / f"{name}.npz", x=values)
        found = samples(tmp_path / f"{name}.npz", [2, 2], "uint8")
        np.testing.assert_array_equal(found, x)
        assert found.dtype == np.uint8
    np.savez(tmp_path / "one.npz", x=x[0])
    np.testing.assert_array_equal(samples(tmp_path / "one.npz", [2, 2], "float32"), x[:1])
    (tmp_path / "x.csv").write_text("a,b,c,d\n0,1,2,3\n\n4,5,6,7\n")
    np.testing.assert_array_equal(samples(tmp_path / "x.csv", [2, 2], "float32"), x)


def test_an_image_is_brought_to_the_models_side_and_colours(tmp_path: Path):
    pixels = np.zeros((4, 6), np.uint8)
    pixels[:, :3] = 200
    Image.fromarray(pixels).save(tmp_path / "x.png")
    found = samples(tmp_path / "x.png", [2, 2], "uint8")
    np.testing.assert_array_equal(found, [[[200, 0], [200, 0]]])
    assert samples(tmp_path / "x.png", [2, 2, 3], "uint8").shape == (1, 2, 2, 3)


def test_pickles_are_refused_in_any_coat(tmp_path: Path):
    for name in ("x.pkl", "x.npz"):
        (tmp_path / name).write_bytes(pickle.dumps([1, 2]))
    np.savez(tmp_path / "object.npz", x=np.array([{}], dtype=object))
    with pytest.raises(UserError, match="is a pickle"):
        samples(tmp_path / "x.pkl", TABLE, "float32")
    for name in ("x.npz", "object.npz"):
        with pytest.raises(UserError, match="it is refused"):
            samples(tmp_path / name, TABLE, "float32")


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"y": np.zeros(3)}, "has y; expected an array named x"),
        ({"x": np.zeros((2, 4))}, r"shape \(2, 4\); this model takes \(n, 5\)"),
        ({"x": np.zeros((0, 5))}, "has no samples"),
        ({"x": np.full((2, 5), np.nan)}, "sample 1 has a missing"),
        ({"x": np.full((2, 5), "a")}, "expected numbers"),
    ],
)
def test_arrays_that_are_no_inputs(tmp_path: Path, arrays: dict[str, np.ndarray], told: str):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(UserError, match=told):
        samples(tmp_path / "x.npz", TABLE, "float32")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no rows of numbers"),
        ("a,b,c,d,e\n", "has no rows of numbers"),
        ("1,2,3,4,5\n1,2,x,4,5\n", "line 2, column 3 is 'x'"),
        ("1,2,3,4,5\n1,2\n", "line 2 has 2 cells, the first row 5"),
        ("1,2,3\n", r"shape \(1, 3\); this model takes \(n, 5\)"),
    ],
)
def test_tables_that_are_no_inputs(tmp_path: Path, text: str, told: str):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(UserError, match=told):
        samples(tmp_path / "x.csv", TABLE, "float32")


def test_scaled_pixels_images_for_tables_and_unknown_files_are_told(tmp_path: Path):
    np.savez(tmp_path / "x.npz", x=np.full((2, 8, 8), 0.5))
    with pytest.raises(UserError, match="whole numbers from 0 to 255"):
        samples(tmp_path / "x.npz", [8, 8], "uint8")
    Image.new("L", (8, 8)).save(tmp_path / "x.png")
    with pytest.raises(UserError, match="is an image; this model takes float32"):
        samples(tmp_path / "x.png", TABLE, "float32")
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(UserError, match="is no image that can be read"):
        samples(tmp_path / "broken.png", [8, 8], "uint8")
    (tmp_path / "x.xlsx").write_bytes(b"PK")
    with pytest.raises(UserError, match=r"ends with '\.xlsx'; known"):
        samples(tmp_path / "x.xlsx", TABLE, "float32")
    with pytest.raises(UserError, match="was not found"):
        samples(tmp_path / "nothing.csv", TABLE, "float32")
