import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import pytest

from engine.errors import InvalidInput, Unavailable
from engine.model.identity import RunId, ScriptId
from engine.model.script import Limits
from engine.ports import (
    RunExited,
    RunnerConnected,
    RunnerEvent,
    RunnerLost,
    RunStarted,
    StartRefused,
    StartRequest,
    StartTurnedDown,
)
from engine.runner import protocol
from engine.runs import client as client_module
from engine.runs.client import RunnerClient
from tests.fakes.launcher import wire_report
from tests.fakes.run_facts import NOON, a_report
from tests.fakes.runner_server import RunnerServer


class Scene:
    """A client, the server it talks to, and what its subscriber heard."""

    def __init__(self, socket: Path) -> None:
        self.server = RunnerServer(socket)
        self.client = RunnerClient(socket)
        self.heard: list[RunnerEvent] = []
        self._news = asyncio.Event()
        self.client.subscribe(self._hear)

    def _hear(self, event: RunnerEvent) -> None:
        self.heard.append(event)
        self._news.set()

    async def until(self, condition: Callable[[], object]) -> None:
        while not condition():
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), 10)

    def kinds(self) -> list[type]:
        return [type(event) for event in self.heard]

    async def connect(self) -> None:
        await self.server.open()
        self.client.open()
        await self.client.wait_connected(10)

    async def close(self) -> None:
        await self.client.close()
        await self.server.close()


def play(socket: Path, story) -> None:
    async def whole() -> None:
        scene = Scene(socket)
        try:
            await story(scene)
        finally:
            await scene.close()

    asyncio.run(whole())


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / protocol.SOCKET_NAME


def a_request(run_id: str = "20260501T120000-aa") -> StartRequest:
    return StartRequest(
        id=RunId(run_id),
        script=ScriptId("a"),
        directory=Path("/data/runs/x"),
        argv=("/python", "/tree/a.py"),
        cwd=Path("/tree"),
        env={f"NAME_{n}": "value" * 10 for n in range(30)},
        limits=Limits(timeout=timedelta(seconds=5)),
        stop_grace=1,
        merge_output=False,
    )


def test_a_connection_begins_with_what_the_runner_knows(socket):
    async def story(scene: Scene) -> None:
        scene.server.list = {
            "event": "list",
            "live": [{"id": "a", "pid": 1, "started_ns": 0, "output_bytes": 0}],
            "ended": [wire_report(a_report("b"))],
        }
        await scene.connect()

        (event,) = scene.heard
        assert isinstance(event, RunnerConnected)
        assert (list(event.live), [r.id for r in event.ended], event.boot) == (
            ["a"],
            ["b"],
            "boot-1",
        )
        assert scene.server.ops() == ["hello", "list"]

    play(socket, story)


def test_what_the_runner_is_can_be_asked(socket):
    async def story(scene: Scene) -> None:
        assert (scene.client.pid, scene.client.capabilities) == (None, {})
        await scene.connect()
        assert (scene.client.pid, scene.client.capabilities) == (4711, {"memory": "sampled"})

    play(socket, story)


def test_a_client_waits_for_a_runner_that_is_not_there_yet(socket):
    async def story(scene: Scene) -> None:
        scene.client.open()
        await asyncio.sleep(0.05)
        await scene.server.open()
        await scene.client.wait_connected(10)

    play(socket, story)


def test_operations_go_out_as_lines_of_the_protocol(socket):
    async def story(scene: Scene) -> None:
        await scene.connect()
        scene.client.start(a_request())
        scene.client.cancel(RunId("x"), "cancelled by ada")
        scene.client.acknowledge([RunId("y")])
        scene.client.acknowledge([RunId("z")])
        scene.client.stop("leave")
        await scene.server.until(lambda: "stop" in scene.server.ops())

        start, *rest = scene.server.received[2:]
        assert (start["op"], start["id"], start["timeout_ms"]) == ("start", a_request().id, 5000)
        assert rest == [
            {"op": "kill", "id": "x", "reason": "cancelled by ada"},
            {"op": "ack", "ids": ["y", "z"]},
            {"op": "stop", "mode": "leave"},
        ]

    play(socket, story)


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.start(a_request()),
        lambda client: client.cancel(RunId("x"), ""),
        lambda client: client.stop("cancel"),
    ],
)
def test_without_a_connection_a_request_is_refused(socket, ask):
    async def story(scene: Scene) -> None:
        with pytest.raises(Unavailable, match=r"runner\.sock"):
            ask(scene.client)

    play(socket, story)


