"""A web server on this machine that misbehaves on demand, places for downloads that are the test's own, and data."""

import gzip
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

MIRROR = os.environ.get("HEADWATER_MIRROR", "")  # for the tests marked `network`; no other sees it


@dataclass
class Web:
    """What the server serves and how.

    Attributes:
        files: Content by path, without the leading slash.
        ranges: Whether `Range` is honoured; without, the whole file comes with status 200.
        stop: Close each connection after this many bytes of content (None: never).
        headers: Sent with every file.
        asked: (path, Range header or "") of each request, in order.
        sent: Bytes of content sent so far.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    stop: Callable[[int], int] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    sent: int = 0


def handler(web: Web) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, wanted = self.path.lstrip("/"), self.headers.get("Range", "")
            web.asked.append((path, wanted))
            content = web.files.get(path)
            if content is None:
                return self.send_error(404)
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and web.ranges else 0
            if start >= len(content) and start:
                return self.send_error(416)
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            for name, value in web.headers.items():
                self.send_header(name, value)
            self.end_headers()
            body = content[start : start + web.stop(start)] if web.stop else content[start:]
            web.sent += len(body)  # before the other side can have it all and look
            self.wfile.write(body)
            return None

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@pytest.fixture
def web() -> Iterator[Web]:
    state = Web()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(state))
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def _own_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees this machine's caches, mirror or proxy."""
    monkeypatch.setenv("HEADWATER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("HEADWATER_MIRROR", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@dataclass(frozen=True)
class Sample:
    """Two data files with their public checksums: of the content, not of the compressed bytes."""

    contents: dict[str, bytes]

    @property
    def sums(self) -> dict[str, str]:
        return {name: hashlib.sha256(content).hexdigest() for name, content in self.contents.items()}

    def packed(self, date: int = 0) -> dict[str, bytes]:
        """The files as a publisher would compress them; the date makes other bytes of the same content."""
        return {name: gzip.compress(content, mtime=date) for name, content in self.contents.items()}

    def put(self, folder: Path, *names: str) -> Path:
        """Write the compressed files (all, or those named) into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in names or self.contents:
            (folder / name).write_bytes(self.packed()[name])
        return folder


@pytest.fixture
def sample() -> Sample:
    return Sample({"images.gz": bytes(range(256)) * 400, "labels.gz": b"labels" * 50})


@pytest.fixture
def real_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mirror this machine has, for a test that says it wants one."""
    if not MIRROR:
        pytest.skip("set HEADWATER_MIRROR to a folder or URL with the data sets; ./README.md says where they are from")
    monkeypatch.setenv("HEADWATER_MIRROR", MIRROR)


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """One cache for all tests that want the real packages, so that each is fetched once."""
    monkeypatch.setenv("HEADWATER_CACHE", str(tmp_path_factory.getbasetemp() / "packages"))
