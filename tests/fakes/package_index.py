"""A package index on 127.0.0.1 and wheels made by hand, so that builds need no network."""

import base64
import hashlib
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


def make_wheel(
    directory: Path,
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    requires_python: str | None = None,
    command: bool = False,
) -> Path:
    """Write a wheel with one module that knows its version, and a console script if asked."""
    info = f"{name}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
    metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
    if requires_python:
        metadata.append(f"Requires-Python: {requires_python}")
    files = {
        f"{name}.py": f"VERSION = {version!r}\n\n\ndef main():\n    print(VERSION)\n",
        f"{info}/METADATA": "\n".join(metadata) + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if command:
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{name} = {name}:main\n"
    record = f"{info}/RECORD"
    rows = [f"{path},{_digest(text.encode())},{len(text)}" for path, text in files.items()]
    files[record] = "\n".join([*rows, f"{record},,"]) + "\n"
    directory.mkdir(parents=True, exist_ok=True)
    wheel = directory / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return wheel


def _digest(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
    return f"sha256={digest.decode()}"


class PackageIndex:
    """Serves the wheels of a directory and their metadata (PEP 503, 658) until it is closed."""

    def __init__(self, wheels: Path) -> None:
        self.wheels = wheels
        self.requests: list[str] = []
        self.gate = threading.Event()
        """Cleared, files are not sent (pages of the index are): a download that hangs."""
        self.gate.set()
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.requests.append(self.path)
                index._answer(self)

            def do_HEAD(self) -> None:
                self.send_error(405)

            def log_message(self, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=lambda: self._server.serve_forever(poll_interval=0.02), daemon=True
        )
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/simple"

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        kind, _, name = handler.path.strip("/").partition("/")
        if kind == "simple":
            wheels = sorted(self.wheels.glob(f"{name.replace('-', '_')}-*.whl"))
            self._send(handler, _page(wheels) if wheels else None, "text/html")
            return
        if name.endswith(".metadata"):
            self._send(
                handler, _metadata(self.wheels / name.removesuffix(".metadata")), "text/plain"
            )
            return
        self.gate.wait(30)
        wheel = self.wheels / name
        self._send(
            handler, wheel.read_bytes() if wheel.exists() else None, "application/octet-stream"
        )

    def _send(self, handler: BaseHTTPRequestHandler, body: bytes | None, kind: str) -> None:
        if body is None:
            handler.send_error(404)
            return
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        try:
            handler.wfile.write(body)
        except ConnectionError:
            return  # The build was killed, which is what some tests are about.


def _page(wheels: Sequence[Path]) -> bytes:
    links = "".join(
        f'<a href="/files/{w.name}#sha256={_sha256(w)}" data-core-metadata="true">{w.name}</a>'
        for w in wheels
    )
    return f"<!DOCTYPE html><html><body>{links}</body></html>".encode()


def _metadata(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return archive.read(name)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def package_index(wheels: Path) -> Iterator[PackageIndex]:
    index = PackageIndex(wheels)
    try:
        yield index
    finally:
        index.close()