def test_an_acknowledgement_without_a_connection_is_left_to_the_next_list(socket):
    async def story(scene: Scene) -> None:
        scene.client.acknowledge([RunId("x")])
        await scene.connect()
        assert scene.server.ops() == ["hello", "list"]

    play(socket, story)


@pytest.mark.parametrize("masks", [None, False])
def test_a_runner_that_would_show_secrets_gets_none(socket, masks):
    async def story(scene: Scene) -> None:
        assert scene.server.hello is not None
        scene.server.hello["masks"] = masks
        await scene.connect()
        with pytest.raises(InvalidInput, match="older version that would let secrets be seen"):
            scene.client.start(replace(a_request(), mask=("hunter22",)))
        scene.client.start(a_request())
        await scene.server.until(lambda: len(scene.server.received) == 3)
        assert [each["op"] for each in scene.server.received] == ["hello", "list", "start"]

    play(socket, story)


def test_a_runner_that_hides_secrets_is_told_what_to_hide(socket):
    async def story(scene: Scene) -> None:
        assert scene.server.hello is not None
        scene.server.hello["masks"] = True
        await scene.connect()
        scene.client.start(replace(a_request(), mask=("hunter22",)))
        await scene.server.until(lambda: len(scene.server.received) == 3)
        assert scene.server.received[-1]["mask"] == ["hunter22"]

    play(socket, story)


def test_events_are_told_in_order_and_unknown_ones_are_passed_over(socket):
    async def story(scene: Scene) -> None:
        await scene.connect()
        scene.server.say(
            {"event": "started", "id": "x", "pid": 9, "started_ns": 0},
            {"event": "from the future", "id": "x"},
            {"event": "error", "message": "unknown operation"},
            {"event": "exit", "report": wire_report(a_report("x"))},
        )
        await scene.until(lambda: RunExited in scene.kinds())

        assert scene.kinds() == [RunnerConnected, RunStarted, RunExited]

    play(socket, story)


def test_a_start_that_the_runner_turns_down_is_told(socket):
    async def story(scene: Scene) -> None:
        await scene.connect()
        scene.server.say({"event": "error", "message": "start: it is stopping", "id": "x"})
        await scene.until(lambda: StartTurnedDown in scene.kinds())

        assert scene.heard[-1] == StartTurnedDown(id=RunId("x"))

    play(socket, story)


def test_what_comes_before_the_list_is_left_to_it(socket):
    async def story(scene: Scene) -> None:
        exited = {"event": "exit", "report": wire_report(a_report("x"))}
        scene.server.before_list = [exited]
        await scene.connect()
        scene.server.say({"event": "refused", "id": "y"})
        await scene.until(lambda: StartRefused in scene.kinds())

        assert scene.kinds() == [RunnerConnected, StartRefused]

    play(socket, story)


def test_a_broken_connection_is_told_and_made_again(socket):
    async def story(scene: Scene) -> None:
        await scene.connect()
        scene.server.drop()
        await scene.until(lambda: scene.kinds().count(RunnerConnected) == 2)

        assert scene.kinds() == [RunnerConnected, RunnerLost, RunnerConnected]

    play(socket, story)


def test_a_runner_that_was_started_anew_is_found(socket):
    async def story(scene: Scene) -> None:
        await scene.connect()
        await scene.server.close()
        await scene.until(lambda: RunnerLost in scene.kinds())
        with pytest.raises(Unavailable):
            scene.client.start(a_request())
        socket.unlink(missing_ok=True)
        await scene.server.open()
        await scene.client.wait_connected(10)
        scene.client.start(a_request())
        await scene.server.until(lambda: "start" in scene.server.ops())

    play(socket, story)


