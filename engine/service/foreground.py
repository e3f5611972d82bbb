"""One run in the foreground: the script's own environment, variables and limits, no server.

The run is started and guarded by a runner of its own, the same program that
guards a server's runs, so a limit means here what it means there.
"""

import asyncio
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from engine import runner
from engine.environments.session import BuildProgress
from engine.errors import Unavailable
from engine.model.environment import Environment
from engine.model.identity import requested_run_id
from engine.model.run import Cause, Run, RunStatus
from engine.model.script import Script
from engine.ports import RunExited, RunnerEvent, RunnerLost, RunOutput, RunStarted
from engine.process import run_command
from engine.runner.protocol import SOCKET_NAME
from engine.runs import output
from engine.runs.client import RunnerClient
from engine.runs.disk import disk_state
from engine.runs.places import RunPlaces
from engine.runs.request import RequestBuilder
from engine.runs.verdict import conclude, started
from engine.service.check import definition
from engine.service.clock import SystemClock
from engine.service.data import open_environments
from engine.service.secrets import OfflineSecrets
from schemas.settings import Settings

Write = Callable[[str, bytes], None]
"""Gets output as it arrives: the stream's name and its bytes."""
Tell = Callable[[BuildProgress], None]

RUNNER_MAIN = Path(runner.__file__).parent / "__main__.py"
CONNECT_SECONDS = 10.0


def runner_command(data: Path, *options: str) -> list[str]:
    """Return the command line of a runner that serves a data directory."""
    return [sys.executable, "-I", "-S", str(RUNNER_MAIN), "--data", str(data), *options]


class Foreground:
    """A run that a person waits for."""

    def __init__(self, tree: Path, settings: Settings, write: Write, tell: Tell) -> None:
        self._tree = tree
        self._settings = settings
        self._write = write
        self._tell = tell
        self._clock = SystemClock()
        self._cancel: Callable[[], None] | None = None

    def cancel(self) -> bool:
        """Ask the run to stop, as Ctrl-C does; False when there is none yet."""
        if self._cancel is None:
            return False
        self._cancel()
        return True

    async def run(self, script_id: str, args: Sequence[str], requested_by: str) -> Run:
        """Run the script and return its final run. Raises EngineError when it cannot be started."""
        script = definition(self._tree, self._settings, script_id)
        environment = await self._environment(script)
        now = self._clock.now()
        run = Run(
            id=requested_run_id(now, secrets.token_hex(6)),
            script=script.id,
            status=RunStatus.QUEUED,
            cause=Cause.MANUAL,
            queued_at=now,
            args=tuple(args),
            requested_by=requested_by,
            environment=environment.key,
            lock=environment.lock,
            python=environment.python,
        )
        with tempfile.TemporaryDirectory(prefix="pysched-run-") as directory:
            return await self._guarded(run, script, environment, Path(directory))

    async def _environment(self, script: Script) -> Environment:
        environments = open_environments(self._settings, self._clock, self._tell)
        environments.start()
        try:
            return await environments.build(script.environment)
        finally:
            await environments.close()

    async def _guarded(self, run: Run, script: Script, environment: Environment, data: Path) -> Run:
        command = runner_command(data)
        guard = asyncio.create_task(run_command(command, cwd=data, env=dict(os.environ)))
        try:
            return await self._follow(run, script, environment, data)
        finally:
            guard.cancel()
            await asyncio.wait([guard])

    async def _follow(self, run: Run, script: Script, environment: Environment, data: Path) -> Run:
        client = RunnerClient(data / SOCKET_NAME)
        events: asyncio.Queue[RunnerEvent] = asyncio.Queue()
        client.subscribe(events.put_nowait)
        client.open()
        await client.wait_connected(CONNECT_SECONDS)
        # Should this process die, the runner goes: at once, or when the run is over.
        client.stop("leave")
        places = RunPlaces(data)
        store = OfflineSecrets(self._settings)
        builder = RequestBuilder(places=places, server_env=dict(os.environ), secrets=store)
        try:
            request = builder.build(run, script, environment, self._tree.resolve() / script.id)
        finally:
            await store.close()
        # The state directory outlasts this run, unlike everything else of it.
        state = RunPlaces(self._settings.paths.data).state(script.id)
        state.mkdir(parents=True, exist_ok=True)
        request = replace(request, env={**request.env, "PYSCHED_STATE_DIR": str(state)})
        client.start(request)
        self._cancel = partial(client.cancel, run.id, f"cancelled by {run.requested_by}")
        try:
            return await self._until_the_end(run, script, events, request.directory)
        finally:
            self._cancel = None
            await client.close()

    async def _until_the_end(
        self, run: Run, script: Script, events: "asyncio.Queue[RunnerEvent]", directory: Path
    ) -> Run:
        place = 0
        while True:
            match await events.get():
                case RunStarted(at=at):
                    run = started(run, at)
                case RunOutput():
                    place = self._pass_on(directory, place)
                case RunExited(report=report):
                    self._pass_on(directory, place)
                    return conclude(run, report, script)
                case RunnerLost():
                    report = disk_state(directory).report
                    if report is None:
                        raise Unavailable("the runner died under the run; what it did is unknown")
                    self._pass_on(directory, place)
                    return conclude(run, report, script)
                case _:
                    pass

    def _pass_on(self, directory: Path, place: int) -> int:
        for chunk in output.chunks(directory, place):
            self._write(chunk.stream, chunk.data)
            place = chunk.end
        return place
