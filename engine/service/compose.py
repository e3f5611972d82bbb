"""Put the parts together: the only place that knows which real thing stands for which port."""

import asyncio
import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from engine.environments.session import BuildProgress
from engine.errors import EngineError, Unavailable
from engine.history.begin import begin
from engine.history.repository import Repository
from engine.model.environment import Environment
from engine.model.event import BuildChanged
from engine.model.identity import ScriptId
from engine.model.status import Collected
from engine.ports import InForce
from engine.reconcile.builds import Builds
from engine.reconcile.endings import Endings
from engine.reconcile.loop import Loop
from engine.reconcile.parts import Parts
from engine.reconcile.passes import Passes
from engine.reconcile.record import Recorder
from engine.reconcile.removals import Removals
from engine.reconcile.safety_net import SafetyNet
from engine.reconcile.state import State
from engine.reconcile.tasks import Tasks
from engine.runner.protocol import SOCKET_NAME
from engine.runs.client import RunnerClient
from engine.runs.places import RunPlaces
from engine.schedule.alarm import ApsAlarm
from engine.schedule.jump import Jump, Wakefulness
from engine.schedule.shared_alarm import SharedAlarm
from engine.service.assistance import Assistance
from engine.service.audit import AuditTrail
from engine.service.bus import Bus
from engine.service.check import definer
from engine.service.clock import SystemClock
from engine.service.commits import Commits, keep_out
from engine.service.data import CONFIRMATION, open_environments, open_stores
from engine.service.edit_parts import EditParts
from engine.service.environments import ScriptEnvironments
from engine.service.housekeeping import Housekeeping
from engine.service.outbox import open_outbox
from engine.service.reports import Reports
from engine.service.requests import Requests
from engine.service.run_files import open_files
from engine.service.run_tally import RunTally
from engine.service.secrets import vault_of
from engine.service.unexpected import UnexpectedFailures
from engine.service.ungranted import Ungranted
from engine.service.workbench import Workbench, tidy_tree
from engine.service.workplace import TreeInboxes, TreeSources
from engine.tree.ahead import LookAhead
from engine.tree.scan import TreeScanner
from engine.tree.watch import Pace, TreeWatcher
from schemas.settings import Settings

logger = logging.getLogger(__name__)

RECOVERY_SECONDS = 120.0
"""For reading the directories of all runs that an earlier engine left."""
SETTLE_SECONDS = 10.0
"""How long work that is under way may take when the server stops."""


