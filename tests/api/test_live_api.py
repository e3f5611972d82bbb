"""The WebSocket: who may open it, what it tells, and what a client's mistakes cost."""

import asyncio
import json
from dataclasses import replace

import pytest

from engine.errors import Unavailable
from engine.model.account import Role, issue_key
from engine.model.environment import EnvironmentRequest
from engine.model.event import BuildChanged, PlanApplied, RunChanged, SyncChanged
from engine.model.identity import RunId, ScriptId
from engine.model.plan import CreateScript, DeleteScript, Plan
from engine.model.run import RunStatus
from engine.model.tree import Entry
from engine.model.user import User
from schemas.live import EnvironmentEvent, ErrorEvent, OutputEvent, RunEvent, TreeEvent
from tests.api.conftest import KEY
from tests.fakes.clock import FakeClock
from tests.fakes.engine import a_run, a_script
from tests.fakes.reconciled import on_a_loop
from tests.fakes.websocket import Closed, connected
from web.live import connection, hub, routes
from web.live.hub import Hub
from web.permissions import Keys, Principal, StoredKeys

RUN = "20261124T120000-abcdef123456"
OTHER = "20261124T120000-bbbbbbbbbbbb"
ETL_KEY = "a-key-for-etl"
HEADERS = {"X-API-Key": KEY}
ETL_HEADERS = {"X-API-Key": ETL_KEY}


@pytest.fixture
def live(app, engine):
    """The application with a hub over this test's engine, and keys of its own."""
    before = app.state.keys
    fixed = {
        KEY: Principal(name="all", role=Role.ADMIN),
        ETL_KEY: Principal(name="etl", role=Role.VIEWER, scripts=("etl/*",)),
    }
    app.state.keys = Keys(fixed, StoredKeys(engine.keys, FakeClock()))
    app.state.live = Hub(engine)
    engine.add(
        a_script("web/site"),
        a_run(RUN, status=RunStatus.RUNNING, finished_at=None),
        a_run(OTHER, script="web/site"),
    )
    yield app
    app.state.keys = before


def queued(run_id: str, script: str = "etl/load"):
    return a_run(run_id, script=ScriptId(script), status=RunStatus.QUEUED)


# Who may come in


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 4401),
        ({"X-API-Key": "no-such-key"}, 4401),
        ({"Authorization": "Bearer no-such-key"}, 4401),
        (HEADERS | {"Origin": "http://evil.example"}, 4403),
        (HEADERS | {"Origin": "null"}, 4403),
        (HEADERS | {"Origin": "http://test:81"}, 4403),
    ],
)
@on_a_loop
async def test_whoever_may_not_connect_is_told_why_and_nothing_else(live, headers, code):
    async with connected(live, headers=headers) as client:
        with pytest.raises(Closed) as closed:
            await client.next()

    assert (closed.value.code, bool(closed.value.reason)) == (code, True)


@pytest.mark.parametrize(
    "headers",
    [
        HEADERS,
        {"Authorization": f"Bearer {KEY}"},
        HEADERS | {"Origin": "http://test"},
        ETL_HEADERS,
    ],
)
@on_a_loop
async def test_a_key_in_a_header_opens_it(live, headers):
    async with connected(live, headers=headers) as client:
        await client.send(ping=7)

        assert await client.next() == {"type": "pong", "ping": 7}


def logged_in(call, engine) -> str:
    """Return the cookie of a user's session."""
    engine.users.kept["ada"] = User(
        name="ada", role=Role.VIEWER, password="hash of correct horse", created=engine.now()
    )
    body = {"username": "ada", "password": "correct horse"}
    answer = call("POST", "/api/auth/login", key=None, json=body)
    return answer.headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize(
    ("headers", "event"),
    [
        ({"Origin": "http://test"}, "pong"),
        ({"Origin": "http://test", "Sec-Fetch-Site": "same-origin"}, "pong"),
        ({"Origin": "http://evil.example"}, "4403"),
        ({"Origin": "http://test", "Sec-Fetch-Site": "cross-site"}, "4403"),
    ],
)
def test_a_session_opens_it_to_a_page_of_our_own_alone(live, engine, call, headers, event):
    cookie = logged_in(call, engine)

    async def connect() -> str:
        async with connected(live, headers=headers | {"Cookie": cookie}) as client:
            await client.send(ping=1)
            try:
                return (await client.next())["type"]
            except Closed as closed:
                return str(closed.code)

    assert asyncio.run(connect()) == event


