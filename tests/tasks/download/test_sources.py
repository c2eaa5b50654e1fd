"""Sources: asked in order, checked by content, and all named when none works."""

from pathlib import Path
from typing import Any

import pytest

from tasks.common import integrity, sources
from tasks.common.errors import UserError
from tasks.common.fetch import CorruptError


def test_the_content_is_verified_not_the_compressed_bytes(sample: Any, tmp_path: Path) -> None:
    """Debian strips the name and date from gzip headers; the images inside are the same."""
    for date in (0, 1_590_000_000):
        path = tmp_path / f"{date}.gz"
        path.write_bytes(sample.packed(date)["images.gz"])
        integrity.verify(path, sample.sums["images.gz"])
    plain = tmp_path / "images"
    plain.write_bytes(sample.contents["images.gz"])
    integrity.verify(plain, sample.sums["images.gz"])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda packed: packed[:-20], "damaged or cut short"),
        (lambda packed: packed[:200] + bytes([packed[200] ^ 255]) + packed[201:], "damaged or cut short"),
        (lambda packed: b"<!DOCTYPE html><html>sign in first", "is an HTML page"),
        (lambda packed: b"something else", "holds 14 bytes with sha256"),
        (lambda packed: b"", "holds 0 bytes"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(sample: Any, tmp_path: Path, damage: Any, message: str) -> None:
    path = tmp_path / "images.gz"
    path.write_bytes(damage(sample.packed()["images.gz"]))
    with pytest.raises(CorruptError, match=message):
        integrity.verify(path, sample.sums["images.gz"])


def test_each_file_comes_from_the_first_source_that_has_it(sample: Any, tmp_path: Path) -> None:
    first = sample.put(tmp_path / "first", "labels.gz")
    second = sample.put(tmp_path / "second")
    places = [sources.folder(folder, sample.sums) for folder in (first, second)]
    found = sources.obtain("clothes", sample.sums, places)
    assert found == {"labels.gz": first / "labels.gz", "images.gz": second / "images.gz"}


def test_later_sources_are_not_asked_when_all_is_found(sample: Any, tmp_path: Path) -> None:
    def fail(_: Any) -> Any:
        raise AssertionError("was asked")

    places = [sources.folder(sample.put(tmp_path / "first"), sample.sums), sources.Source("last", fail)]
    assert len(sources.obtain("clothes", sample.sums, places)) == 2


def test_a_corrupt_file_in_the_cache_is_deleted_and_fetched_anew(
    web: Any, sample: Any, tmp_path: Path, capsys: Any
) -> None:
    cache = sample.put(tmp_path / "cache")
    (cache / "images.gz").write_bytes(sample.packed()["images.gz"][:-9])
    web.files = sample.packed(date=1)
    places = [sources.folder(cache, sample.sums, ours=True), sources.web(web.url, cache, sample.sums)]
    found = sources.obtain("clothes", sample.sums, places)
    assert [integrity.content(found[name]) for name in sample.contents] == list(sample.contents.values())
    assert web.asked == [("images.gz", "")], "the sound file is not fetched again"
    said = capsys.readouterr().err
    assert "images.gz is damaged or cut short" in said
    assert "it is deleted" in said


def test_a_corrupt_file_of_somebody_else_is_left_alone(sample: Any, tmp_path: Path) -> None:
    theirs = sample.put(tmp_path / "theirs")
    (theirs / "images.gz").write_bytes(b"theirs")
    places = [sources.folder(place, sample.sums) for place in (theirs, sample.put(tmp_path / "good"))]
    assert sources.obtain("clothes", sample.sums, places)["images.gz"] == tmp_path / "good" / "images.gz"
    assert (theirs / "images.gz").read_bytes() == b"theirs"


def test_when_nothing_works_every_source_and_its_reason_are_listed(web: Any, sample: Any, tmp_path: Path) -> None:
    web.files = {"bad/images.gz": b"<html>no</html>"}
    cache = tmp_path / "cache"
    places = [
        sources.folder(tmp_path / "absent", sample.sums),
        sources.folder(sample.put(tmp_path / "half", "labels.gz"), sample.sums),
        sources.web(f"{web.url}/bad", cache, sample.sums),
        sources.web(f"{web.url}/none", cache, sample.sums),
    ]
    with pytest.raises(UserError) as raised:
        sources.obtain("clothes", sample.sums, places)
    lines = str(raised.value).splitlines()
    assert lines[0] == "data set 'clothes': no source gave images.gz. Tried, in this order:"
    assert lines[1] == f"  {tmp_path}/absent: there is no such folder"
    assert lines[2] == f"  {tmp_path}/half: images.gz is not there"
    assert lines[3].startswith(f"  {web.url}/bad: images.gz is an HTML page with sha256")
    assert lines[4] == f"  {web.url}/none: images.gz: the server answered 404 Not Found"
    assert len(lines) == 6
    assert "HEADWATER_MIRROR=<folder or URL> that has clothes/<file> in it" in lines[5]
    assert f"the 2 files put into the folder {sources.cache('clothes')}." in lines[5]
    assert list(cache.iterdir()) == []


def test_a_failing_server_is_not_asked_for_the_other_files(web: Any, sample: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        sources.obtain("clothes", sample.sums, [sources.web(web.url, tmp_path, sample.sums)])
    assert len(web.asked) == 1


@pytest.mark.parametrize("inside", ["", "clothes"])
def test_a_mirror_folder_has_the_files_directly_or_below_the_name(
    sample: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    sample.put(tmp_path / "mirror" / inside)
    monkeypatch.setenv("HEADWATER_MIRROR", str(tmp_path / "mirror"))
    places = sources.mirror("clothes", tmp_path / "cache", sample.sums)
    found = sources.obtain("clothes", sample.sums, places)
    assert {path.parent for path in found.values()} == {tmp_path / "mirror" / inside}


def test_a_mirror_url_has_the_files_below_the_name(
    web: Any, sample: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.files = {f"m/clothes/{name}": content for name, content in sample.packed().items()}
    monkeypatch.setenv("HEADWATER_MIRROR", f"{web.url}/m/")
    places = sources.mirror("clothes", tmp_path / "cache", sample.sums)
    found = sources.obtain("clothes", sample.sums, places)
    assert {path.parent for path in found.values()} == {tmp_path / "cache"}


def test_a_mirror_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEADWATER_MIRROR", "ftp://somewhere")
    with pytest.raises(UserError, match=r"HEADWATER_MIRROR is 'ftp://somewhere'; expected a folder or an http"):
        sources.mirror("clothes", tmp_path, {})
