"""Output over HTTP: parts, ranges and following."""

import asyncio

import pytest

from engine.model.run import RunStatus
from tests.fakes.engine import a_run
from web.api import output as output_module

RUN = "20261124T120000-abcdef123456"
PATH = f"/api/runs/{RUN}/output"


@pytest.fixture(autouse=True)
def written(engine):
    engine.outputs[RUN] = b"0123456789"


def test_output_comes_byte_for_byte_with_its_position(call):
    answer = call("GET", PATH)

    assert (
        answer.content,
        answer.headers["content-type"],
        answer.headers["x-next-offset"],
        answer.headers["x-finished"],
    ) == (b"0123456789", "text/plain; charset=utf-8", "10", "true")


def test_an_offset_goes_on_where_a_reader_was_cut_off(call):
    answer = call("GET", f"{PATH}?offset=4&limit=3")

    assert (answer.content, answer.headers["x-next-offset"], answer.headers["x-finished"]) == (
        b"456",
        "7",
        "false",
    )


def test_bytes_that_are_no_text_come_through(call, engine):
    engine.outputs[RUN] = b"\xff\x00\x1b[31m"

    assert call("GET", PATH).content == b"\xff\x00\x1b[31m"


def test_one_stream_can_be_asked_for(call):
    assert call("GET", f"{PATH}?stream=stderr").content == b""


def test_output_larger_than_a_piece_comes_whole(call, engine, monkeypatch):
    monkeypatch.setattr(output_module, "CHUNK", 3)

    assert call("GET", PATH).content == b"0123456789"


@pytest.mark.parametrize(
    ("asked", "data", "span"),
    [
        ("bytes=2-4", b"234", "bytes 2-4/*"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=7-99", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-99", b"0123456789", "bytes 0-9/10"),
    ],
)
def test_a_range_gives_that_part(call, asked, data, span):
    answer = call("GET", PATH, headers={"Range": asked})

    assert (answer.status_code, answer.content, answer.headers["content-range"]) == (
        206,
        data,
        span,
    )


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=4-2", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(call, asked):
    answer = call("GET", PATH, headers={"Range": asked})

    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")


@pytest.mark.parametrize("asked", ["lines=1-2", "bytes=0-1,3-4", "bytes=x-"])
def test_a_range_that_is_not_understood_is_ignored(call, asked):
    answer = call("GET", PATH, headers={"Range": asked})

    assert (answer.status_code, answer.content) == (200, b"0123456789")


@pytest.mark.parametrize("query", ["stream=both", "offset=-1", "limit=0", "follow=perhaps"])
def test_an_option_that_cannot_be_used_is_named(call, query):
    assert call("GET", f"{PATH}?{query}").status_code == 422


def test_following_a_finished_run_gives_all_and_ends(call):
    answer = call("GET", f"{PATH}?follow=true&offset=8")

    assert (answer.content, answer.headers["x-offset"]) == (b"89", "8")


async def _follow(app, engine, happen) -> bytes:
    """Read the stream as the server sends it, while `happen` acts on the engine."""
    sent = asyncio.Queue()

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        sent.put_nowait(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": "GET",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"follow=true",
        "headers": [(b"x-api-key", b"a-key-of-the-tests")],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("test", 80),
        "client": ("test", 1),
        "root_path": "",
    }
    served = asyncio.create_task(app(scope, receive, send))
    read = b""
    while True:
        message = await asyncio.wait_for(sent.get(), 5)
        read += message.get("body", b"")
        if message["type"] == "http.response.body" and not message.get("more_body"):
            await served
            return read
        happen(read)


def test_a_follower_gets_what_is_written_after_it_came(app, engine):
    engine.add(a_run(status=RunStatus.RUNNING))

    def happen(read: bytes) -> None:
        if read == b"0123456789":
            asyncio.get_running_loop().call_soon(engine.write, RUN, b"more")
        elif read.endswith(b"more"):
            engine.end(RUN)

    assert asyncio.run(_follow(app, engine, happen)) == b"0123456789more"


def test_a_follower_is_let_go_when_the_server_stops(app, engine, monkeypatch):
    engine.add(a_run(status=RunStatus.RUNNING))
    monkeypatch.setattr(output_module, "SLICE", 0.001)

    read = asyncio.run(_follow(app, engine, lambda _read: app.state.closing.set()))

    assert read == b"0123456789"


def test_what_an_archive_holds_is_unpacked_once_for_an_answer(call, engine, monkeypatch):
    monkeypatch.setattr(output_module, "CHUNK", 3)
    looks: list[int] = []
    output = engine.output

    async def counted(run_id, **options):
        looks.append(options["offset"])
        return await output(run_id, **options)

    monkeypatch.setattr(engine, "output", counted)

    assert (call("GET", PATH).content, looks) == (b"0123456789", [0])
