"""Debian packages: fetched by apt without root, unpacked with or without dpkg-deb."""

import contextlib
import io
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tasks.common import deb, sources
from tasks.common.errors import UserError
from tasks.common.fetch import UnavailableError


@pytest.fixture(params=["this Python", "Python 3.11.3"])
def python(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python learnt in 3.11.4 to unpack without trusting what it unpacks; Debian's own is older."""
    if request.param != "this Python":
        monkeypatch.delattr(tarfile, "data_filter", raising=False)


def entry(name: str, content: bytes) -> bytes:
    """One member of an ar archive."""
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
    return header + content + b"\n" * (len(content) % 2)


def archive(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """A compressed tar archive; links come first."""
    room = io.BytesIO()
    with tarfile.open(fileobj=room, mode="w:xz") as tar:
        for name, target in (links or {}).items():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            tar.addfile(link)
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return room.getvalue()


def package(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """A `.deb`. The control member has an odd size, so that the padding matters."""
    control = archive({"control": b"Package: clothes\nVersion: 1\nArchitecture: all\nMaintainer: a\n"})
    return b"!<arch>\n" + b"".join(
        entry(name, content)
        for name, content in (
            ("debian-binary", b"2.0\n"),
            ("control.tar.xz", control),
            ("_odd", b"odd"),
            ("data.tar.xz", archive(files, links)),
        )
    )


FILES = {"usr/share/datasets/clothes/labels.gz": b"labels"}


@pytest.mark.usefixtures("python")
def test_plain_python_unpacks_what_a_package_holds(tmp_path: Path) -> None:
    (tmp_path / "a.deb").write_bytes(package(FILES))
    deb.extract(tmp_path / "a.deb", tmp_path / "out")
    found = {
        str(path.relative_to(tmp_path / "out")): path.read_bytes()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file()
    }
    assert found == FILES


@pytest.mark.usefixtures("python")
@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs dpkg-deb")
def test_dpkg_deb_and_plain_python_agree(tmp_path: Path) -> None:
    (tmp_path / "a.deb").write_bytes(package(FILES))
    deb.unpack(tmp_path / "a.deb", tmp_path / "tool")
    deb.extract(tmp_path / "a.deb", tmp_path / "plain")
    for name, content in FILES.items():
        assert (tmp_path / "tool" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes() == content


@pytest.mark.parametrize("tool", [True, False])
@pytest.mark.parametrize("content", [b"<html>", package(FILES)[:-40], package({})[:100], b"!<arch>\n"])
def test_a_damaged_package_is_said_to_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: bool, content: bytes
) -> None:
    if not tool:
        monkeypatch.setattr(shutil, "which", lambda _: None)
    (tmp_path / "a.deb").write_bytes(content)
    with pytest.raises(UnavailableError, match=r"a\.deb could not be unpacked"):
        deb.unpack(tmp_path / "a.deb", tmp_path / "out")


@pytest.mark.usefixtures("python")
@pytest.mark.parametrize("way", ["..", "inside/../.."])
def test_a_package_cannot_write_outside_its_folder(tmp_path: Path, way: str) -> None:
    (tmp_path / "a.deb").write_bytes(package({f"{way}/escaped": b"x"}))
    with pytest.raises(UnavailableError, match="could not be unpacked"):
        deb.extract(tmp_path / "a.deb", tmp_path / "out")
    assert not (tmp_path / "escaped").exists()


@pytest.mark.usefixtures("python")
def test_an_absolute_name_in_a_package_stays_in_its_folder_or_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.deb").write_bytes(package({f"{tmp_path}/escaped": b"x"}))
    with contextlib.suppress(UnavailableError):
        deb.extract(tmp_path / "a.deb", tmp_path / "out")
    assert not (tmp_path / "escaped").exists()


@pytest.mark.usefixtures("python")
def test_a_link_in_a_package_leads_nowhere_outside(tmp_path: Path) -> None:
    """A link to a folder outside, and then a file through it."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "a.deb").write_bytes(package({"link/escaped": b"x"}, {"link": str(tmp_path / "outside")}))
    with contextlib.suppress(UnavailableError):
        deb.extract(tmp_path / "a.deb", tmp_path / "out")
    assert list((tmp_path / "outside").iterdir()) == []


APT = """#!/bin/sh
echo "$@" >> {log}
case "$*" in
  *lists=*update) exit 100 ;;  # one of several lists is broken, which does no harm
  *lists=*download*) test -e {package} && cp {package} clothes_1_all.deb && exit ;;
esac
echo "W: a warning" >&2
echo "E: Unable to locate package clothes" >&2
exit 100
"""


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An apt-get without lists of its own, as in a slim container. Returns its log of calls."""
    tools, log = tmp_path / "bin", tmp_path / "log"
    tools.mkdir()
    (tools / "apt-get").write_text(APT.format(log=log, package=tmp_path / "clothes.deb"))
    (tools / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", str(tools), prepend=":")
    return log


def test_missing_lists_are_fetched_without_root(sample: Any, tmp_path: Path, apt: Path) -> None:
    inside = "usr/share/datasets/clothes"
    packed = {f"{inside}/{name}": content for name, content in sample.packed().items()}
    (tmp_path / "clothes.deb").write_bytes(package(packed))
    source = sources.debian("clothes", inside, tmp_path / "cache", sample.sums)
    found = sources.obtain("clothes", sample.sums, [source])
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["images.gz", "labels.gz"]
    assert found["images.gz"] == tmp_path / "cache" / "images.gz"
    plain, update, own = apt.read_text().splitlines()
    assert plain == "--quiet download clothes"
    assert update.endswith("update")
    assert "Dir::State::lists=" in own
    assert "Dir::Cache=" in own


def test_what_apt_said_is_the_reason(sample: Any, tmp_path: Path, apt: Path) -> None:
    source = sources.debian("clothes", "usr", tmp_path / "cache", sample.sums)
    with pytest.raises(UnavailableError, match=r"apt-get could not fetch clothes: Unable to locate package clothes$"):
        list(source.find(sample.sums))
    assert list((tmp_path / "cache").iterdir()) == [], "the room it worked in is gone"


def test_a_disk_that_is_full_for_apt_is_not_called_a_missing_package(sample: Any, tmp_path: Path, apt: Path) -> None:
    tool = tmp_path / "bin" / "apt-get"
    tool.write_text(
        '#!/bin/sh\necho "E: Failed to fetch x  write (28: No space left on device) [IP: x]" >&2; exit 100\n'
    )
    source = sources.debian("clothes", "usr", tmp_path / "cache", sample.sums)
    with pytest.raises(UserError, match="the disk is full"):
        sources.obtain("clothes", sample.sums, [source])
    assert list((tmp_path / "cache").iterdir()) == []


def test_another_system_is_told_that_there_is_no_apt(
    sample: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(UnavailableError, match="there is no apt-get"):
        list(sources.debian("clothes", "usr", tmp_path / "cache", sample.sums).find(sample.sums))
