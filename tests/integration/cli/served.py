"""A fake engine behind the real HTTP server, on a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from tests.fakes.engine import FakeEngine
from web.app import create_app
from web.guards.guard import GuardOptions
from web.http_server import HttpServer
from web.listening import address_of, bind
from web.permissions import Keys, Principal, Role

KEY = "a-key-of-the-tests"


class Served:
    """Where the fake is served; `do` runs something on its loop and waits for the result."""

    def __init__(self, url: str, app: FastAPI, loop: asyncio.AbstractEventLoop) -> None:
        self.url = url
        self.engine: FakeEngine = app.state.engine
        self._closing: asyncio.Event = app.state.closing
        self._loop = loop

    def let_followers_go(self) -> None:
        """End open streams as a server that stops does; it goes on answering here."""
        self.do(self._closing.set)

    def do(self, what: Callable[..., object], *arguments: object) -> object:
        async def on_loop() -> object:
            return what(*arguments)

        return asyncio.run_coroutine_threadsafe(on_loop(), self._loop).result(5)


@contextmanager
def serving(
    engine: FakeEngine, *, most_connections: int = 100, guarded: GuardOptions | None = None
) -> Iterator[Served]:
    ready: threading.Event = threading.Event()
    found: list[Served] = []
    ends: list[Callable[[], None]] = []

    async def run() -> None:
        keys = Keys({KEY: Principal(name="default key", role=Role.ADMIN)})
        app = create_app(engine, keys, guarded)
        server = HttpServer(app, most_connections=most_connections)
        with bind("127.0.0.1", 0) as listener:
            task = asyncio.create_task(server.serve(sockets=[listener]))
            await server.listening.wait()
            loop = asyncio.get_running_loop()
            found.append(Served(address_of(listener), app, loop))

            def stop() -> None:
                app.state.closing.set()
                server.stop()

            ends.append(lambda: loop.call_soon_threadsafe(stop))
            ready.set()
            await task

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(10)
    try:
        yield found[0]
    finally:
        ends[0]()
        thread.join(15)