def test_a_session_that_ends_ends_its_connections(live, engine, call, monkeypatch):
    monkeypatch.setattr(hub, "CHECK_SECONDS", 0.02)
    cookie = logged_in(call, engine)

    async def connect() -> int:
        async with connected(live, headers={"Cookie": cookie}) as client:
            await client.subscribe("runs")
            out = await asyncio.to_thread(
                call, "POST", "/api/auth/logout", key=None, headers={"Cookie": cookie}
            )
            assert out.status_code == 204, out.text
            with pytest.raises(Closed) as closed:
                await client.next()
            return closed.value.code

    assert asyncio.run(connect()) == 4401


@on_a_loop
async def test_a_key_that_is_removed_ends_the_connection(live, engine, monkeypatch):
    monkeypatch.setattr(hub, "CHECK_SECONDS", 0.02)
    key, secret = issue_key(
        name="leaver",
        role=Role.VIEWER,
        now=engine.now(),
        randomness=bytes(38),
    )
    await engine.keys.add(key)

    async with connected(live, headers={"X-API-Key": secret}) as client:
        await client.subscribe("runs")
        await engine.keys.remove(key.id)
        live.state.keys.read_again()
        with pytest.raises(Closed) as closed:
            await client.next()

    assert closed.value.code == 4401


@on_a_loop
async def test_more_connections_than_can_be_served_are_sent_away(live, monkeypatch):
    monkeypatch.setattr(hub, "MOST_OF_ONE", 1)

    async with (
        connected(live, headers=HEADERS),
        connected(live, headers=ETL_HEADERS),
        connected(live, headers=HEADERS) as third,
    ):
        with pytest.raises(Closed) as closed:
            await third.next()
    async with connected(live, headers=HEADERS) as again:
        await again.send(ping=None)
        assert (await again.next())["type"] == "pong"

    assert closed.value.code == 1013


@on_a_loop
async def test_nothing_is_listened_to_while_nobody_is_connected(live, engine):
    async with connected(live, headers=HEADERS):
        listening = len(engine.listeners)

    assert (listening, engine.listeners) == (1, [])


# Runs


@on_a_loop
async def test_each_change_of_a_run_is_told_as_the_api_gives_it(live, engine, call):
    async with connected(live, headers=HEADERS) as client:
        await client.subscribe("runs")
        engine.add(queued("20261124T120001-abcdef123456"))
        engine.publish(RunChanged(engine.run("20261124T120001-abcdef123456")))

        event = await client.next()

    RunEvent.model_validate(event)
    answer = await asyncio.to_thread(call, "GET", "/api/runs/20261124T120001-abcdef123456")
    assert event == {"type": "run", "run": answer.json()}


@on_a_loop
async def test_of_changes_that_a_client_did_not_take_only_the_last_is_told(live, engine):
    run = engine.run(RUN)
    async with connected(live, headers=HEADERS) as client:
        await client.subscribe("runs")
        client.reading.clear()
        engine.publish(RunChanged(run))
        await asyncio.sleep(0.05)
        for number in range(500):
            engine.publish(RunChanged(replace(run, reason=f"change {number}")))
        client.reading.set()

        told = [(await client.next())["run"]["reason"] for _ in range(2)]
        await client.send(ping=0)

        assert (told, (await client.next())["type"]) == ([run.reason, "change 499"], "pong")


@on_a_loop
async def test_a_client_that_missed_too_many_runs_is_told_to_load_them_anew(live, engine):
    async with connected(live, headers=HEADERS) as client:
        await client.subscribe("runs")
        client.reading.clear()
        for number in range(2_500):
            engine.publish(RunChanged(queued(f"20261124T12{number:04}-abcdef123456")))
        client.reading.set()

        assert await client.next() == {"type": "missed", "subject": "runs"}
        kinds = [(await client.next())["type"] for _ in range(500)]

    assert set(kinds) == {"run"}