def test_a_runner_of_another_version_is_named_in_the_refusal(socket):
    async def story(scene: Scene) -> None:
        assert scene.server.hello is not None
        scene.server.hello["version"] = 99
        await scene.server.open()
        scene.client.open()
        await scene.server.until(lambda: scene.server.connections == 2)
        with pytest.raises(Unavailable, match="speaks version 99 of the protocol"):
            await scene.client.wait_connected(0.01)
        with pytest.raises(Unavailable, match="speaks version 99"):
            scene.client.start(a_request())
        assert scene.heard == []

    play(socket, story)


def test_a_runner_that_hangs_is_given_up_and_asked_again(socket, monkeypatch):
    monkeypatch.setattr(client_module, "ANSWER_WITHIN", 0.05)

    async def story(scene: Scene) -> None:
        scene.server.hello = None
        await scene.server.open()
        scene.client.open()
        await scene.server.until(lambda: scene.server.connections == 2)
        with pytest.raises(Unavailable, match="no answer within"):
            scene.client.start(a_request())

    play(socket, story)


def test_rubbish_on_the_line_breaks_the_connection_and_not_the_client(socket):
    async def story(scene: Scene) -> None:
        await scene.connect()
        scene.server.say_bytes(b"rubbish\n")
        await scene.until(lambda: scene.kinds().count(RunnerConnected) == 2)

    play(socket, story)


@pytest.mark.parametrize(
    "event", [{"event": "started"}, {"event": "out", "sizes": 3}, {"event": "exit", "report": 3}]
)
def test_a_damaged_event_breaks_the_connection_and_not_the_client(socket, event):
    async def story(scene: Scene) -> None:
        await scene.connect()
        scene.server.say(event)
        await scene.until(lambda: scene.kinds().count(RunnerConnected) == 2)

    play(socket, story)


def test_a_receiver_that_fails_keeps_nothing_from_the_others(socket, caplog):
    def fail(_: RunnerEvent) -> None:
        raise KeyError("a mistake")

    async def story(scene: Scene) -> None:
        late: list[RunnerEvent] = []
        scene.client.subscribe(fail)
        scene.client.subscribe(late.append)
        await scene.connect()
        assert len(late) == 1

    play(socket, story)
    assert "a receiver failed" in caplog.text


def test_nothing_is_heard_after_closing(socket):
    async def story(scene: Scene) -> None:
        await scene.connect()
        await scene.client.close()
        assert scene.kinds() == [RunnerConnected]
        assert not scene.client.connected

    play(socket, story)


def test_a_connection_that_is_taken_again_and_again_is_asked_for_ever_more_slowly(socket):
    async def story(scene: Scene) -> None:
        await scene.server.open()
        scene.client.open()
        began = perf_counter()
        while scene.server.connections < 6:
            await scene.server.until(lambda: bool(scene.server.connections))
            scene.server.drop()
            await asyncio.sleep(0.001)
        assert perf_counter() - began > 0.3  # 10 + 20 + 40 + 80 + 160 ms

    play(socket, story)


def test_a_socket_deep_in_the_file_system_is_reached(tmp_path, monkeypatch):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)

    async def story() -> None:
        server = RunnerServer(Path(protocol.SOCKET_NAME))
        client = RunnerClient(deep / protocol.SOCKET_NAME)
        await server.open()
        client.open()
        try:
            await client.wait_connected(10)
        finally:
            await client.close()
            await server.close()

    asyncio.run(story())


def test_a_start_is_on_the_socket_in_a_fifth_of_a_millisecond(socket):
    async def story(scene: Scene) -> None:
        await scene.connect()
        request, times = a_request(), []
        for _ in range(50):
            began = perf_counter()
            scene.client.start(request)
            times.append(perf_counter() - began)
        assert min(times) < 0.000_2

    play(socket, story)


def test_a_list_of_thousands_of_runs_is_taken(socket):
    async def story(scene: Scene) -> None:
        scene.server.list["ended"] = [wire_report(a_report(f"r{n}")) for n in range(3000)]
        await scene.connect()
        (event,) = scene.heard
        assert isinstance(event, RunnerConnected)
        assert event.ended[-1] == a_report("r2999", finished_at=NOON + timedelta(seconds=3))

    play(socket, story)
