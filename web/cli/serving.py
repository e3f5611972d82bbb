"""The engine process: engine and HTTP server on one event loop, from start to stop."""

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

from engine.errors import EngineError
from engine.model.event import Event, RunChanged
from schemas.settings import Settings
from web.api.health import program_version
from web.app import create_app
from web.cli import serverfile
from web.cli.overview import overview
from web.cli.report import JsonReport, Report
from web.cli.terminal import console
from web.cli.terminal_report import TerminalReport
from web.http_server import HttpServer, address_of, bind
from web.log import configure
from web.permissions import Keys, Principal, Role
from web.service import Service

STOPPED = 0
CANNOT_START = 3
"""Tells the runner that another try would end the same way."""
STARTED_VARIABLE = "PYSCHED_SERVER_STARTED"


class Startable(Service, Protocol):
    """The engine, as the process that owns it sees it."""

    async def start(self) -> None: ...

    def drain(self) -> None: ...

    async def stop(self) -> None: ...


def serve_engine(settings: Settings, engine_of: "EngineOf") -> int:
    """Serve until a signal ends it and return the exit code."""
    as_json = settings.log.format == "json"
    logs = settings.paths.data / "logs"
    configure(logs, level=settings.log_level, as_json=as_json)
    report: Report = (
        JsonReport()
        if as_json
        else TerminalReport(console(), program_version(), logs / "pysched.log")
    )
    try:
        listener = bind(settings.server.host, settings.server.port)
    except EngineError as error:
        report.failed(error)
        return CANNOT_START
    with listener:
        return asyncio.run(_Process(settings, report, listener).run(engine_of))


class EngineOf(Protocol):
    """Opens the engine; `Engine.open` is one."""

    def __call__(self, settings: Settings, *, server_started: datetime) -> Startable: ...


def server_started(environ: Mapping[str, str] = os.environ) -> datetime:
    """Return when `pysched serve` began; engine restarts do not change it."""
    text = environ.get(STARTED_VARIABLE)
    # Without a runner above, this process is the server.
    return datetime.fromisoformat(text) if text else datetime.now(UTC)  # noqa: TID251


class _Process:
    def __init__(self, settings: Settings, report: Report, listener: socket.socket) -> None:
        self._settings = settings
        self._report = report
        self._listener = listener
        self._stop = asyncio.Event()
        self._change = asyncio.Event()
        """Set whenever the wait for the last runs has to look again."""
        self._drains = settings.runs.on_stop == "drain"

    async def run(self, engine_of: EngineOf) -> int:
        self._install_signals()
        self._report.reading(str(self._settings.paths.scripts))
        try:
            engine = engine_of(self._settings, server_started=server_started())
            engine.subscribe(self._hear)
            await engine.start()
        except EngineError as error:
            self._report.failed(error)
            return CANNOT_START
        try:
            await self._serve(engine)
        finally:
            await engine.stop()
        self._report.stopped()
        return STOPPED

    async def _serve(self, engine: Startable) -> None:
        own = self._settings.api_key
        key = own.get_secret_value() if own else secrets.token_urlsafe(32)
        name = "default key" if own else "this machine"
        app = create_app(engine, Keys({key: Principal(name=name, role=Role.ADMIN)}))
        server = HttpServer(app)
        url = address_of(self._listener)
        serving = asyncio.create_task(server.serve(sockets=[self._listener]))
        try:
            await server.listening.wait()
            serverfile.note(self._settings.paths.data, url, key)
            self._report.started(url, own_key=own is not None)
            self._report.overview(await overview(engine))
            await self._until_stopped(serving, engine)
        finally:
            app.state.closing.set()
            server.stop()
            await serving
            serverfile.forget(self._settings.paths.data)

    async def _until_stopped(self, serving: "asyncio.Task[None]", engine: Startable) -> None:
        """Return when a signal came and, if runs are to be drained, none is left."""
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait({stop, serving}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        engine.drain()
        self._report.stopping(engine.health().running if self._drains else 0)
        while self._drains and engine.health().running:
            self._change.clear()
            await self._change.wait()

    def _install_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked_to_stop)
        loop.add_signal_handler(signal.SIGHUP, self._hand_over)

    def _asked_to_stop(self) -> None:
        if self._stop.is_set():
            self._hand_over()
        self._stop.set()

    def _hand_over(self) -> None:
        """Go at once: the runner keeps the runs going, or ends them, as it was told."""
        self._drains = False
        self._stop.set()
        self._change.set()

    def _hear(self, event: Event) -> None:
        self._report.hear(event)
        if isinstance(event, RunChanged):
            self._change.set()
