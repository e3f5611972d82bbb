"""A whole engine over fake ports, which a test can kill and start anew on the same stores.

The runs' files, the matching with the runner, and every module of `engine.reconcile`
are the real ones. Nothing waits for the clock: a test moves it and lets the alarm ring.
"""

import asyncio
import os
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

from engine.errors import InvalidInput
from engine.model.environment import Environment
from engine.model.event import Event
from engine.model.identity import RunId, ScriptId, TriggerKey
from engine.model.plan import Plan
from engine.model.run import Cause, Occurrence, Run, RunStatus
from engine.model.script import Script
from engine.model.trigger import FilesTrigger
from engine.ports import InForce, RunnerConnected, StartRequest, Transition
from engine.reconcile.builds import Builds
from engine.reconcile.endings import Endings
from engine.reconcile.enqueue import Request, enqueue_request
from engine.reconcile.loop import Loop
from engine.reconcile.parts import Parts
from engine.reconcile.passes import Passes
from engine.reconcile.record import Recorder
from engine.reconcile.removals import Removals
from engine.reconcile.state import State
from engine.reconcile.tasks import Tasks
from engine.runner import protocol
from engine.runs.files import RunFiles
from engine.runs.places import RunPlaces
from engine.runs.recover import Recovery
from engine.runs.request import RequestBuilder
from engine.schedule.jump import Wakefulness
from engine.tree.scan import TreeScanner
from tests.fakes.alarm import FakeAlarm
from tests.fakes.archive import FakeArchive
from tests.fakes.clock import FakeClock
from tests.fakes.environments import FakeEnvironments
from tests.fakes.journal import FakeJournal
from tests.fakes.launcher import FakeLauncher
from tests.fakes.runs import FakeRunStore
from tests.fakes.scripts import FakeScriptStore
from tests.fakes.tree import FakeTree
from tests.fakes.world import an_entry


class Gate:
    """Lets work fail, or holds it up right before or after it is done, until it is opened."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], bool]] = []
        self.open()

    @property
    def held(self) -> int:
        """How many wait here for it to be opened."""
        return sum(shut() for shut in self._waiting)

    def open(self) -> None:
        """Let everything through again, also what is held up."""
        self.error: Exception | None = None
        self.before: Callable[[Any], bool] = lambda _: False
        self.after: Callable[[Any], bool] = lambda _: False

    async def enter(self, what: Any) -> None:
        if self.error is not None:
            raise self.error
        await self._wait(lambda: self.before(what))

    async def leave(self, what: Any) -> None:
        await self._wait(lambda: self.after(what))

    async def _wait(self, shut: Callable[[], bool]) -> None:
        self._waiting.append(shut)
        try:
            while shut():
                await asyncio.sleep(0.001)
        finally:
            self._waiting.remove(shut)


class Runner(FakeLauncher):
    """A runner that, like the real one, knows of earlier starts by what is on disk alone."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock, writes_files=True)
        self.starts: list[RunId] = []
        """Every process that was started, in order."""
        self.asked: list[RunId] = []
        """Every start that was asked for, in order."""
        self.mute = False
        """Answers get lost."""
        self.deaf = False
        """What it is asked to start gets lost."""

    def start(self, request: StartRequest) -> None:
        self.asked.append(request.id)
        if self.deaf:
            return
        claimed = self._claimed(request)
        super().start(request)
        if not claimed:
            self.starts.append(request.id)

    def deliver(self) -> None:
        if self.mute:
            self._answers.clear()
        super().deliver()

    def _claimed(self, request: StartRequest) -> bool:
        return (request.directory / protocol.CLAIM_NAME).exists()


class Files:
    """The real RunFiles, with gates where it reads and where it archives."""

    def __init__(self, real: RunFiles) -> None:
        self._real = real
        self.surveying = Gate()
        self.archiving = Gate()
        self.archived: list[RunId] = []

    def request(
        self, run: Run, script: Script, environment: Environment, directory: Path
    ) -> StartRequest:
        return self._real.request(run, script, environment, directory)

    async def survey(self, active: Sequence[Run], connected: RunnerConnected) -> list[Recovery]:
        await self.surveying.enter(connected)
        found = await self._real.survey(active, connected)
        await self.surveying.leave(connected)
        return found

    async def archive(self, run_id: RunId) -> None:
        await self.archiving.enter(run_id)
        await self._real.archive(run_id)
        self.archived.append(run_id)
        await self.archiving.leave(run_id)


class GatedRunStore(FakeRunStore):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.gate = Gate()

    async def commit(self, transition: Transition) -> frozenset[RunId]:
        await self.gate.enter(transition)
        inserted = await super().commit(transition)
        await self.gate.leave(transition)
        return inserted


