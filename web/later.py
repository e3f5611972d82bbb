"""Routes that are built when the first of them is called.

The framework takes 3 ms and 60 KB to build a route, and a server has eighty. Programs call
few of them, and people come some time after the start; so those that are not asked for all
day long stand behind one route that lets all through, at the end of the list.
"""

import asyncio
from collections.abc import Callable, MutableSequence, Sequence

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

Build = Callable[[], Sequence[BaseRoute]]


class Later(BaseRoute):
    """Stands for the routes that `build` returns, until something is not found before it."""

    def __init__(self, routes: MutableSequence[BaseRoute], again: ASGIApp, build: Build) -> None:
        """Be the last of `routes`; `again` looks for a request's route once all are there."""
        self._routes = routes
        self._again = again
        self._build = build
        self._turn = asyncio.Lock()

    def load(self) -> None:
        """Put the routes in its place, once."""
        if self in self._routes:
            self._give_way_to(self._build())

    def _give_way_to(self, built: Sequence[BaseRoute]) -> None:
        # Another call may have been quicker, while these were built in a thread.
        if self in self._routes:
            self._routes.remove(self)
            self._routes.extend(built)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] in {"http", "websocket"} else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._turn:
            if self in self._routes:
                # Their modules take 0.1 s to import, which no other request is to wait for.
                self._give_way_to(await asyncio.to_thread(self._build))
        await self._again(scope, receive, send)