class Composition:
    """All parts of a served tree, and the order in which they start and stop."""

    def __init__(
        self, settings: Settings, server_started: datetime, ahead: LookAhead | None
    ) -> None:
        self.settings = settings
        self.root = settings.paths.scripts
        self.data = settings.paths.data
        self.clock = SystemClock()
        self.bus = Bus()
        self.run_tally = RunTally.on(self.bus, by_script=settings.metrics.per_script)
        self.tasks = Tasks()
        self.unexpected = UnexpectedFailures().open()
        self.stores = open_stores(self.data, self.clock)
        self.runs = self.stores.runs
        self.secrets = vault_of(settings, self.stores.secrets, self.clock, self.tasks.spawn)
        self.audit = AuditTrail(self.stores.audit, self.tasks)
        self.state = State(Wakefulness(self.clock.now(), self.clock.monotonic()))
        self.environments = open_environments(settings, self.clock, self._build_went_on)
        self.scanner = TreeScanner(self.root, definer(settings), self.clock, ahead)
        self.watcher = TreeWatcher(
            self.root,
            self.clock,
            polling=settings.reconcile.polling,
            pace=Pace(debounce=settings.reconcile.debounce.total_seconds()),
        )
        self.client = RunnerClient(self.data / SOCKET_NAME)
        self.alarm = ApsAlarm(self.clock, self._jumped)
        self.repository: Repository | None = None
        self.places = RunPlaces(self.data)
        self.files = open_files(self)
        self.server_started = server_started
        self._watching: asyncio.Task[None] | None = None
        self._looping: asyncio.Task[None] | None = None
        self._committing: asyncio.Task[None] | None = None
        self._assemble(settings)

    def _assemble(self, settings: Settings) -> None:
        alarm = SharedAlarm(self.alarm, self.clock)
        sources = TreeSources(self.root, lambda: self.repository, self.data / "checkouts")
        self.parts = Parts(
            clock=self.clock,
            tree=self.scanner,
            scripts=self.stores.scripts,
            runs=self.runs,
            journal=self.stores.journal,
            launcher=self.client,
            environments=self.environments,
            alarm=alarm.part(),
            sources=sources,
            files=self.files,
            inboxes=TreeInboxes(self.root, self.clock),
            publish=self.bus.publish,
            linked=self._link,
            slots=self.settings.runs.max_concurrent,
            server_started=self.server_started,
        )
        self.recorder = Recorder(self.runs, self.state, self.bus.publish)
        self.endings = Endings(self.parts, self.state, self.recorder, self.tasks)
        self.builds = Builds(
            self.environments, self.stores.journal, self.state, self.tasks, self._look_at
        )
        passes = Passes(self.parts, self.state, self.recorder, self.endings, self.builds)
        self.removals = Removals(self.data / CONFIRMATION)
        self.loop = Loop(self.parts, self.state, passes, self.removals, self.tasks)
        self.safety_net = SafetyNet(
            self.loop,
            trusted=lambda: self.watcher.trusted,
            unwatched=lambda: self.scanner.linked,
        )
        self.ungranted = partial(Ungranted, self.root, self.secrets.all)
        self.reports = Reports(
            self.state, self.runs, self.environments, sources.revision, self.ungranted
        )
        self.script_environments = ScriptEnvironments(
            self.state, self.reports, self.environments, self.builds, self.stores.journal
        )
        self.requests = Requests(
            self.clock, self.state, self.runs, self.recorder, self.endings, self.places
        )
        commits = Commits(self.root, lambda: self.repository, self.clock)
        self.assistance = Assistance(self.root, self.state, definer(settings), self.environments)
        self.outbox = open_outbox(self, alarm)
        bench = Workbench(self.root, self.state, self.loop, commits)
        self.edits = EditParts(bench, definer(settings), settings.server.max_file)
        self.housekeeping = Housekeeping(
            self.stores.main,
            self.stores.archive,
            self.environments,
            self.files,
            sources,
            self.clock,
            statistics_kept=timedelta(days=self.settings.statistics.keep_days),
        )

    async def start(self, deadline: float) -> None:
        """Load what is known, bring the tree into force, then listen to files and time.

        The runner is asked first, so that runs that went on without us are
        accounted for before anything is planned. Raises Unavailable when it does
        not answer in `deadline` seconds.
        """
        await asyncio.to_thread(self._load)
        self.client.subscribe(self.endings.receive)
        self.client.open()
        await self.client.wait_connected(deadline)
        try:
            await asyncio.wait_for(self.endings.recovered.wait(), RECOVERY_SECONDS)
        except TimeoutError:
            raise Unavailable(
                f"the runs of an earlier server cannot be accounted for in {RECOVERY_SECONDS:g} s. "
                f"Look at {self.data / 'logs'} for the reason, and start again."
            ) from None
        self.endings.put_away_all(await self.files.unarchived())
        self.alarm.start()
        await self.loop.look(starting=self.server_started)
        self._looping = self.tasks.spawn(self.loop.run())
        self._watching = self.tasks.spawn(self.watcher.watch(self._changed))
        self.outbox.start()
        self._keep_house()
        self._begin_repository()

    def _begin_repository(self) -> None:
        """Have the tree put under git, unless that is under way: a first commit may take minutes.

        Nobody waits for it: what is looked at every so often must not be held up.
        """
        if self._committing is None or self._committing.done():
            self._committing = self.tasks.spawn(self._make_repository())

    async def _make_repository(self) -> None:
        """Put a tree that is in no repository into one of its own.

        Not a directory that should hold scripts and does not: it may be where their
        disk is mounted, and they may have a repository of their own.
        """
        if self.repository is not None or self.state.held or self.loop.failure:
            return
        try:
            found = await begin(self.root, self.clock.now())
            keep_out(found)
            self.repository = found
        except EngineError as error:
            logger.error("the tree is not under git", extra={"error": str(error)})

    def _load(self) -> None:
        tidy_tree(self.root)
        self.repository = Repository.discover(self.root)
        if self.repository is not None:
            keep_out(self.repository)
        self.environments.start()
        self.secrets.prepare()
        known = self.stores.scripts.load()
        self.scanner.prime(known)
        for in_force in known:
            self.state.put(in_force)
        self.state.kept = frozenset(self.state.scripts)
        for run in self.runs.active():
            self.state.active.put(run)

    def _keep_house(self) -> None:
        self.alarm.every(self.settings.reconcile.interval, "look around", self._look_around)
        self.alarm.every(timedelta(hours=1), "collect", self._collect, first=timedelta(minutes=5))

    async def _look_around(self) -> None:
        await self.safety_net.turn()
        self._begin_repository()

    async def _collect(self) -> None:
        await self.collect()

    async def collect(self) -> Collected:
        """Remove what is past its time."""
        collected = await self.housekeeping.collect(
            tuple(self.state.scripts.values()), self.state.active
        )
        await self.audit.prune(timedelta(days=self.settings.audit.keep_days), self.clock.now())
        return collected

    async def stop(self) -> None:
        """Start nothing more, end what listens, write what is under way, close the databases."""
        self.endings.dispatcher.draining = True
        for task in (self._watching, self._looping):
            if task is not None:
                task.cancel()
        await self.outbox.stop()
        await self.alarm.stop()
        await self.assistance.close()
        await self.environments.close()
        await self.client.close()
        self.endings.dispatcher.stop_timer()
        self.endings.take_back_promises()
        self.audit.close()
        if not await self.tasks.settle(SETTLE_SECONDS):
            # A disk that lets nothing be written must not keep the server from ending:
            # the runner and the run directories hold what happened.
            logger.warning("the server ends with work that could not be written")
            await self.tasks.cancel()
        await asyncio.to_thread(self.stores.close)
        self.unexpected.close()

    async def _changed(self, paths: Collection[Path] | None) -> None:
        """Turn the watcher's hints into scripts to look at."""
        if paths is None:
            self.loop.look_at(None)
        else:
            self.loop.look_at(await asyncio.to_thread(self.scanner.affected, paths))

    def _look_at(self, scripts: Collection[ScriptId]) -> None:
        self.loop.look_at(scripts)

    def _jumped(self, _jump: Jump) -> None:
        self.loop.ring()
        self.loop.look_at(None)

    def _link(self, in_force: InForce, environment: Environment | None) -> None:
        directory = self.root / in_force.id
        if environment is None:
            self.environments.unlink(directory)
        else:
            self.environments.link(directory, environment.key)

    def _build_went_on(self, progress: BuildProgress) -> None:
        users = self.builds.users(progress.request)
        self.bus.publish(BuildChanged(progress.request, users, progress.phase, progress.line))


def compose(
    settings: Settings, server_started: datetime, ahead: LookAhead | None = None
) -> Composition:
    """Put a server's parts together; raises EngineError when the data directory is unusable."""
    return Composition(settings, server_started, ahead)
