"""A small network that is no network, and a publisher's server that can misbehave in every way we know."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from models.network import Network

SIZE = 300_000


class Publisher(ThreadingHTTPServer):
    """Serves `content` under any path. `manner` is what it does wrong; `asked` collects the Range headers."""

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content, self.manner = content, "well"
        self.asked: list[str | None] = []
        self.paths: list[str] = []
        self.patience = threading.Event()
        self.address = f"http://127.0.0.1:{self.server_port}/models"


class _Handler(BaseHTTPRequestHandler):
    server: Publisher

    def do_GET(self) -> None:
        content, manner = self.server.content, self.server.manner
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        self.server.paths.append(self.path)
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted else 0  # type: ignore[index]
        if manner == "404":
            self.send_error(404)
        elif wanted and manner == "416":
            self.send_error(416)
        elif wanted and manner == "another range":
            self._send(206, content, f"bytes 0-{len(content) - 1}/{len(content)}")
        elif wanted and manner != "no ranges":
            self._send(206, content[start:], f"bytes {start}-{len(content) - 1}/{len(content)}")
        elif manner == "no length":
            self._send(200, content, None, length=None)
        elif manner == "breaks off":
            self._send(200, content[:100_000], None, length=len(content))
        elif manner == "ends early":
            self._send(200, content[:100_000], None, length=None)
        elif manner == "stalls":
            self._send(200, content[:100_000], None, length=len(content))
            self.server.patience.wait(10)
        else:
            self._send(200, content, None)

    def _send(self, status: int, body: bytes, content_range: str | None, length: int | None = -1) -> None:
        self.send_response(status)
        if content_range:
            self.send_header("Content-Range", content_range)
        if length is not None:
            self.send_header("Content-Length", str(len(body) if length == -1 else length))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def content() -> bytes:
    return random.Random(1).randbytes(SIZE)  # noqa: S311  no secret


@pytest.fixture
def network(content: bytes) -> Network:
    return describe(content)


def describe(content: bytes, **changes: object) -> Network:
    """A manifest entry for these bytes."""
    entry: dict[str, object] = {
        "id": "small",
        "role": "embedder",
        "file": "small.onnx",
        "size": len(content),
        "sha256": sha256(content).hexdigest(),
        "licence": "Apache-2.0",
        "publisher": "nobody",
        "input": {
            "width": 112,
            "height": 112,
            "colour": "RGB",
            "divisor": 255.0,
            "mean": [0.5, 0.5, 0.5],
            "deviation": [0.5, 0.5, 0.5],
        },
        "output": {"kind": "embedding", "dimension": 4, "compare": "cosine", "unit_length": False},
        "training": {"set": "none", "asked": "unknown", "withdrawn": "unknown", "account": "none", "verified": False},
    }
    return Network.model_validate(entry | changes)


@pytest.fixture
def publisher(content: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Publisher(content) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.patience.set()
        server.shutdown()
        thread.join()