@on_a_loop
async def test_a_key_for_some_scripts_is_told_of_no_others(live, engine):
    async with connected(live, headers=ETL_HEADERS) as client:
        await client.subscribe("runs", "tree", "environments")
        await client.next_of("tree")
        engine.publish(RunChanged(engine.run(OTHER)))
        engine.publish(PlanApplied(Plan(actions=(DeleteScript(id=ScriptId("web/site")),))))
        engine.publish(BuildChanged(EnvironmentRequest(), [ScriptId("web/site")], "resolve", "x"))
        await asyncio.sleep(0.05)
        engine.publish(RunChanged(engine.run(RUN)))

        assert (await client.next())["run"]["script"] == "etl/load"
        assert client.waiting() == 0


# Output


async def output_of(client) -> tuple[str, list[dict]]:
    events: list[dict] = []
    while not (events and events[-1]["finished"]):
        events.append(await client.next_of("output"))
    return "".join(event["data"] for event in events), events


@on_a_loop
async def test_a_run_is_followed_from_its_beginning_to_its_end(live, engine):
    engine.write(RUN, b"before\n")
    async with connected(live, headers=HEADERS) as client:
        await client.subscribe(f"run:{RUN}")
        assert (await client.next())["run"]["status"] == "running"
        assert (await client.next())["data"] == "before\n"
        engine.write(RUN, b"after\n")
        assert (await client.next())["data"] == "after\n"
        engine.end(RUN)

        assert (await client.next())["run"]["status"] == "success"
        last = await client.next()

    OutputEvent.model_validate(last)
    assert last == {
        "type": "output",
        "run": RUN,
        "stream": "all",
        "offset": 13,
        "next_offset": 13,
        "data": "",
        "finished": True,
    }


@on_a_loop
async def test_a_run_that_is_over_is_given_at_once_and_not_followed_further(live, engine):
    engine.write(OTHER, b"x" * 200_000)
    async with connected(live, headers=HEADERS) as client:
        await client.subscribe(f"run:{OTHER}")
        text, events = await output_of(client)
        again = await client.subscribe("runs")

    assert (text, len(events)) == ("x" * 200_000, 4)
    assert again["subjects"] == ["runs"]


@on_a_loop
async def test_output_goes_on_at_an_offset(live, engine):
    engine.write(OTHER, b"0123456789")
    async with connected(live, headers=HEADERS) as client:
        await client.subscribe({"run": OTHER, "offset": 6})

        assert (await output_of(client))[0] == "6789"


@on_a_loop
async def test_a_second_subscription_to_a_run_begins_where_it_says(live, engine):
    engine.write(RUN, b"0123456789")
    async with connected(live, headers=HEADERS) as client:
        await client.subscribe(f"run:{RUN}")
        await client.next_of("output")
        await client.subscribe({"run": RUN, "offset": 8})

        assert (await client.next_of("output"))["data"] == "89"


@on_a_loop
async def test_runs_that_are_followed_together_take_turns(live, engine):
    engine.write(RUN, b"a" * 500_000)
    engine.write(OTHER, b"b" * 500_000)
    async with connected(live, headers=HEADERS) as client:
        await client.subscribe(f"run:{RUN}", f"run:{OTHER}")
        seen = [(await client.next_of("output"))["run"] for _ in range(6)]

    assert seen == [RUN, OTHER] * 3


@on_a_loop
async def test_of_a_client_that_reads_nothing_no_output_is_kept(live, engine):
    async with connected(live, headers=HEADERS) as client:
        await client.subscribe(f"run:{RUN}")
        client.reading.clear()
        for _ in range(100):
            engine.write(RUN, b"x" * 10_000)
            await asyncio.sleep(0)
        (member,) = live.state.live._members
        kept = [*member._pending.runs, *member._ready, *member._follows]
        client.reading.set()
        engine.end(RUN)
        text, _ = await output_of(client)

    assert (len(text), len(kept) <= 3) == (1_000_000, True)


@on_a_loop
async def test_output_that_cannot_be_read_is_told_and_the_rest_goes_on(live, engine, monkeypatch):
    async def unreadable(*_: object, **__: object):
        raise Unavailable("the disk is gone")

    monkeypatch.setattr(engine, "output_piece", unreadable)
    async with connected(live, headers=HEADERS) as client:
        await client.subscribe(f"run:{RUN}")
        error = await client.next_of("error")
        left = await client.subscribe("runs")

    ErrorEvent.model_validate(error)
    assert (error["code"], error["subject"], left["subjects"]) == (
        "unavailable",
        f"run:{RUN}",
        ["runs"],
    )


