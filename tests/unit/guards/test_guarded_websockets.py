"""A WebSocket begins with a request, which is held to the rules of all others."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from web.guards.guard import Guard, GuardOptions
from web.guards.rates import Limits, Rates


def opened(options: GuardOptions, *connects: dict[str, str]) -> list[str]:
    """Return what became of connects, one after another: `let in`, or closed by the guard."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if dict(scope["headers"]).get(b"x-api-key") == b"right":
            scope["principal"] = SimpleNamespace(name="ada")
        await send({"type": "let in"})

    async def run() -> list[str]:
        guard, told = Guard(app, options, Rates(options.rates)), []

        async def send(message: Any) -> None:
            told.append(message["type"])

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        for headers in connects:
            raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
            scope = {"type": "websocket", "path": "/ws", "client": ("192.0.2.7", 1), "scheme": "ws"}
            await guard({**scope, "headers": raw}, receive, send)
        return told

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("host", "fate"), [("127.0.0.1", "let in"), ("evil.example", "websocket.close")]
)
def test_a_strangers_name_opens_none(host, fate):
    assert opened(GuardOptions(any_host=False), {"Host": host}) == [fate]


def test_keys_are_guessed_no_better_by_it():
    options = GuardOptions(rates=Limits(failed_keys=2))
    wrong, right = {"X-API-Key": "wrong"}, {"X-API-Key": "right"}

    assert opened(options, right, *[wrong] * 3, right) == [
        "let in",
        "let in",
        "let in",
        "websocket.close",
        "let in",
    ]


def test_it_counts_among_the_requests_of_its_account():
    options = GuardOptions(rates=Limits(api=2))

    assert opened(options, *[{"Host": "x"}] * 3)[-1] == "websocket.close"