class GatedScriptStore(FakeScriptStore):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.gate = Gate()

    async def save(
        self, changed: Sequence[InForce] = (), removed: Collection[ScriptId] = ()
    ) -> None:
        await self.gate.enter((changed, removed))
        await super().save(changed, removed)
        await self.gate.leave((changed, removed))


class FakeSources:
    """Live scripts lie below `root`, checkouts below `root` and their commit."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.commit: str | None = "c" * 40
        self.broken: set[ScriptId] = set()
        """Scripts of which no checkout can be made."""
        self.snapshots: list[tuple[ScriptId, str | None]] = []
        self.gate = Gate()

    def revision(self) -> str | None:
        return self.commit

    def live(self, script: ScriptId) -> Path:
        return self._root / script

    async def snapshot(self, script: ScriptId, revision: str | None) -> Path:
        self.snapshots.append((script, revision))
        await self.gate.enter(script)
        if script in self.broken:
            raise InvalidInput(f"{script} cannot be checked out")
        return self._root / str(revision) / script


class FakeInboxes:
    """Shows each `files` trigger of a script what the test put below that script."""

    def __init__(self) -> None:
        self.stamps: dict[ScriptId, dict[str, str]] = {}
        self.unreadable: set[ScriptId] = set()

    def put(self, script: str, **stamps: str) -> None:
        self.stamps.setdefault(ScriptId(script), {}).update(stamps)

    def look(self, script: Script) -> Mapping[TriggerKey, Mapping[str, str]]:
        if script.id in self.unreadable:
            raise PermissionError(13, "Permission denied", script.id)
        return {
            trigger.key: dict(self.stamps.get(script.id, {}))
            for trigger in script.triggers
            if isinstance(trigger, FilesTrigger)
        }


@dataclass
class Disk:
    """All that outlives an engine: stores, runner, environments, tree, and the clock."""

    root: Path
    clock: FakeClock = field(default_factory=FakeClock)
    slots: int = 2
    environments: FakeEnvironments = field(default_factory=FakeEnvironments)
    scanner: Callable[[], TreeScanner] | None = None
    """Makes each engine's own view of a tree on a real disk; without it `tree` is a FakeTree."""

    def __post_init__(self) -> None:
        self.launcher = Runner(self.clock)
        self.archive = FakeArchive()
        last_due: dict[tuple[ScriptId, TriggerKey], datetime] = {}
        files: dict[tuple[ScriptId, TriggerKey], Mapping[str, str]] = {}
        self.runs = GatedRunStore(self.archive, last_due, files)
        self.scripts = GatedScriptStore(last_due, files)
        self.journal = FakeJournal(self.clock)
        self.tree = FakeTree()
        self.sources = FakeSources(self.root / "tree")
        self.inboxes = FakeInboxes()
        self.places = RunPlaces(self.root)
        requests = RequestBuilder(places=self.places, server_env=dict(os.environ))
        self.files = Files(RunFiles(places=self.places, requests=requests, outputs=self.archive))
        self.server_started = self.clock.now()

    @property
    def gates(self) -> tuple[Gate, ...]:
        return (
            self.runs.gate,
            self.scripts.gate,
            self.files.surveying,
            self.files.archiving,
            self.sources.gate,
        )

    def put(self, *scripts: Script, digest: str = "d1") -> None:
        """Write scripts into the tree, and have their environments built already."""
        for script in scripts:
            self.tree.put(an_entry(script, digest=digest))
            self.environments.make_ready(script.environment)

    def ledger(self, script: str) -> list[Occurrence]:
        """Return the rows of a script, oldest first."""
        rows = self.runs.ledger.values()
        return sorted((row for row in rows if row.script == script), key=lambda row: row.due)

    def runs_of(self, script: str) -> list[Run]:
        return [run for run in self.runs.runs.values() if run.script == script]

    def statuses(self, script: str) -> list[str]:
        return [str(run.status) for run in self.runs_of(script)]