@pytest.mark.parametrize("run", ["no-such-run", OTHER, "../../etc", "\ud800", "x" * 1000, "a b"])
@on_a_loop
async def test_a_run_that_is_not_there_looks_like_one_that_is_not_to_be_seen(live, run):
    async with connected(live, headers=ETL_HEADERS) as client:
        await client.send(subscribe=[f"run:{run}"])
        error = await client.next_of("error")
        subscribed = await client.next()

    assert (error["code"], subscribed["subjects"]) == ("not_found", [])
    assert error["detail"].startswith("there is no run")


@on_a_loop
async def test_runs_beyond_the_bound_are_not_looked_up(live, engine, monkeypatch):
    monkeypatch.setattr(connection, "MOST_FOLLOWED", 1)
    looked_up: list[str] = []
    find = engine.run
    monkeypatch.setattr(engine, "run", lambda run_id: looked_up.append(run_id) or find(run_id))
    async with connected(live, headers=HEADERS) as client:
        await client.subscribe(f"run:{RUN}")
        looked_up.clear()
        await client.subscribe(*[f"run:{OTHER}"] * 50)

    assert OTHER not in looked_up


@on_a_loop
async def test_a_message_with_subjects_without_end_does_nothing(live, engine):
    async with connected(live, headers=HEADERS) as client:
        await client.send(subscribe=["runs"] * 50, unsubscribe=["tree"] * 51)
        error = await client.next()
        subscribed = await client.next()

    assert (error["code"], subscribed["subjects"]) == ("too_many_subscriptions", [])


@on_a_loop
async def test_one_connection_follows_so_many_runs_and_no_more(live, engine, monkeypatch):
    monkeypatch.setattr(connection, "MOST_FOLLOWED", 1)
    async with connected(live, headers=HEADERS) as client:
        await client.send(subscribe=[f"run:{RUN}", f"run:{OTHER}"])
        error = await client.next()
        subscribed = await client.next()

    assert (error["code"], error["subject"]) == ("too_many_subscriptions", f"run:{OTHER}")
    assert [one["run"] for one in subscribed["subjects"]] == [RUN]


@on_a_loop
async def test_after_unsubscribing_nothing_more_comes(live, engine):
    engine.write(RUN, b"one\n")
    async with connected(live, headers=HEADERS) as client:
        await client.subscribe("runs", f"run:{RUN}")
        await client.next_of("output")
        await client.send(unsubscribe=["runs", f"run:{RUN}"])
        subscribed = await client.next()
        engine.write(RUN, b"two\n")
        engine.publish(RunChanged(engine.run(RUN)))
        await asyncio.sleep(0.05)

        assert (subscribed["subjects"], client.waiting()) == ([], 0)


# The tree and environments


@on_a_loop
async def test_the_tree_is_told_at_once_and_with_each_change(live, engine, call):
    async with connected(live, headers=HEADERS) as client:
        await client.subscribe("tree")
        first = await client.next()
        entry = Entry(id=ScriptId("etl/new"), signature="s", digest="d", script=None)
        removed = DeleteScript(id=ScriptId("web/site"))
        engine.publish(PlanApplied(Plan(actions=(CreateScript(entry=entry), removed))))
        second = await client.next()

    TreeEvent.model_validate(first)
    tree = (await asyncio.to_thread(call, "GET", "/api/tree")).json()
    assert first == {"type": "tree", "tree": tree, "scripts": [], "removed": []}
    assert (second["scripts"], second["removed"]) == (["etl/new"], ["web/site"])


@on_a_loop
async def test_a_tree_that_cannot_be_read_is_told(live, engine):
    async with connected(live, headers=HEADERS) as client:
        await client.subscribe("tree")
        await client.next()
        engine.tree_state = replace(engine.tree_state, failure="no such directory")
        engine.publish(SyncChanged(failure="no such directory", held=None))

        assert (await client.next())["tree"]["failure"] == "no such directory"


