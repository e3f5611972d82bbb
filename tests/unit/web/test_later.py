"""Routes that are built when the first of them is called."""

import asyncio

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route, Router

from web.later import Later


async def name_of(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.url.path)


class Built:
    """A router with one route from the beginning and two that come later."""

    def __init__(self) -> None:
        self.times = 0
        self.router = Router([Route("/now", name_of)], redirect_slashes=False)
        self.later = Later(self.router.routes, self.router.app, self.build)
        self.router.routes.append(self.later)

    def build(self) -> list[BaseRoute]:
        self.times += 1
        return [Route("/later", name_of), Route("/now", name_of, methods=["PUT"])]

    async def call(self, *calls: tuple[str, str]) -> list[int]:
        transport = httpx.ASGITransport(self.router)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answers = await asyncio.gather(*(client.request(*call) for call in calls))
        return [answer.status_code for answer in answers]


@pytest.fixture
def built() -> Built:
    return Built()


def test_a_route_that_is_there_has_none_built(built):
    assert (asyncio.run(built.call(("GET", "/now"))), built.times) == ([200], 0)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/later", 200), ("PUT", "/now", 200), ("DELETE", "/now", 405), ("GET", "/never", 404)],
)
def test_any_other_is_looked_for_among_all(built, method, path, status):
    assert asyncio.run(built.call((method, path))) == [status]


def test_calls_that_come_together_are_all_answered(built):
    assert (asyncio.run(built.call(*[("GET", "/later")] * 5)), built.times) == ([200] * 5, 1)


def test_the_routes_are_put_in_place_once(built):
    built.later.load()
    built.later.load()

    assert [route.path for route in built.router.routes] == ["/now", "/later", "/now"]
