"""Downloads: resumed, checked before the final name, and clear about what went wrong."""

import socket
import time
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from tasks.common.errors import UserError
from tasks.common.fetch import CorruptError, UnavailableError, download

CONTENT = np.random.default_rng(0).bytes(300_000)
HALF = len(CONTENT) // 2


def check(path: Path) -> None:
    if path.read_bytes() != CONTENT:
        raise CorruptError("is not what was expected")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "new" / "file.gz"


def begun(target: Path, content: bytes) -> Path:
    """What an earlier run left."""
    target.parent.mkdir()
    part = target.with_name("file.gz.part")
    part.write_bytes(content)
    return part


def names(target: Path) -> list[str]:
    return [path.name for path in target.parent.iterdir()]


def test_a_file_takes_its_name_only_after_the_check(web: Any, target: Path, capsys: Any) -> None:
    web.files["f"] = CONTENT
    seen: list[list[str]] = []

    def watching(part: Path) -> None:
        seen.append(names(target))
        check(part)

    download(f"{web.url}/f", target, watching)
    assert seen == [["file.gz.part"]]
    assert names(target) == ["file.gz"]
    assert target.read_bytes() == CONTENT
    assert capsys.readouterr().err == "", "no progress bar where no person watches"


def test_a_stopped_download_goes_on_where_it_stopped(web: Any, target: Path) -> None:
    web.files["f"] = CONTENT
    begun(target, CONTENT[:HALF])
    download(f"{web.url}/f", target, check)
    assert target.read_bytes() == CONTENT
    assert web.asked == [("f", f"bytes={HALF}-")]
    assert web.sent == len(CONTENT) - HALF, "what was there is not sent again"


def test_a_server_without_ranges_restarts_cleanly(web: Any, target: Path) -> None:
    web.files["f"], web.ranges = CONTENT, False
    begun(target, CONTENT[:HALF])
    download(f"{web.url}/f", target, check)
    assert target.read_bytes() == CONTENT
    assert web.asked == [("f", f"bytes={HALF}-")], "one request is enough"


def test_a_broken_connection_is_taken_up_again_at_once(web: Any, target: Path) -> None:
    web.files["f"], web.stop = CONTENT, lambda start: 200_000
    download(f"{web.url}/f", target, check)
    assert target.read_bytes() == CONTENT
    assert web.asked == [("f", ""), ("f", "bytes=200000-")]


def test_a_download_that_stays_truncated_fails_and_keeps_what_came(web: Any, target: Path) -> None:
    web.files["f"], web.stop = CONTENT, lambda start: max(0, HALF - start)
    with pytest.raises(UnavailableError, match=r"ended before the file did \(150,000 bytes are kept"):
        download(f"{web.url}/f", target, check)
    assert names(target) == ["file.gz.part"]
    web.stop, web.sent = None, 0
    download(f"{web.url}/f", target, check)
    assert target.read_bytes() == CONTENT
    assert web.sent == len(CONTENT) - HALF


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"?", CONTENT[:-1], b"<html>sign in</html>", b""])
def test_wrong_content_is_deleted(web: Any, target: Path, content: bytes) -> None:
    web.files["f"] = content
    with pytest.raises(CorruptError):
        download(f"{web.url}/f", target, check)
    assert names(target) == []


def test_a_wrong_beginning_is_thrown_away_and_fetched_anew(web: Any, target: Path, capsys: Any) -> None:
    web.files["f"] = CONTENT
    begun(target, b"?" * HALF)
    download(f"{web.url}/f", target, check)
    assert target.read_bytes() == CONTENT
    assert [wanted for _, wanted in web.asked] == [f"bytes={HALF}-", ""]
    assert "starting again" in capsys.readouterr().err


def test_a_wrong_beginning_and_a_wrong_file_leave_nothing(web: Any, target: Path) -> None:
    web.files["f"] = b"wrong" * 100_000
    begun(target, b"?" * HALF)
    with pytest.raises(CorruptError):
        download(f"{web.url}/f", target, check)
    assert names(target) == []


def test_a_complete_part_needs_no_more_bytes(web: Any, target: Path) -> None:
    """As after a kill between the last byte and the rename; the server answers 416 to the range."""
    web.files["f"] = CONTENT
    begun(target, CONTENT)
    download(f"{web.url}/f", target, check)
    assert names(target) == ["file.gz"]
    assert web.sent == 0


def test_bytes_are_kept_as_they_are_when_the_server_calls_them_encoded(web: Any, target: Path) -> None:
    web.files["f"], web.headers = CONTENT, {"Content-Encoding": "gzip"}
    download(f"{web.url}/f", target, check)
    assert target.read_bytes() == CONTENT


def test_a_missing_file_says_what_the_server_answered(web: Any, target: Path) -> None:
    with pytest.raises(UnavailableError, match="the server answered 404"):
        download(f"{web.url}/none", target, check)
    assert names(target) == []
    assert len(web.asked) == 1, "no use asking again"


def test_a_refused_connection_fails_at_once(target: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound and not listening: refused
        start = time.monotonic()
        with pytest.raises(UnavailableError, match="refused"):
            download(f"http://127.0.0.1:{free.getsockname()[1]}/f", target, check)
        assert time.monotonic() - start < 2


def test_without_internet_it_fails_at_once(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def unknown(*args: Any, **_: Any) -> NoReturn:
        asked.append(args)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(UnavailableError, match="could not be resolved"):
        download("https://data.example/f", target, check)
    assert len(asked) == 1, "no retries"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_says_so_and_leaves_nothing(web: Any, target: Path) -> None:
    web.files["f"] = CONTENT
    target.parent.mkdir()
    target.with_name("file.gz.part").symlink_to("/dev/full")
    with pytest.raises(UserError, match="the disk is full") as raised:
        download(f"{web.url}/f", target, check)
    assert "HEADWATER_CACHE" in str(raised.value)
    assert names(target) == []


def test_a_folder_that_cannot_be_made_says_so(web: Any, tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("a file")
    with pytest.raises(UserError, match="occupied: it cannot be written"):
        download(f"{web.url}/f", tmp_path / "occupied" / "f", check)
