"""`/metrics` over HTTP: who may read it, and in which form."""

import asyncio

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.conftest import VIEWER_KEY
from tests.fakes.engine import FakeEngine
from web.app import create_app
from web.permissions import Keys, Principal, Role

SOME = "a-key-for-some-scripts"


def test_a_viewer_reads_the_metrics(call):
    answer = call("GET", "/metrics", key=VIEWER_KEY)

    names = {family.name for family in text_string_to_metric_families(answer.text)}
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert {"pysched_runs", "pysched_build_info", "pysched_run_duration_seconds"} <= names


@pytest.mark.parametrize("accept", ["", "*/*", "application/openmetrics-text; version=nonsense"])
def test_whatever_is_accepted_gets_an_answer(call, accept):
    assert call("GET", "/metrics", headers={"Accept": accept}).status_code == 200


def test_openmetrics_is_told_to_those_who_accept_it(call):
    accept = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3"
    answer = call("GET", "/metrics", headers={"Accept": accept})

    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")


def test_nobody_reads_them_without_a_key(call):
    assert call("GET", "/metrics", key=None).json()["code"] == "unauthorized"


def test_they_are_not_for_a_key_for_some_scripts(app, call):
    before = app.state.keys
    app.state.keys = Keys({SOME: Principal(name="web", role=Role.ADMIN, scripts=("web/*",))})
    answer = call("GET", "/metrics", key=SOME)
    app.state.keys = before

    assert answer.json()["code"] == "forbidden"


def test_with_the_setting_everybody_reads_them():
    open_app = create_app(FakeEngine(), Keys({}), public_metrics=True)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(open_app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get("/metrics")

    assert "pysched_runs_total" in asyncio.run(ask()).text
