"""What every Launcher promises: the fake of the tests, and the client with the real runner."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

import engine.runner
from engine.errors import Unavailable
from engine.model.identity import RunId, ScriptId
from engine.model.script import Limits
from engine.ports import (
    ExitReport,
    Launcher,
    RunExited,
    RunnerConnected,
    RunnerEvent,
    RunnerLost,
    RunOutput,
    RunStarted,
    StartRefused,
    StartRequest,
)
from engine.runner import protocol
from engine.runs.client import RunnerClient
from engine.runs.disk import disk_state
from engine.runs.output import read
from tests.fakes.clock import FakeClock
from tests.fakes.launcher import FakeLauncher

ONE, TWO = RunId("20260501T120000-01"), RunId("20260501T120000-02")
E = TypeVar("E")

# A run of the suite does what its orders say, as soon as they are there: it writes, or exits.
PROGRAM = """
import os, sys, time
orders, sleep = sys.argv[1], 0.002
while True:
    while not os.path.exists(orders):
        time.sleep(sleep)
    order, text = open(orders).read().split(" ", 1)
    os.unlink(orders)
    if order != "write":
        os._exit(int(order))
    os.write(1, text.encode())
"""


class Stage(Protocol):
    """A launcher, and a hand behind it that moves the runs."""

    launcher: Launcher

    def write(self, run_id: RunId, text: str) -> None:
        """Let the run write a text."""
        ...

    def end(self, run_id: RunId, exit_code: int) -> None:
        """Let the run exit; what it was to write must be known to be written."""
        ...

    async def lose(self) -> None: ...

    async def reconnect(self) -> None: ...

    def kill_runner(self) -> None: ...


class FakeStage:
    def __init__(self, data: Path) -> None:
        self.clock = FakeClock()
        self.launcher = FakeLauncher(self.clock, connected=False, writes_files=True)

    def write(self, run_id: RunId, text: str) -> None:
        self.launcher.write(run_id, text.encode())

    def end(self, run_id: RunId, exit_code: int) -> None:
        self.clock.advance(0.5)
        self.launcher.finish(run_id, exit_code)

    async def lose(self) -> None:
        self.launcher.disconnect()

    async def reconnect(self) -> None:
        self.launcher.reconnect()

    def kill_runner(self) -> None:
        self.launcher.crash()


class RealStage:
    def __init__(self, data: Path) -> None:
        self.data = data
        self.launcher = RunnerClient(data / protocol.SOCKET_NAME)
        self.receivers: list[Callable[[RunnerEvent], None]] = []
        main = Path(engine.runner.__file__).parent / "__main__.py"
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(main), "--data", str(data), "--on-stop", "cancel"]
        )

    def write(self, run_id: RunId, text: str) -> None:
        self._order(run_id, f"write {text}")

    def end(self, run_id: RunId, exit_code: int) -> None:
        self._order(run_id, f"{exit_code} ")

    def _order(self, run_id: RunId, text: str) -> None:
        orders = self.data / f"{run_id}.orders"
        part = orders.with_suffix(".part")
        part.write_text(text)
        part.rename(orders)

    async def lose(self) -> None:
        await self.launcher.close()

    async def reconnect(self) -> None:
        self.launcher.open()
        await self.launcher.wait_connected(20)

    def kill_runner(self) -> None:
        self.process.kill()

    async def close(self) -> None:
        await self.launcher.close()
        self.process.terminate()
        await asyncio.to_thread(self.process.wait, 20)


class Scene:
    def __init__(self, stage: Stage, data: Path) -> None:
        self.stage = stage
        self.launcher = stage.launcher
        self.data = data
        self.heard: list[RunnerEvent] = []
        self._news = asyncio.Event()
        self.launcher.subscribe(self._hear)

    def _hear(self, event: RunnerEvent) -> None:
        self.heard.append(event)
        self._news.set()

    async def next(self, kind: type[E], number: int = 1) -> E:
        """Wait for the so manieth event of a kind."""
        while True:
            found = [event for event in self.heard if isinstance(event, kind)]
            if len(found) >= number:
                return found[number - 1]
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), 20)

    def request(self, run_id: RunId = ONE, argv: tuple[str, ...] | None = None) -> StartRequest:
        orders = str(self.data / f"{run_id}.orders")
        return StartRequest(
            id=run_id,
            script=ScriptId("a"),
            directory=self.data / "runs" / "202605" / run_id,
            argv=argv or (sys.executable, "-I", "-S", "-c", PROGRAM, orders),
            cwd=self.data,
            env={"PATH": "/usr/bin:/bin"},
            limits=Limits(timeout=timedelta(seconds=50)),
            stop_grace=5,
            merge_output=False,
        )

    async def run_to_end(self, run_id: RunId = ONE, exit_code: int = 0) -> ExitReport:
        self.launcher.start(self.request(run_id))
        await self.next(RunStarted)
        self.stage.end(run_id, exit_code)
        return (await self.next(RunExited)).report


@asynccontextmanager
async def opened(kind: str, data: Path) -> AsyncIterator[Scene]:
    if kind == "fake":
        scene = Scene(FakeStage(data), data)
        await scene.stage.reconnect()
        yield scene
        return
    stage = RealStage(data)
    try:
        scene = Scene(stage, data)
        await stage.reconnect()
        yield scene
    finally:
        await stage.close()


Play = Callable[[Callable[[Scene], Awaitable[None]]], None]


@pytest.fixture(params=["fake", "real"])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    async def whole(story: Callable[[Scene], Awaitable[None]]) -> None:
        async with opened(request.param, tmp_path) as scene:
            await story(scene)

    return lambda story: asyncio.run(whole(story))


def test_the_first_event_tells_what_the_runner_knows(play: Play):
    async def story(scene: Scene) -> None:
        event = scene.heard[0]
        assert isinstance(event, RunnerConnected)
        assert (dict(event.live), list(event.ended), event.boot != "") == ({}, [], True)

    play(story)


def test_a_run_is_started_and_ends_with_its_exit_code(play: Play):
    async def story(scene: Scene) -> None:
        report = await scene.run_to_end(exit_code=3)
        started = await scene.next(RunStarted)

        assert (report.id, report.exit_code, report.ended_by, report.detail) == (ONE, 3, None, "")
        assert report.started_at == started.at <= report.finished_at
        assert report.duration_ms > 0

    play(story)


def test_no_answer_comes_before_the_call_has_returned(play: Play):
    async def story(scene: Scene) -> None:
        scene.launcher.start(scene.request())
        assert [type(event) for event in scene.heard] == [RunnerConnected]
        await scene.next(RunStarted)
        scene.stage.end(ONE, 0)

    play(story)


def test_a_second_start_is_refused_and_starts_nothing(play: Play):
    async def story(scene: Scene) -> None:
        scene.launcher.start(scene.request())
        scene.launcher.start(scene.request())
        refused = await scene.next(StartRefused)
        scene.stage.end(ONE, 0)
        await scene.next(RunExited)

        assert refused.id == ONE
        assert sum(isinstance(event, RunStarted) for event in scene.heard) == 1

    play(story)


def test_a_start_is_refused_even_after_the_run_was_acknowledged(play: Play):
    async def story(scene: Scene) -> None:
        await scene.run_to_end()
        scene.launcher.acknowledge([ONE])
        scene.launcher.start(scene.request())

        assert (await scene.next(StartRefused)).id == ONE

    play(story)


def test_a_cancelled_run_ends_with_the_reason_it_was_given(play: Play):
    async def story(scene: Scene) -> None:
        scene.launcher.start(scene.request())
        await scene.next(RunStarted)
        scene.launcher.cancel(ONE, "cancelled by ada")
        report = (await scene.next(RunExited)).report

        assert (report.ended_by, report.detail, report.exit_code) == (
            "cancel",
            "cancelled by ada",
            -15,
        )

    play(story)


def test_cancelling_what_does_not_run_changes_nothing(play: Play):
    async def story(scene: Scene) -> None:
        scene.launcher.cancel(TWO, "cancelled by ada")
        report = await scene.run_to_end()

        assert (report.id, report.ended_by) == (ONE, None)
        assert sum(isinstance(event, RunExited) for event in scene.heard) == 1

    play(story)


def test_output_is_told_and_readable_when_it_is(play: Play):
    async def story(scene: Scene) -> None:
        scene.launcher.start(scene.request())
        await scene.next(RunStarted)
        scene.stage.write(ONE, "hello\n")
        told = await scene.next(RunOutput)
        scene.stage.end(ONE, 0)
        report = (await scene.next(RunExited)).report

        assert told.sizes == {ONE: 6}
        assert report.output_bytes == 6
        assert read(scene.request().directory).data == b"hello\n"

    play(story)


def test_an_end_is_on_disk_soon_unless_it_is_acknowledged(play: Play):
    async def story(scene: Scene) -> None:
        report = await scene.run_to_end(exit_code=4)
        directory = scene.request().directory
        async with asyncio.timeout(5):
            while (state := disk_state(directory)).report is None:
                await asyncio.sleep(0.01)

        assert state.claim is not None
        assert state.report == report

    play(story)


def test_without_a_connection_a_start_is_refused(play: Play):
    async def story(scene: Scene) -> None:
        await scene.stage.lose()

        with pytest.raises(Unavailable):
            scene.launcher.start(scene.request())
        with pytest.raises(Unavailable):
            scene.launcher.cancel(ONE, "")
        with pytest.raises(Unavailable):
            scene.launcher.refresh()

    play(story)


def test_a_run_lives_on_without_a_connection_and_is_in_the_next_list(play: Play):
    async def story(scene: Scene) -> None:
        scene.launcher.start(scene.request())
        started = await scene.next(RunStarted)
        await scene.stage.lose()
        await scene.stage.reconnect()
        again = await scene.next(RunnerConnected, 2)
        scene.stage.end(ONE, 0)
        await scene.next(RunExited)

        assert again.live == {ONE: started.at}

    play(story)


def test_an_end_is_listed_until_it_is_acknowledged(play: Play):
    async def story(scene: Scene) -> None:
        report = await scene.run_to_end()
        await scene.stage.lose()
        await scene.stage.reconnect()
        before = await scene.next(RunnerConnected, 2)
        scene.launcher.acknowledge([ONE])
        scene.launcher.refresh()
        after = await scene.next(RunnerConnected, 3)

        assert (list(before.ended), list(after.ended)) == ([report], [])

    play(story)


def test_what_the_runner_knows_can_be_asked_again(play: Play):
    async def story(scene: Scene) -> None:
        scene.launcher.start(scene.request())
        scene.launcher.refresh()
        again = await scene.next(RunnerConnected, 2)
        started = await scene.next(RunStarted)
        scene.stage.end(ONE, 0)

        assert again.live == {ONE: started.at}
        assert RunnerLost not in [type(event) for event in scene.heard]

    play(story)


def test_no_start_is_taken_until_the_runner_has_said_what_it_knows(play: Play):
    async def story(scene: Scene) -> None:
        scene.launcher.refresh()
        with pytest.raises(Unavailable, match="what it knows"):
            scene.launcher.start(scene.request())
        await scene.next(RunnerConnected, 2)
        await scene.run_to_end()

    play(story)


def test_the_death_of_the_runner_is_told(play: Play):
    async def story(scene: Scene) -> None:
        scene.stage.kill_runner()
        await scene.next(RunnerLost)

        with pytest.raises(Unavailable):
            scene.launcher.start(scene.request())

    play(story)


def test_a_lost_connection_is_told_once_until_the_next(play: Play):
    async def story(scene: Scene) -> None:
        scene.stage.kill_runner()
        await scene.next(RunnerLost)
        await asyncio.sleep(0.05)

        assert [type(event) for event in scene.heard] == [RunnerConnected, RunnerLost]

    play(story)
