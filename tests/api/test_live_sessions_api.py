"""The WebSocket of somebody who is logged in."""

import pytest

from engine.model.account import Role
from engine.model.session import ID_BYTES, SECRET_BYTES, open_session
from engine.model.user import User
from tests.fakes.engine import NOON
from tests.fakes.reconciled import on_a_loop
from tests.fakes.websocket import Closed, connected
from web.live import hub
from web.live.hub import Hub

OURS = "http://test"


@pytest.fixture
def cookie(app, engine) -> dict[str, str]:
    """The header of ada's session."""
    app.state.live = Hub(engine)
    engine.users.kept["ada"] = User(name="ada", role=Role.VIEWER, password=None, created=NOON)
    session, secret = open_session(
        user="ada", agent="", address="", now=NOON, randomness=bytes(ID_BYTES + SECRET_BYTES)
    )
    engine.sessions.kept[session.id] = session
    return {"Cookie": f"pysched_session={secret}"}


@pytest.mark.parametrize(
    "headers", [{"Origin": OURS}, {"Origin": "null", "Sec-Fetch-Site": "same-origin"}, {}]
)
@on_a_loop
async def test_a_session_opens_it_from_our_own_pages(app, cookie, headers):
    async with connected(app, headers=cookie | headers) as client:
        await client.send(ping=7)

        assert await client.next() == {"type": "pong", "ping": 7}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": OURS, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@on_a_loop
async def test_a_page_of_another_site_opens_nothing_with_a_session(app, cookie, headers):
    async with connected(app, headers=cookie | headers) as client:
        with pytest.raises(Closed) as closed:
            await client.next()

    assert closed.value.code == 4403


@on_a_loop
async def test_a_public_address_is_ours(app, cookie):
    app.state.accounts.public = ("https://pysched.example.com",)
    headers = cookie | {"Origin": "https://pysched.example.com"}

    async with connected(app, headers=headers) as client:
        await client.send(ping=7)

        assert (await client.next())["ping"] == 7


@on_a_loop
async def test_a_session_that_is_ended_ends_the_connection(app, engine, cookie, monkeypatch):
    monkeypatch.setattr(hub, "CHECK_SECONDS", 0.02)

    async with connected(app, headers=cookie | {"Origin": OURS}) as client:
        await client.subscribe("runs")
        await engine.sessions.end_all("ada")
        app.state.accounts.sessions.read_again()
        with pytest.raises(Closed) as closed:
            await client.next()

    assert closed.value.code == 4401


@on_a_loop
async def test_an_open_connection_keeps_no_session_open(app, engine, cookie):
    async with connected(app, headers=cookie | {"Origin": OURS}) as client:
        await client.subscribe("runs")
        for _ in range(2):
            app.state.accounts._clock.advance(4 * 86_400.0)
            for member in app.state.live._members:
                await member.check()
        with pytest.raises(Closed) as closed:
            await client.next()

    assert closed.value.code == 4401
    assert engine.sessions.uses == []
