"""Broken data of a person's own: each gives one clear error, and nothing else goes wrong."""

import io
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from tasks.common import paths
from tasks.common.errors import UserError
from tasks.own import arrays as own_arrays
from tasks.own import cells
from tasks.own import images as own_images
from tests.tasks.own.making import IMAGES, NPZ, TABLE, arrays, csv, images, load, table, text

Rows = list[list[str]]
Break = Callable[[Path], Any]


def cell(row: int, column: int, value: str) -> Callable[[Rows], None]:
    """Puts a value into one cell."""

    def change(rows: Rows) -> None:
        rows[row][column] = value

    return change


def every(column: int, value: str) -> Callable[[Rows], None]:
    """Puts a value into every cell of a column."""

    def change(rows: Rows) -> None:
        for row in rows[1:]:
            row[column] = value

    return change


def more(name: str, value: Callable[[list[str]], str]) -> Callable[[Rows], None]:
    """Adds a column, made from each row."""

    def change(rows: Rows) -> None:
        for number, row in enumerate(rows):
            row.append(value(row) if number else name)

    return change


BOMB = 10**9


def header_of(shape: tuple[int, ...]) -> bytes:
    """A .npy file that promises a shape and has none of it."""
    member = io.BytesIO()
    np.lib.format.write_array_header_1_0(member, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return member.getvalue()


def npz(path: Path, **members: bytes) -> Path:
    """A .npz file with members of any bytes."""
    with zipfile.ZipFile(path / "data.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path / "data.npz"


def png(width: int, height: int) -> bytes:
    """A PNG whose header promises so many pixels; what follows is a few bytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def in_folder(name: str, content: bytes) -> Break:
    """Puts a file into the folder of images."""

    def change(path: Path) -> Any:
        (images(path / "pets") / name).write_bytes(content)
        return load(path / "pets", IMAGES)

    return change


def linked(path: Path) -> Any:
    """An image that is a link out of the folder."""
    images(path / "pets")
    Image.new("RGB", (9, 9)).save(path / "elsewhere.png")
    (path / "pets/cat/linked.png").symlink_to(path / "elsewhere.png")
    return load(path / "pets", IMAGES)


def animated(path: Path) -> Any:
    """A GIF with two frames."""
    images(path / "pets")
    frames = [Image.new("L", (9, 9), shade) for shade in (0, 200)]
    frames[0].save(path / "pets/dog/moves.gif", save_all=True, append_images=frames[1:])
    return load(path / "pets", IMAGES)


def deep(path: Path) -> Any:
    """An image with 16 bits a pixel."""
    Image.fromarray(np.full((9, 9), 40000, np.uint16)).save(images(path / "pets") / "cat/deep.png")
    return load(path / "pets", IMAGES)


def folder_only(path: Path) -> Any:
    """A class without a folder."""
    return load(images(path / "pets"), IMAGES | {"classes": ["cat", "cow", "dog"]})


def cut_short(path: Path) -> Any:
    """An image whose second half is missing."""
    file = images(path / "pets") / "cat/0.png"
    file.write_bytes(file.read_bytes()[:-200])
    return load(path / "pets", IMAGES)


def pickled_table(path: Path) -> Any:
    return table(path, pickle.dumps({"a": [1]}))


def pickled_arrays(path: Path) -> Any:
    (path / "data.npz").write_bytes(pickle.dumps([1]))
    return load(path / "data.npz", NPZ)


def text_as_arrays(path: Path) -> Any:
    (path / "data.npz").write_text("x,y\n1,2\n")
    return load(path / "data.npz", NPZ)


def parquet_of_lists(path: Path) -> Any:
    pd, fastparquet = pytest.importorskip("pandas"), pytest.importorskip("fastparquet")
    lists = pd.DataFrame({"age": [[1, 2], [3]], "label": ["no", "yes"]})
    fastparquet.write(str(path / "data.parquet"), lists, object_encoding={"age": "json", "label": "utf8"})
    return load(path / "data.parquet", TABLE)


def broken_parquet(path: Path) -> Any:
    pytest.importorskip("fastparquet")
    (path / "data.parquet").write_bytes(b"PAR1" + bytes(40))
    return load(path / "data.parquet", TABLE)


def group_settings(**changes: Any) -> dict[str, Any]:
    return {"categories": [], "group": "city"} | changes


BROKEN: dict[str, tuple[Break, str]] = {
    # tables: the file
    "empty file": (lambda path: table(path, b""), "is empty (0 bytes)"),
    "nothing but blanks": (lambda path: table(path, b" \n\n \n"), "holds nothing but blanks"),
    "a header alone": (lambda path: table(path, "age,income,city,label\n"), "has a header and no row under it"),
    "a folder": (lambda path: load(path, TABLE), "is a folder; expected a file"),
    "Latin letters in another encoding": (
        lambda path: table(path, csv(cell(3, 2, "Århus")).encode("latin-1")),
        "line 4 is not utf-8",
    ),
    "UTF-16": (lambda path: table(path, csv().encode("utf-16")), "is UTF-16, as some programs export"),
    "an encoding nobody knows": (lambda path: table(path, csv(), encoding="utf-9"), "which Python does not know"),
    "a NUL character": (lambda path: table(path, csv(cell(2, 2, "Ro\0me"))), "line 3 has a NUL character"),
    "a pickle": (pickled_table, "is a Python pickle, which can run any code"),
    "an Excel workbook": (lambda path: table(path, b"PK\x03\x04" + bytes(50)), "is no text but a zip archive"),
    "gzip": (lambda path: table(path, b"\x1f\x8b" + bytes(50)), "is no text but compressed with gzip"),
    "a row too short": (
        lambda path: table(path, csv(lambda rows: rows[6].pop())),
        "line 7 has 3 cells; the header has 4",
    ),
    "a row too long": (lambda path: table(path, csv(cell(6, 2, "Rome,Italy"))), "line 7 has 5 cells; the header has 4"),
    "a quote not closed": (lambda path: table(path, csv(cell(6, 2, '"Rome'))), "Is a double quote not closed?"),
    "another separator": (lambda path: table(path, csv().replace(",", ";")), "has one column, 'age;income;city;label'"),
    "broken Parquet": (broken_parquet, "is no Parquet file that can be read"),
    "Parquet with lists": (parquet_of_lists, "column 'age' holds list and no plain values"),
    # tables: columns
    "duplicate columns": (lambda path: table(path, csv(cell(0, 1, "age"))), "has 2 columns named 'age'"),
    "a column without a name": (lambda path: table(path, csv(cell(0, 1, ""))), "column 2 has no name in the header"),
    "a column that is not there": (lambda path: table(path, csv(cell(0, 1, "incom"))), "Did you mean 'incom'?"),
    "a column in no list": (
        lambda path: table(path, csv(more("note", lambda row: "x"))),
        "column 'note' stands in no list",
    ),
    "words among numbers": (lambda path: table(path, csv(cell(5, 0, "old"))), "has 'old' in row 5"),
    "decimal commas": (
        lambda path: table(path, csv().replace(",", ";").replace(".", ","), separator=";"),
        'For decimal commas set `decimal: ","`',
    ),
    "infinity": (lambda path: table(path, csv(cell(5, 1, "inf"))), "An infinite value has no mean"),
    "a column without a value": (
        lambda path: table(path, csv(every(1, "NaN"))),
        "column 'income' has no value in any row",
    ),
    "a date that is none": (
        lambda path: table(path, csv(more("day", lambda row: "31/12/2020")), dates=["day"]),
        "has '31/12/2020' in row 1; expected YYYY-MM-DD",
    ),
    "a category as long as a page": (
        lambda path: table(path, csv(cell(4, 2, "x" * 300))),
        "has a cell of 300 characters",
    ),
    # tables: labels
    "no label anywhere": (lambda path: table(path, csv(every(3, "NA"))), "target column 'label' is empty in every row"),
    "one class only": (lambda path: table(path, csv(every(3, "yes"))), "too few samples of 1 of 2 classes: 'no' 0"),
    "labels of mixed type": (
        lambda path: table(path, csv(cell(9, 3, "1"))),
        "has '1' (1 times), which classes does not name",
    ),
    "a label in another case": (lambda path: table(path, csv(cell(9, 3, "Yes"))), "Did you mean 'yes'?"),
    "a label under another name among the inputs": (
        lambda path: table(path, csv(more("copy", lambda row: row[3].upper())), categories=["city", "copy"]),
        "column 'copy' is an input and tells the label 'label' exactly",
    ),
    "fewer rows than a class needs": (
        lambda path: table(path, csv(lambda rows: rows.__delitem__(slice(5, None)))),
        "each needs 4",
    ),
    "an amount that is nearly always the same": (
        lambda path: table(
            path, csv(every(1, "3.0")), target="income", classes=None, bins=4, numbers=["age"], ignored=["label"]
        ),
        "cannot be cut into 4 classes",
    ),
    "an amount with a gap of words": (
        lambda path: table(
            path, csv(cell(4, 1, "much")), target="income", classes=None, bins=2, numbers=["age"], ignored=["label"]
        ),
        "column 'income' is listed under numbers and has 'much'",
    ),
    # tables: rows
    "where finds nothing": (
        lambda path: table(path, csv(), categories=[], where={"column": "city", "values": ["Paris"]}),
        "where asks for 'Paris' in column 'city'",
    ),
    "a test part that is all": (
        lambda path: table(path, csv(), categories=[], test={"column": "city", "values": ["Oslo", "Rome", "Lima"]}),
        "the training part has too few samples",
    ),
    "one group": (lambda path: table(path, csv(every(2, "Oslo")), **group_settings()), "has one value alone"),
    "groups that are classes": (
        lambda path: table(path, csv(more("g", lambda row: row[3])), group="g"),
        "groups cannot be kept whole",
    ),
    # arrays
    "no y": (lambda path: load(arrays(path, y=None), NPZ), "has no array 'y'; it has x"),
    "a pickle for arrays": (pickled_arrays, "is a Python pickle, which can run any code"),
    "objects in an array": (
        lambda path: load(arrays(path, x=np.array([{"a": 1}] * 20)), NPZ),
        "array 'x' holds Python objects",
    ),
    "text for arrays": (text_as_arrays, "is no .npz file that can be read"),
    "an array of a shape that is not there": (
        lambda path: load(npz(path, x=header_of((10**12, 10)), y=header_of((3,))), NPZ),
        "its header promises shape (1000000000000, 10)",
    ),
    "a zip bomb": (
        lambda path: load(npz(path, x=header_of((3, 3)) + bytes(BOMB // 20), y=bytes(9)), NPZ),
        "unpacks to 48 MiB; the most that is read is 1 MiB",
    ),
    "another number of labels": (
        lambda path: load(arrays(path, y=np.arange(19) % 2), NPZ),
        "has 20 samples and y 19 labels",
    ),
    "one-hot labels": (
        lambda path: load(arrays(path, y=np.eye(2)[np.arange(20) % 2]), NPZ),
        "save y.argmax(axis=1) instead",
    ),
    "labels with a fraction": (lambda path: load(arrays(path, y=np.arange(20) / 2), NPZ), "labels with a fraction"),
    "NaN in rows": (
        lambda path: load(arrays(path, x=np.where(np.eye(20, 3) > 0, np.nan, 1.0)), NPZ),
        "3 values that are NaN or infinite, the first in row 0, column 0",
    ),
    "numbers too large for 32 bits": (
        lambda path: load(arrays(path, x=np.full((20, 3), 1e300)), NPZ),
        "too large for 32 bits",
    ),
    "words in rows": (lambda path: load(arrays(path, x=np.full((20, 3), "a")), NPZ), "Words belong in a CSV table"),
    "images of floats": (
        lambda path: load(arrays(path, x=np.zeros((20, 4, 4))), NPZ | {"images": True}),
        "expected images of uint8",
    ),
    "images where rows should be": (lambda path: load(arrays(path, x=np.zeros((20, 4, 4))), NPZ), "Are they images?"),
    # images
    "a file for a folder": (lambda path: load(arrays(path), IMAGES), "is a file; expected a folder"),
    "a class without a folder": (folder_only, "has no folder 'cow'"),
    "a folder that is no class": (
        lambda path: load(images(path / "pets"), IMAGES | {"classes": ["cat", "doe"]}),
        "'doe'",
    ),
    "something that is no image": (in_folder("cat/notes.txt", b"cats are nice"), "'cat/notes.txt' is no image"),
    "an image of no bytes": (in_folder("dog/zero.png", b""), "'dog/zero.png' is empty (0 bytes)"),
    "an image cut short": (cut_short, "'cat/0.png' is no image that can be read"),
    "an image with more pixels than memory": (
        in_folder("cat/huge.png", png(60_000, 60_000)),
        "more than 50,000,000 pixels",
    ),
    "a stray file": (in_folder("readme.md", b"hello"), "has a file 'readme.md', which is no class"),
    "a link out of the folder": (linked, "cat/linked.png is a link that leads out of the folder"),
    "an animation": (animated, "has 2 frames; save the one you mean"),
    "16 bits a pixel": (deep, "not 8 bits a channel"),
    "too few images": (lambda path: load(images(path / "pets", count=3), IMAGES), "'cat' 3, 'dog' 3; each needs 4"),
    # texts
    "a line without a tab": (lambda path: text(path, "good\tfine\nbad awful\n"), "line 2 is 'bad awful'"),
    "a line without a text": (lambda path: text(path, "good\tfine\nbad\t \n"), "line 2 is 'bad'"),
    "a label that is no class": (lambda path: text(path, "good\tfine\n" * 5 + "meh\twell\n"), "has 'meh' (1 times)"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_data_give_one_clear_error(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_arrays, "MOST_BYTES", 2**20)
    broken, message = BROKEN[name]
    with pytest.raises(UserError) as error:
        broken(tmp_path)
    assert message in str(error.value)
    assert len(str(error.value)) < 400, "one that is read to its end"


def test_there_are_as_many_as_promised() -> None:
    assert len(BROKEN) >= 40


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"numbers": ["age", "label"]}, "column 'label' is the target and an input"),
        ({"categories": ["age"]}, "column 'age' stands in two of its lists"),
        ({"group": "city"}, "column 'city' is an input and in group, where or test"),
        ({"numbers": [], "categories": []}, "no column is an input"),
        ({"bins": 3}, "needs one of classes, bins and edges, and no more than one"),
        ({"classes": None, "edges": [2.0, 1.0]}, "expected ascending numbers"),
        ({"classes": ["yes", "yes"]}, "classes names yes more than once"),
        ({"decimal": ","}, "separator and decimal are both ','"),
    ],
)
def test_a_block_that_contradicts_itself_is_refused(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=message):
        table(tmp_path, csv(), **changes)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "MOST_BYTES", 100)
    with pytest.raises(UserError, match="the most that is read here"):
        table(tmp_path, csv())


def test_a_table_with_too_many_cells_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "MOST_CELLS", 50)
    with pytest.raises(UserError, match="more than 50 cells"):
        table(tmp_path, csv())


def test_images_that_do_not_fit_together_into_memory_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_images, "MOST_BYTES", 1000)
    with pytest.raises(UserError, match="12 images of side 8"):
        load(images(tmp_path / "pets"), IMAGES)


@pytest.mark.parametrize("place", ["../elsewhere.csv", "/etc/hostname", "linked/elsewhere.csv"])
def test_a_path_that_leaves_the_project_must_be_meant(place: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "elsewhere.csv").write_text(csv())
    (project / "linked").symlink_to(tmp_path)
    with pytest.raises(UserError, match="leads out of the project's folder"):
        paths.checked(place, root=project)
    if not place.startswith("/"):
        assert paths.checked(place, outside=True, root=project).is_file()


def test_a_path_with_nothing_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    for place, message in (("none.csv", "there is nothing at that path"), ("gone", "it is a link to nothing")):
        with pytest.raises(UserError, match=message):
            paths.checked(place, root=tmp_path)
