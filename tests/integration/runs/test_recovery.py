"""An engine that goes and comes back, a runner that dies: with the real runner."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import engine.runner
from engine.model.identity import RunId, ScriptId
from engine.model.run import Run, RunStatus
from engine.model.script import Limits
from engine.ports import RunnerConnected, RunnerEvent, RunStarted, StartRequest
from engine.runner import protocol
from engine.runs.client import RunnerClient
from engine.runs.files import RunFiles
from engine.runs.lines import lines
from engine.runs.places import RunPlaces
from engine.runs.recover import Ended, Live, Lost, NotStarted, Recovery
from engine.runs.request import RequestBuilder
from tests.fakes.archive import FakeArchive
from tests.fakes.run_facts import a_run

RUNS = [a_run(f"20260501T120000-{n:02x}") for n in range(12)]
LINES = 120
PRINTING = f"""
import os, sys, time
for n in range({LINES}):
    print("line", n, flush=True)
    while n == {LINES // 2} and not os.path.exists("go"):
        time.sleep(0.002)
sys.exit(int(sys.argv[1]))
"""
SLEEPING = "import time; time.sleep(60)"


class House:
    """A data directory, the runner on it, and engines that come and go."""

    def __init__(self, data: Path) -> None:
        self.data = data
        places = RunPlaces(data)
        self.files = RunFiles(
            places=places,
            requests=RequestBuilder(places=places, server_env={}),
            outputs=FakeArchive(),
        )
        self.runner: subprocess.Popen[bytes] | None = None
        self.start_runner()

    def start_runner(self) -> None:
        main = Path(engine.runner.__file__).parent / "__main__.py"
        command = [sys.executable, "-I", "-S", str(main), "--data", str(self.data)]
        self.runner = subprocess.Popen([*command, "--on-stop", "cancel"])

    def kill_runner(self) -> None:
        assert self.runner is not None
        self.runner.kill()
        self.runner.wait()

    def close(self) -> None:
        assert self.runner is not None
        self.runner.terminate()
        self.runner.wait(20)

    def request(self, run: Run, code: str, argument: str = "") -> StartRequest:
        return StartRequest(
            id=run.id,
            script=ScriptId("a"),
            directory=self.files.places.run(run.id),
            argv=(sys.executable, "-I", "-S", "-c", code, argument),
            cwd=self.data,
            env={},
            limits=Limits(),
            stop_grace=1,
            merge_output=False,
        )


class Engine:
    """One engine's life, from the connection to its end."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.client = RunnerClient(house.data / protocol.SOCKET_NAME)
        self.heard: list[RunnerEvent] = []
        self._news = asyncio.Event()
        self.client.subscribe(self._hear)

    def _hear(self, event: RunnerEvent) -> None:
        self.heard.append(event)
        self._news.set()

    async def __aenter__(self) -> "Engine":
        self.client.open()
        await self.client.wait_connected(20)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), 20)

    async def start(self, runs: list[Run], code: str) -> None:
        for number, run in enumerate(runs):
            self.client.start(self.house.request(run, code, str(number)))
        await self.until(lambda: self.count(RunStarted) == len(runs))

    def count(self, kind: type) -> int:
        return sum(isinstance(event, kind) for event in self.heard)

    async def survey(self, runs: list[Run]) -> list[Recovery]:
        connected = next(event for event in self.heard if isinstance(event, RunnerConnected))
        return await self.house.files.survey(runs, connected)


@pytest.fixture
def house(tmp_path: Path):
    house = House(tmp_path)
    yield house
    house.close()


def exit_codes(recoveries: list[Recovery]) -> list[int | None]:
    return [each.report.exit_code for each in recoveries if isinstance(each, Ended)]


def printed(house: House, run_id: RunId) -> list[str]:
    return house.files.look(run_id, lambda source: [line.text for line in lines(source)])


def test_an_engine_that_was_away_finds_every_line_and_exit_code(house: House):
    async def story() -> list[Recovery]:
        async with Engine(house) as first:
            await first.start(RUNS, PRINTING)
        async with Engine(house) as second:
            assert {type(each) for each in await second.survey(RUNS)} == {Live}
        (house.data / "go").touch()
        await asyncio.to_thread(await_ends, house, RUNS)
        async with Engine(house) as third:
            return await third.survey(RUNS)

    assert exit_codes(asyncio.run(story())) == list(range(len(RUNS)))
    whole = [f"line {n}" for n in range(LINES)]
    assert all(printed(house, run.id) == whole for run in RUNS)


def await_ends(house: House, runs: list[Run]) -> None:
    """Wait, as an engine that is away cannot, until all runs have ended."""
    paths = [house.files.places.run(run.id) / protocol.EXIT_NAME for run in runs]
    while not all(path.exists() for path in paths):
        asyncio.run(asyncio.sleep(0.01))


def test_a_runner_that_died_leaves_ended_lost_and_unclaimed_runs(house: House):
    over, lost, fresh = RUNS[0], replace(RUNS[1], status=RunStatus.RUNNING), RUNS[2]

    async def story() -> list[Recovery]:
        async with Engine(house) as first:
            await first.start([over], "raise SystemExit(7)")
            await asyncio.to_thread(await_ends, house, [over])
            first.client.start(house.request(lost, SLEEPING))
            await first.until(lambda: first.count(RunStarted) == 2)
        house.kill_runner()
        house.start_runner()
        async with Engine(house) as second:
            return await second.survey([over, lost, fresh])

    ended, gone, unclaimed = asyncio.run(story())
    assert exit_codes([ended]) == [7]
    assert gone == Lost(id=lost.id, reason="the runner died under it")
    assert unclaimed == NotStarted(id=fresh.id)
