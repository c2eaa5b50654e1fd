"""Where modules of TensorFlow Hub come from: a handle, a mirror, a folder of one's own; and all that may be wrong."""

import os
import pickle
import shutil
import tarfile
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.common import saved_model
from tasks.common.artifacts import Arrays, write_npz
from tasks.common.backend import tf
from tasks.common.errors import UserError
from tasks.common.schema.datasets import HubModel
from tasks.common.schema.own import OwnHub
from tasks.models import hub
from tasks.weights import KINDS
from tasks.weights import hub as handles
from tests.tasks import hub_toys

HANDLE = "https://hub.example/toy/feature-vector/1"  # invented: no stand-in should pose as anybody's model
NOBODY = "http://127.0.0.1:9/toy/1"  # refuses at once


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hub_toys.images(tmp_path_factory.mktemp("made") / "toy")


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A module's folder of one's own, for tests to break."""
    return shutil.copytree(made, tmp_path / "toy")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty project, without a cache or a mirror of the person who runs the tests."""
    room = tmp_path / "project"
    room.mkdir()
    monkeypatch.chdir(room)
    monkeypatch.setenv("TFHUB_CACHE_DIR", ".cache/tfhub")
    monkeypatch.delenv("HEADWATER_MIRROR", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def fetched(handle: str) -> Arrays:
    return handles.load(HubModel(kind="hub", handle=handle))


def own(folder: Path) -> Arrays:
    return KINDS["own-hub"](OwnHub(kind="own-hub"), folder)


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(UserError) as caught:
        call()
    return str(caught.value)


def test_a_handle_is_resolved_from_the_cache_without_internet(folder: Path, capsys: pytest.CaptureFixture[str]):
    shutil.copytree(folder, Path(".cache/tfhub") / handles.key(HANDLE))
    arrays = fetched(HANDLE)
    assert arrays.keys() == own(folder).keys()
    assert capsys.readouterr().out.startswith(
        "takes (n, 4, 4, 3) float32; gives (n, 5) float32; 3 variables, 25 numbers"
    )
    x = np.random.default_rng(0).random((2, 4, 4, 3)).astype(np.float32)
    np.testing.assert_array_equal(hub.features_of_images(arrays, x), hub.features_of_images(own(folder), x))


def test_the_cache_lies_in_the_project_where_nobody_says_otherwise(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TFHUB_CACHE_DIR")
    home = shutil.copytree(folder, Path(".cache/tfhub") / handles.key(HANDLE))
    assert handles.resolved(HANDLE).resolve() == home.resolve()
    assert os.environ["TFHUB_CACHE_DIR"] == ".cache/tfhub"


def test_a_mirrors_folder_is_asked_first(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HEADWATER_MIRROR", str(tmp_path / "mirror"))
    home = shutil.copytree(folder, tmp_path / "mirror/hub" / handles.key(HANDLE))
    assert handles.resolved(HANDLE) == home
    assert "saved_model.pb" in fetched(HANDLE)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A web server of the folder ``served``."""
    (tmp_path / "served/hub").mkdir(parents=True)

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(tmp_path / "served"))

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()


def served(folder: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / f"served/hub/{handles.key(NOBODY)}.tar.gz", "w:gz") as archive:
        archive.add(folder, arcname=".")


def test_a_mirrors_address_has_archives(folder: Path, tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch):
    served(folder, tmp_path)
    monkeypatch.setenv("HEADWATER_MIRROR", f"{server}/")
    assert {name: array.tobytes() for name, array in fetched(NOBODY).items()} == {
        name: array.tobytes() for name, array in own(folder).items()
    }


def test_an_address_that_has_no_module_is_told_with_the_rest(server: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HEADWATER_MIRROR", server)
    said = refused(lambda: fetched(NOBODY)).splitlines()
    assert said[0] == f"handle '{NOBODY}' cannot be reached. Tried, in this order:"
    assert said[1] == f"  .cache/tfhub/{handles.key(NOBODY)}: there is no such folder, or it is empty"
    assert said[2] == f"  {server}/hub/{handles.key(NOBODY)}.tar.gz: HTTP Error 404: File not found"
    assert said[3] == f"  {NOBODY}: the connection was refused"
    assert "kind own-hub" in said[4]
    assert len(said) == 5
    assert not any(Path(".cache/tfhub").glob("*/*"))


def test_an_archive_that_leads_out_of_its_folder_is_refused(
    folder: Path, tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
):
    with tarfile.open(tmp_path / f"served/hub/{handles.key(NOBODY)}.tar.gz", "w:gz") as archive:
        archive.add(folder / "saved_model.pb", arcname="../../outside.pb")
    monkeypatch.setenv("HEADWATER_MIRROR", server)
    assert "outside.pb' is invalid" in refused(lambda: fetched(NOBODY))
    assert not list(tmp_path.rglob("outside.pb"))


def test_a_path_is_no_handle(folder: Path):
    said = refused(lambda: fetched(str(folder)))
    assert said.startswith(f"handle is '{folder}'; expected an address that begins with https://.")
    assert "own-hub" in said


def test_a_broken_module_of_a_handle_names_handle_and_folder():
    home = Path(".cache/tfhub") / handles.key(HANDLE)
    home.mkdir(parents=True)
    (home / "readme.txt").write_text("soon")
    assert refused(lambda: fetched(HANDLE)).startswith(
        f"'{HANDLE}', in {home}: has no saved_model.pb, so it is no SavedModel; it has readme.txt."
    )


def test_the_same_folder_gives_the_same_bytes(folder: Path, tmp_path: Path):
    twin = tmp_path / "twin"
    (twin / "variables").mkdir(parents=True)
    for path in sorted(folder.rglob("*"), reverse=True):  # written in another order, at another time
        if path.is_file():
            shutil.copyfile(path, twin / path.relative_to(folder))
    for name, place in (("one.npz", folder), ("two.npz", twin)):
        write_npz(tmp_path / name, **own(place))
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_what_is_packed_is_unpacked_byte_for_byte(folder: Path, tmp_path: Path):
    saved_model.unpacked(saved_model.packed(folder), tmp_path / "again")
    for path in folder.rglob("*"):
        if path.is_file():
            assert (tmp_path / "again" / path.relative_to(folder)).read_bytes() == path.read_bytes()


def test_what_is_no_part_of_a_savedmodel_is_left_out_and_said(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "README.md").write_text("about")
    assert "README.md" not in own(folder)
    assert capsys.readouterr().out.splitlines()[0] == "left out, as no part of a SavedModel: README.md"


@pytest.mark.parametrize("name", ["../out", "/etc/out", "a/../../out"])
def test_an_array_that_leads_out_of_the_folder_is_not_written(tmp_path: Path, name: str):
    content = np.zeros(3, np.uint8)
    assert refused(lambda: saved_model.unpacked({name: content}, tmp_path)) == f"'{name}' is no file of a SavedModel."


def emptied(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def written(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def cut(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:200])


def lost(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def linked(name: str, to: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).symlink_to(to)


DATA, INDEX = "variables/variables.data-00000-of-00001", "variables/variables.index"
BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (emptied, "has no saved_model.pb, so it is no SavedModel; it has nothing."),
    "no graph": (lost("saved_model.pb"), "has no saved_model.pb, so it is no SavedModel; it has fingerprint.pb"),
    "empty graph": (written("saved_model.pb", b""), "saved_model.pb is empty (0 bytes)."),
    "text": (written("saved_model.pb", b"hello, this is a text\n"), "saved_model.pb is damaged, or no SavedModel's."),
    "cut graph": (cut("saved_model.pb"), "saved_model.pb is damaged, or no SavedModel's."),
    "pickle": (written("saved_model.pb", pickle.dumps({"a": 1})), "saved_model.pb is a Python pickle, which can run"),
    "named pickle": (written("weights.pkl", b"x"), "weights.pkl is a Python pickle by its name"),
    "old": (written("tfhub_module.pb", b"\x08\x03"), "has tfhub_module.pb: a module in the old form of TensorFlow 1"),
    "no index": (lost(INDEX), "variables/ has no variables.index; was the folder copied whole?"),
    "no values": (lost(DATA), "variables/ has no variables.data-…; was the folder copied whole?"),
    "a part": (
        lambda folder: (folder / DATA).rename(folder / "variables/variables.data-00000-of-00002"),
        "variables/ has 1 of 2 files variables.data-…; was the folder copied whole?",
    ),
    "cut values": (lambda folder: os.truncate(folder / DATA, 40), "cannot be loaded by TensorFlow: "),
    "no variables": (lambda folder: shutil.rmtree(folder / "variables"), "cannot be loaded by TensorFlow: "),
    "a link out": (linked("assets-link", "../../.."), "assets-link is a link that leads out of the folder"),
    "a file's link out": (linked("notes.txt", "/etc/hostname"), "notes.txt is a link that leads out of the folder"),
    "a folder's link": (linked("assets.extra", "variables"), "assets.extra is a link to a folder; put the folder"),
    "a dead link": (linked("assets.extra", "nowhere"), "assets.extra is no regular file, or a link to nothing."),
    "a pipe": (lambda folder: os.mkfifo(folder / "pipe"), "pipe is no regular file, or a link to nothing."),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_folder_gives_one_clear_error(folder: Path, case: str):
    harm, said = BROKEN[case]
    harm(folder)
    found = refused(lambda: own(folder))
    assert found.startswith(said)
    assert len(found.splitlines()) == 1
    assert str(folder) not in found.split("cannot be loaded")[0]


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path):
    (tmp_path / "toy.tar.gz").write_bytes(b"x")
    assert refused(lambda: own(tmp_path / "toy.tar.gz")).startswith("is no folder; expected a SavedModel's")


def test_absurd_sizes_are_refused_before_anything_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch):
    with (folder / "assets.bin").open("wb"):
        (folder / "assets").mkdir(exist_ok=True)
    with (folder / "assets/huge").open("wb") as file:
        file.truncate(2**40)  # a sparse file: a TiB that takes no room
    assert "and 1,048,576 MiB in all; the most that is read is 256 and 2,048 MiB." in refused(lambda: own(folder))
    monkeypatch.setattr(saved_model, "MOST_FILES", 3)
    assert refused(lambda: own(folder)).startswith("has more than 3 files")


def odd(tmp_path: Path, call: Any, **attributes: Any) -> str:
    module = tf.Module()
    for name, value in attributes.items():
        setattr(module, name, value)
    if call is not None:
        module.__call__ = call
    return refused(lambda: own(hub_toys.saved(module, tmp_path / "odd")))


def test_a_module_that_reads_files_is_refused(tmp_path: Path):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def call(names: Any) -> Any:
        return tf.strings.length(tf.map_fn(tf.io.read_file, names))

    assert odd(tmp_path, call).startswith("its graph has the operation ReadFile, which touches files or runs Python")


def test_a_module_that_cannot_be_called_is_refused(tmp_path: Path):
    said = odd(tmp_path, None, kernel=tf.Variable([1.0]))
    assert said.startswith(
        "cannot be called: it has neither a call of its own nor a signature default or serving_default"
    )


def test_a_module_of_two_inputs_is_refused(tmp_path: Path):
    spec = tf.TensorSpec([None, 2], tf.float32)
    assert odd(tmp_path, tf.function(lambda a, b: a + b, input_signature=[spec, spec])) == (
        "takes 2 tensors at once; expected one, samples (batch, ...)."
    )


def test_a_module_that_gives_no_features_is_no_network(tmp_path: Path):
    module = tf.Module()
    module.__call__ = tf.function(lambda x: 2 * x, input_signature=[tf.TensorSpec([None, 4, 4, 3], tf.float32)])
    write_npz(Path("data/raw/maps.npz"), **own(hub_toys.saved(module, tmp_path / "maps")))
    spec = hub.Spec(kind="hub", model="maps")
    assert refused(lambda: hub.build(spec, (4, 4, 3), 2, 1)) == (
        "network.model is 'maps', which gives no features, (n, width) of one known width: takes (n, 4, 4, 3) float32; "
        "gives (n, 4, 4, 3) float32; 0 variables, 0 numbers."
    )
