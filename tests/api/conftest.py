"""The application over a fake engine, called in process."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from engine.model.session import Lifetime
from tests.fakes.clock import FakeClock
from tests.fakes.engine import NOON, FakeEngine, a_run, a_script
from tests.fakes.passwords import FakePasswords
from web.app import create_app
from web.auth.accounts import Accounts
from web.permissions import Keys, Principal, Role

KEY = "a-key-of-the-tests"
VIEWER_KEY = "a-key-that-only-reads"

Call = Callable[..., httpx.Response]


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine().add(a_script("etl/load"), a_run())


@pytest.fixture(scope="session")
def built_app() -> FastAPI:
    """One application for all tests: building its routes takes longer than most of them."""
    keys = Keys(
        {
            KEY: Principal(name="default key", role=Role.ADMIN),
            VIEWER_KEY: Principal(name="reader", role=Role.VIEWER),
        }
    )
    return create_app(FakeEngine(), keys)


@pytest.fixture
def app(built_app: FastAPI, engine: FakeEngine) -> FastAPI:
    built_app.state.engine = engine
    built_app.state.closing = asyncio.Event()
    built_app.state.accounts = Accounts(
        engine,
        FakeClock(NOON),
        Lifetime(idle=timedelta(days=7), whole=timedelta(days=30)),
        passwords=FakePasswords(),
    )
    return built_app


@pytest.fixture
def call(app: FastAPI) -> Call:
    """Send one request with the key; `key=None` leaves it out."""

    def send(
        method: str,
        path: str,
        *,
        key: str | None = KEY,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> httpx.Response:
        sent = dict(headers or {}) | ({"X-API-Key": key} if key else {})

        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, headers=sent, **options)

        return asyncio.run(run())

    return send
