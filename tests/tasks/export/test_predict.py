"""`headwater predict`: what it prints and writes; and how long a prediction takes."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tasks.export import FILES, latency, predict
from tasks.export.running import load
from tests.tasks.export.conftest import CLASSES, World


def run(world: World, study: str, kind: str, data: Path, *more: str) -> None:
    assert predict.main(predict.parser().parse_args([str(world.folder(study) / FILES[kind]), str(data), *more])) == 0


def test_a_table_is_classified_and_written_whole(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    x = world.tests["tables"][0][:30]
    data, out = tmp_path / "rows.csv", tmp_path / "said.csv"
    np.savetxt(data, x, delimiter=",", header="a,b,c,d,e", comments="", fmt="%.9g")
    run(world, "tables", "float32", data, "--out", str(out))
    rows = list(csv.reader(out.open()))
    assert rows[0] == ["sample", "class", *CLASSES]
    whole = load(world.folder("tables") / FILES["float32"])[0](x)
    assert [row[1] for row in rows[1:]] == [CLASSES[index] for index in whole.argmax(axis=1)]
    np.testing.assert_allclose(np.array(rows[1:])[:, 2:].astype(float), whole, atol=1e-5)
    capsys.readouterr()
    run(world, "tables", "keras", data)
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"1: {rows[1][1]} ")
    assert len(said) == 21
    assert said[-1].startswith("... and 10 more")


def test_an_image_and_an_array_of_it_are_the_same_sample(world: World, tmp_path: Path, capsys):
    pixels = world.tests["pictures"][0][0]
    Image.fromarray(pixels).save(tmp_path / "one.png")
    np.savez(tmp_path / "one.npz", x=pixels)
    told = []
    for name in ("one.png", "one.npz"):
        run(world, "pictures", "int8", tmp_path / name)
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]
    assert told[0].startswith("1: ")


def test_a_mistake_ends_the_command_with_code_2_and_one_line(world: World, tmp_path: Path):
    (tmp_path / "x.csv").write_text("1,2\n")
    command = [sys.executable, "-m", "tasks.export.predict", str(world.folder("tables") / FILES["float32"])]
    done = subprocess.run([*command, str(tmp_path / "x.csv")], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_latency_times_every_file_and_keeps_nothing(world: World, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.chdir(world.root)
    monkeypatch.setattr(latency, "TIMES", 20)
    before = sorted(world.root.rglob("*"))
    latency.main("tables")
    assert [line.split(":")[0].split()[-1] for line in capsys.readouterr().out.splitlines()] == list(FILES)
    assert sorted(world.root.rglob("*")) == before
