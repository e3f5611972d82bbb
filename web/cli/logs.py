"""`pysched logs`: a run's output, byte for byte, as it comes if wanted.

A follower outlives the server: runs go on while it restarts, so the connection is
made again and the output goes on at the offset where it broke off.
"""

import re
import signal
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from web.cli.failure import Failed
from web.cli.online import server_for
from web.cli.options import DataOption, KeyOption, UrlOption, script_id

if TYPE_CHECKING:
    from web.cli.client import Server

RUN_ID = re.compile(r"\d{8}T\d{6}-[0-9a-f]{6,32}", re.ASCII)
RETRY = 0.5
"""Seconds between two attempts to reach a server that went away."""
PATIENCE = 60
"""Attempts before a follower gives up."""


def logs(
    which: Annotated[
        str, typer.Argument(metavar="SCRIPT|RUN", help="A run's id, or a script's for its newest.")
    ],
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Go on until the run is over.")
    ] = False,
    data: DataOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
) -> None:
    """Print a run's output, of both streams in the order it came."""
    with server_for(url, key, data) as server:
        run_id = which if RUN_ID.fullmatch(which) else _newest(server, script_id(which))
        reader = _Reader(server, f"/api/runs/{quote(run_id, safe='')}")
        if follow:
            with _killed_by_ctrl_c():
                reader.follow()
        else:
            reader.all()


class _Reader:
    """Writes a run's output to stdout and knows how far it came."""

    def __init__(self, server: "Server", run_path: str) -> None:
        self._server = server
        self._run_path = run_path
        self._offset = 0
        self._answered = False

    def all(self) -> None:
        while True:
            finished, read = self._read(follow=False)
            if finished or not read:
                return

    def follow(self) -> None:
        from web.cli.client import ConnectionBroke, NoServer

        failures = 0
        while True:
            try:
                _, read = self._read(follow=True)
                if self._over():
                    return
                failures = 0
                if not read:
                    time.sleep(RETRY)
            except (ConnectionBroke, NoServer):
                failures += 1
                # The very first answer tells whether there is a server at all.
                if failures > PATIENCE or not self._answered:
                    raise
                time.sleep(RETRY)

    def _read(self, *, follow: bool) -> tuple[bool, int]:
        """Write what there is; returns whether that was the last of it, and how much."""
        read = 0
        options: dict[str, Any] = {"offset": self._offset, "follow": "true" if follow else None}
        with self._server.stream(f"{self._run_path}/output", **options) as (headers, chunks):
            self._answered = True
            for chunk in chunks:
                sys.stdout.buffer.write(chunk)
                sys.stdout.buffer.flush()
                read += len(chunk)
                self._offset += len(chunk)
        self._offset = int(headers.get("X-Next-Offset", self._offset))
        return headers.get("X-Finished") == "true", read

    def _over(self) -> bool:
        from engine.model.run import RunStatus

        return RunStatus(self._server.get(self._run_path)["status"]).final


@contextmanager
def _killed_by_ctrl_c() -> Generator[None]:
    """Let Ctrl-C end the process itself, which a shell reports as 130 just the same.

    Python only notes a signal and looks at the note between two instructions. One that
    comes just before a read that may wait for hours would be noticed after that read.
    What was read is on stdout already, so that nothing is left to do at the end.
    """
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _newest(server: "Server", script: str) -> str:
    found = server.get("/api/runs", script=script, limit=1)["items"]
    if not found:
        server.get(f"/api/scripts/{quote(script)}")
        raise Failed(f"{script} has not run yet")
    return found[0]["id"]