@on_a_loop
async def test_a_build_is_told_with_its_lines(live, engine):
    request = EnvironmentRequest(python="3.12")
    async with connected(live, headers=HEADERS) as client:
        await client.subscribe("environments")
        client.reading.clear()
        for number in range(150):
            engine.publish(BuildChanged(request, [ScriptId("etl/load")], "install", f"{number}"))
            await asyncio.sleep(0)
        engine.publish(BuildChanged(request, [ScriptId("etl/load")], "ready", ""))
        client.reading.set()
        events = [await client.next()]
        while events[-1]["phase"] != "ready":
            events.append(await client.next())

    EnvironmentEvent.model_validate(events[-1])
    lines = [line for event in events for line in event["lines"]]
    assert len(lines) + sum(event["left_out"] for event in events) == 150
    assert (lines[-1], events[-1]["scripts"]) == ("149", ["etl/load"])


# Mistakes


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "invalid_json"),
        ("{", "invalid_json"),
        ("[" * 30_000, "invalid_json"),
        ("[]", "invalid_message"),
        ("{}", "invalid_message"),
        ('{"subscribed": []}', "invalid_message"),
        ('{"subscribe": "runs"}', "invalid_message"),
        ('{"subscribe": ["run"]}', "unknown_subject"),
        ('{"subscribe": ["scripts"]}', "unknown_subject"),
        ('{"subscribe": [7]}', "unknown_subject"),
        ('{"subscribe": ["\\ud800"]}', "unknown_subject"),
        ('{"subscribe": [{}]}', "invalid_message"),
        (json.dumps({"subscribe": [{"run": RUN, "offset": -1}]}), "invalid_message"),
        (json.dumps({"subscribe": [{"run": RUN, "offset": True}]}), "invalid_message"),
        (json.dumps({"subscribe": [{"run": RUN, "offset": 1e3}]}), "invalid_message"),
        (json.dumps({"subscribe": [{"run": RUN, "offset": 10**20}]}), "invalid_message"),
        (json.dumps({"subscribe": [{"run": RUN, "stream": "stdin"}]}), "invalid_message"),
        (json.dumps({"subscribe": [{"run": RUN, "from": 1}]}), "invalid_message"),
        ('{"ping": {}}', "invalid_message"),
        ('{"ping": 1.5}', "invalid_message"),
    ],
)
@on_a_loop
async def test_a_mistake_is_told_and_the_connection_goes_on(live, text, code):
    async with connected(live, headers=HEADERS) as client:
        await client.send_text(text)
        error = await client.next_of("error")
        await client.send(ping="still there")

        assert (error["code"], (await client.next_of("pong"))["ping"]) == (code, "still there")


@on_a_loop
async def test_a_wrong_subject_spoils_no_other(live):
    async with connected(live, headers=HEADERS) as client:
        await client.send(subscribe=["runs", "nothing", "tree"])

        assert (await client.next())["subject"] == "nothing"
        assert (await client.next())["subjects"] == ["runs", "tree"]


@on_a_loop
async def test_bytes_are_no_message(live):
    async with connected(live, headers=HEADERS) as client:
        await client.sent.put({"type": "websocket.receive", "bytes": b"{}"})

        assert (await client.next())["code"] == "invalid_message"


@on_a_loop
async def test_a_client_that_takes_nothing_for_long_is_let_go(live, engine, monkeypatch):
    monkeypatch.setattr(routes, "SEND_SECONDS", 0.05)
    monkeypatch.setattr(routes, "CLOSE_SECONDS", 0.05)
    async with connected(live, headers=HEADERS) as client:
        await client.subscribe("runs")
        client.reading.clear()
        engine.publish(RunChanged(engine.run(RunId(RUN))))
        async with asyncio.timeout(5):
            while live.state.live._members:
                await asyncio.sleep(0.01)


@on_a_loop
async def test_an_error_that_nobody_expected_ends_only_this_connection(live, engine, monkeypatch):
    async def broken(*_: object, **__: object):
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(engine, "output_piece", broken)
    async with (
        connected(live, headers=HEADERS) as client,
        connected(live, headers=HEADERS) as other,
    ):
        await client.subscribe(f"run:{RUN}")
        with pytest.raises(Closed) as closed:
            await client.next_of("output")
        await other.send(ping=1)

        assert (closed.value.code, (await other.next())["ping"]) == (1011, 1)
