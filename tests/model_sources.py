"""Sources of tiny models on 127.0.0.1: a package index of wheels and a model hub, which can break off or be wrong."""

from __future__ import annotations

import hashlib
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def sha(content: bytes) -> str:
    """Hex sha256."""
    return hashlib.sha256(content).hexdigest()


def wheel_of(package: str, files: dict[str, bytes]) -> bytes:
    """A wheel of version 1.0 that pip accepts, with a module that must never be run."""
    name = package.replace("-", "_")
    info = f"{name}-1.0.dist-info"
    members = {
        f"{name}/__init__.py": b"raise SystemExit('a wheel was imported')\n",
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, content in members.items():
            archive.writestr(zipfile.ZipInfo(path), content)  # of no date, so that it is the same each time
    return made.getvalue()


class _Handler(BaseHTTPRequestHandler):
    server: Sources
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        server, path = self.server, self.path.partition("?")[0]
        asked = self.headers.get("Range", "")
        server.asked.append((path, asked))
        for repo, files in server.repos.items():
            if path.startswith(f"/api/models/{repo}"):
                about: Any = {"id": repo, "sha": COMMIT, "siblings": [{"rfilename": name} for name in files]}
                if "/tree/" in path:
                    about = [
                        {"type": "file", "path": name, "size": len(files[name]), "oid": sha(files[name])[:40]}
                        for name in files
                    ]
                self._answer(200, json.dumps(about).encode(), {"Content-Type": "application/json"})
                return
        package = path.removeprefix("/simple/").strip("/")
        if path.startswith("/simple/") and package in server.wheels:
            name = f"{package.replace('-', '_')}-1.0-py3-none-any.whl"
            link = f'<a href="/files/{package}/{name}" data-core-metadata="true">{name}</a>'
            self._answer(200, link.encode(), {"Content-Type": "text/html"})
            return
        if path.endswith(".whl.metadata"):
            name = path.split("/")[2]
            self._answer(200, f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(), {})
            return
        content = self._content(path)
        if content is None:
            self._answer(404, b"", {})
            return
        start = int(asked.removeprefix("bytes=").partition("-")[0]) if asked else 0
        if asked and start >= len(content):
            self._answer(416, b"", {})
            return
        headers = {"ETag": f'"{sha(content)}"', "X-Repo-Commit": COMMIT}
        if asked:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._answer(206 if asked else 200, content[start:], headers, file=True)

    def _content(self, path: str) -> bytes | None:
        if path.startswith("/files/"):
            return self.server.wheels.get(path.split("/")[2])
        for repo, files in self.server.repos.items():
            if path.startswith(f"/{repo}/resolve/"):
                return files.get(path.removeprefix(f"/{repo}/resolve/").partition("/")[2])
        return None

    def _answer(self, status: int, body: bytes, headers: dict[str, str], *, file: bool = False) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if file:
            self.server.may_give.wait(60)
            if self.server.break_after:
                body, self.server.break_after = body[: self.server.break_after], 0
                self.close_connection = True
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class Sources(ThreadingHTTPServer):
    """``wheels``: package → content of its wheel; ``repos``: repository → files of the hub.

    ``break_after``: bytes of the next file after which the connection is cut, once. While ``may_give`` is cleared no
    file is given.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.wheels: dict[str, bytes] = {}
        self.repos: dict[str, dict[str, bytes]] = {}
        self.asked: list[tuple[str, str]] = []
        self.break_after = 0
        self.may_give = threading.Event()
        self.may_give.set()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def files_asked(self) -> list[str]:
        """Paths of the files that were asked for, without the index' pages and metadata."""
        return [path for path, _ in self.asked if not path.startswith("/simple/") and not path.endswith(".metadata")]

    def close(self) -> None:
        """End."""
        self.may_give.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is none."""