class Engine:
    """The parts of one engine process, put together as the composition root does."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.events: list[Event] = []
        self.linked: list[tuple[ScriptId, str | None]] = []
        self.tasks = Tasks()
        self.alarm = FakeAlarm(disk.clock)
        self.tree = disk.scanner() if disk.scanner else disk.tree
        self.state = State(Wakefulness(disk.clock.now(), disk.clock.monotonic()))
        self.parts = self._parts()
        self.recorder = Recorder(disk.runs, self.state, self.events.append)
        self.endings = Endings(self.parts, self.state, self.recorder, self.tasks)
        self.builds = Builds(
            disk.environments, disk.journal, self.state, self.tasks, lambda s: self.loop.look_at(s)
        )
        self.passes = Passes(self.parts, self.state, self.recorder, self.endings, self.builds)
        self.removals = Removals(disk.root / "confirm-removals")
        self.loop = Loop(self.parts, self.state, self.passes, self.removals, self.tasks)
        self._looping: asyncio.Task[None] | None = None

    def _parts(self) -> Parts:
        disk = self.disk
        return Parts(
            clock=disk.clock,
            tree=self.tree,
            scripts=disk.scripts,
            runs=disk.runs,
            journal=disk.journal,
            launcher=disk.launcher,
            environments=disk.environments,
            alarm=self.alarm,
            sources=disk.sources,
            files=disk.files,
            inboxes=disk.inboxes,
            publish=self.events.append,
            linked=self._link,
            slots=disk.slots,
            server_started=disk.server_started,
        )

    def _link(self, in_force: InForce, environment: Environment | None) -> None:
        self.linked.append((in_force.id, environment.key if environment else None))

    async def start(self) -> "Engine":
        """Load what is known, account for old runs, bring the tree into force."""
        await self.begin()
        await self.quiet()
        return self

    async def begin(self) -> None:
        """Start, and return when all is scheduled."""
        known = self.disk.scripts.load()
        if isinstance(self.tree, TreeScanner):
            self.tree.prime(known)
        for in_force in known:
            self.state.put(in_force)
        self.state.kept = frozenset(self.state.scripts)
        for run in self.disk.runs.active():
            self.state.active.put(run)
        self.disk.launcher.subscribe(self.endings.receive)
        self.disk.launcher.reconnect()
        await self.endings.recovered.wait()
        self.endings.put_away_all(self.disk.places.existing())
        await self.loop.look(starting=self.disk.server_started)
        self._looping = asyncio.get_running_loop().create_task(self.loop.run())

    async def kill(self) -> None:
        """Be gone, wherever every piece of work happens to be; the runner goes on."""
        self.disk.launcher.lose_engine()
        self.endings.dispatcher.draining = True
        self.endings.dispatcher.stop_timer()
        if self._looping is not None:
            self._looping.cancel()
        await self.tasks.cancel()
        for gate in self.disk.gates:
            gate.open()
        self.disk.launcher.mute = self.disk.launcher.deaf = False

    async def quiet(self) -> None:
        """Let everything happen that can without the clock moving or a gate being opened."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + 2
        idle = 0
        while idle < 10 and clock() < deadline:
            await asyncio.sleep(0)
            held = sum(gate.held for gate in (*self.disk.gates, self.disk.environments))
            if self.tasks.count <= held and not self.loop.busy:
                idle += 1
                continue
            idle = 0
            await asyncio.sleep(0.0005)
            if held:
                # What waits behind a gate cannot be told from what is at work.
                deadline = min(deadline, clock() + 0.05)

    async def look(self, *scripts: str) -> Plan:
        """Make a pass over the named scripts, or over all, and let its work end."""
        plan = await self.loop.look([ScriptId(script) for script in scripts] or None)
        await self.quiet()
        return plan

    async def pass_time(self, seconds: float) -> None:
        """Let time go by, and the alarm ring when its time comes within it."""
        clock = self.disk.clock
        end = clock.now().timestamp() + seconds
        while self.alarm.at is not None and self.alarm.at.timestamp() <= end:
            clock.advance(max((self.alarm.at - clock.now()).total_seconds(), 0))
            self.alarm.ring_if_due()
            await self.quiet()
        clock.advance(end - clock.now().timestamp())
        self.endings.dispatcher.start_what_may()
        await self.quiet()

    async def execute(self, script: str, token: str = "abcdef") -> Run | str:
        """Ask for a run as a person does; returns it, or why it is refused."""
        definition = self.state.script(ScriptId(script))
        assert definition is not None
        clock = self.disk.clock
        request = Request(
            id=RunId(f"{clock.now():%Y%m%dT%H%M%S}-{token}"),
            cause=Cause.MANUAL,
            requested_by="ada",
        )
        active = self.state.active.of(definition.id)
        answer = enqueue_request(definition, request, active, clock.now())
        if isinstance(answer, str):
            return answer
        run, cancels = answer
        await self.recorder.record(Transition(new_runs=(run,)))
        self.endings.cancel_all(cancels)
        self.endings.dispatcher.start_what_may()
        return run

    @property
    def live(self) -> list[RunId]:
        """The runs that the runner runs."""
        return list(self.disk.launcher.live)

    async def finish(self, run_id: RunId, exit_code: int = 0) -> Run | None:
        """End a live run and let what follows happen."""
        self.disk.clock.advance(0.001)
        self.disk.launcher.finish(run_id, exit_code)
        await self.quiet()
        return self.disk.runs.run(run_id)

    def status(self, run_id: RunId) -> RunStatus | None:
        run = self.disk.runs.run(run_id)
        return run.status if run else None


def on_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Let an async test run on an event loop of its own."""

    @wraps(test)
    def run(*args: Any, **arguments: Any) -> None:
        asyncio.run(test(*args, **arguments))

    return run
