"""The engine process: engine and HTTP server on one event loop, from start to stop."""

import asyncio
import gc
import logging
import os
import secrets
import socket
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from typing import NoReturn, Protocol

from engine.errors import EngineError, Unavailable
from engine.model.event import Event, RunChanged
from engine.service.clock import SystemClock
from engine.service.first_admin import Welcome
from schemas.settings import Settings
from web.api.health import program_version
from web.app import accounts_by, create_app
from web.auth.accounts import Accounts
from web.cli import serverfile
from web.cli.afterwards import Afterwards
from web.cli.failure import FAILED
from web.cli.guard import guard_of, on_death, only_engine
from web.cli.overview import overview
from web.cli.report import JsonReport, Report
from web.cli.started import server_started
from web.cli.stopping import Stopping
from web.cli.terminal import console
from web.cli.terminal_report import TerminalReport
from web.cli.welcome import welcome
from web.guards.options import guard_options
from web.http_server import HttpServer
from web.listening import address_of, bind
from web.log import configure
from web.permissions import Keys, Principal, Role, StoredKeys
from web.service import Service

logger = logging.getLogger(__name__)

STARTED_SECONDS = 1.0
"""After which what is there counts as there to stay."""
STOPPED = 0
CANNOT_START = 3
"""Tells the runner that another try would end the same way."""


class Startable(Service, Protocol):
    """The engine, as the process that owns it sees it."""

    async def start(self) -> None: ...

    def drain(self) -> None: ...

    def end_runs(self) -> None: ...

    async def stop(self) -> None: ...


def serve_engine(settings: Settings, engine_of: "EngineOf", anew: "Anew | None" = None) -> int:
    """Serve until a signal ends it and return the exit code.

    `anew` makes a new server of this process; None under a runner, which starts a new
    engine. See `guard` for the difference.
    """
    as_json = settings.log.format == "json"
    logs = settings.paths.data / "logs"
    configure(logs, level=settings.log_level, as_json=as_json)
    report: Report = (
        JsonReport()
        if as_json
        else TerminalReport(console(), program_version(), logs / "pysched.log")
    )
    try:
        with (
            only_engine(settings.paths.data, alone=anew is not None),
            bind(settings.server.host, settings.server.port) as listener,
        ):
            return asyncio.run(_Process(settings, report, listener, anew).run(engine_of))
    except EngineError as error:
        report.failed(error)
        return CANNOT_START
    except Exception:
        # The terminal gets a sentence (web.cli.failure), and the file what it came from.
        logger.exception("the engine failed")
        raise


def _collect_garbage_from_now_on() -> None:
    """Leave alone what is there: each search of ten thousand scripts for garbage took 0.1 s."""
    # Once, because what is frozen as garbage would stay for ever.
    gc.collect()
    gc.freeze()
    gc.enable()


Anew = Callable[[], NoReturn]


class EngineOf(Protocol):
    """Opens the engine; `Engine.open` is one."""

    def __call__(self, settings: Settings, *, server_started: datetime) -> Startable: ...


class _Process:
    def __init__(
        self, settings: Settings, report: Report, listener: socket.socket, anew: "Anew | None"
    ) -> None:
        self._settings = settings
        self._report = report
        self._afterwards = Afterwards(report.hear)
        self._listener = listener
        self._anew = anew
        self._stopping = Stopping(settings.runs, alone=anew is not None)

    async def run(self, engine_of: EngineOf) -> int:
        self._stopping.install()
        guard = guard_of(self._settings.paths.data)
        if guard is None and self._anew:
            self._anew()
        with on_death(guard, self._runner_died) if guard else nullcontext():
            return await self._run(engine_of)

    async def _run(self, engine_of: EngineOf) -> int:
        self._report.reading(str(self._settings.paths.scripts))
        try:
            engine = engine_of(self._settings, server_started=server_started())
            engine.subscribe(self._hear)
            accounts = accounts_by(self._settings, engine)
            # A password is hashed while the tree is looked at, and is there before anybody asks.
            _, found = await asyncio.gather(
                engine.start(), welcome(engine, accounts, self._settings)
            )
        except EngineError as error:
            self._report.failed(error)
            return CANNOT_START
        try:
            await self._serve(engine, accounts, found)
        finally:
            await engine.stop()
        self._afterwards.tell_now()
        self._report.stopped()
        if self._anew and self._stopping.again:
            self._anew()
        return STOPPED

    async def _serve(self, engine: Startable, accounts: Accounts, first: Welcome | None) -> None:
        own = self._settings.api_key
        key = own.get_secret_value() if own else secrets.token_urlsafe(32)
        name = "default key" if own else "this machine"
        fixed = {key: Principal(name=name, role=Role.ADMIN)}
        keys = Keys(fixed, StoredKeys(engine.keys, SystemClock()))
        app = create_app(
            engine,
            keys,
            guard_options(self._settings),
            accounts,
            public_metrics=self._settings.metrics.public,
        )
        server = HttpServer(app, most_connections=self._settings.server.max_connections)
        url = address_of(self._listener)
        serving = asyncio.create_task(server.serve(sockets=[self._listener]))
        try:
            await server.listening.wait()
            self._note(url, key)
            self._report.started(url, own_key=own is not None)
            if first is not None:
                self._report.welcome(first, self._settings.server.public_url or url)
            self._report.overview(await overview(engine))
            # The first answers come before it, which takes a while.
            asyncio.get_running_loop().call_later(STARTED_SECONDS, _collect_garbage_from_now_on)
            await self._until_stopped(serving, engine)
        finally:
            app.state.closing.set()
            server.stop()
            await serving
            serverfile.forget(self._settings.paths.data)

    def _note(self, url: str, key: str) -> None:
        try:
            serverfile.note(self._settings.paths.data, url, key)
        except OSError as error:
            # Scripts run all the same; to end here would only start the engine anew, in a loop.
            logger.warning(
                "commands on this machine will not find the server, as its address cannot be "
                "noted; make room on the disk and start again",
                extra={"error": str(error)},
            )

    async def _until_stopped(self, serving: "asyncio.Task[None]", engine: Startable) -> None:
        """Return when a signal came and no run is to be waited for."""
        asked = asyncio.create_task(self._stopping.asked.wait())
        await asyncio.wait({asked, serving}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        self._report.stopping(engine.health().running if self._stopping.drains else 0)
        await self._stopping.wait_for_runs(engine)

    def _runner_died(self) -> None:
        """End at once: nothing can be run any more, and the next server needs the port.

        What happened is on disk already, as it is whenever the engine is killed.
        """
        if self._stopping.asked.is_set():
            self._stopping.hand_over()
            return
        if self._anew:
            self._anew()
        self._report.failed(Unavailable("the runner above the engine died, which ends the server"))
        serverfile.forget(self._settings.paths.data)
        os._exit(FAILED)

    def _hear(self, event: Event) -> None:
        if isinstance(event, RunChanged):
            self._afterwards.add(event)
            self._stopping.look_again()
        else:
            self._report.hear(event)
