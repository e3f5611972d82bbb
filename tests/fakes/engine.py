"""The engine as the web sees it: what a test puts in comes out, and what was asked is kept."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from engine.errors import InvalidInput, NotFound, Refused
from engine.model.account import covers, digest_of
from engine.model.environment import EnvironmentState
from engine.model.event import Event, Listener, OutputGrew, RunChanged
from engine.model.hook import Hook
from engine.model.identity import EnvironmentKey, RunId, ScriptId, TriggerKey
from engine.model.notice import Delivery, Tried
from engine.model.observation import Observation
from engine.model.plan import Plan
from engine.model.run import Cause, Occurrence, Run, RunStatus
from engine.model.status import (
    Coming,
    EnvironmentDetails,
    EnvironmentReport,
    FolderReport,
    Health,
    Output,
    RunSample,
    ScriptReport,
    ScriptStatus,
    TreeReport,
    TreeStatus,
    TriggerPreview,
    TriggerReport,
)
from engine.ports import NoticeFilter, Page, RunFilter
from engine.runs.steering import refuse_steering
from engine.service.settings_file import SettingsFileEditor
from schemas.settings import Settings
from tests.fakes.assistance import FakeAssistance
from tests.fakes.audit import FakeAudit
from tests.fakes.files import FakeFiles
from tests.fakes.keys import FakeKeyStore
from tests.fakes.observation import an_observation
from tests.fakes.secrets import FakeSecrets
from tests.fakes.statistics import FakeStatistics
from tests.fakes.users import FakeSessionStore, FakeUserStore
from web.service import Stream

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def a_run(run_id: str = "20261124T120000-abcdef123456", **values: object) -> Run:
    """A run that succeeded, unless said otherwise."""
    run = Run(
        id=RunId(run_id),
        script=ScriptId("etl/load"),
        status=RunStatus.SUCCESS,
        cause=Cause.MANUAL,
        queued_at=NOON,
        started_at=NOON + timedelta(milliseconds=4),
        finished_at=NOON + timedelta(seconds=2),
        duration_ms=1996,
        exit_code=0,
    )
    return replace(run, **values)  # pyright: ignore[reportArgumentType]


def a_script(script_id: str = "etl/load", **values: object) -> ScriptReport:
    """A script with a schedule and a ready environment, unless said otherwise."""
    report = ScriptReport(
        id=ScriptId(script_id),
        name="Load",
        description="",
        folder=script_id.rpartition("/")[0],
        enabled=True,
        status=ScriptStatus.OK,
        stale=False,
        problems=(),
        triggers=(
            TriggerReport(
                key=TriggerKey("every 5m"),
                kind="every",
                description="every 5 minutes",
                enabled=True,
                next=NOON + timedelta(minutes=5),
            ),
        ),
        next_run=NOON + timedelta(minutes=5),
        last_run=None,
        active=(),
        environment=EnvironmentReport(
            state=EnvironmentState.READY, key=None, python="3.12.1", message=None
        ),
        revision="a" * 40,
        digest="d" * 64,
    )
    return replace(report, **values)  # pyright: ignore[reportArgumentType]


def a_health(**values: object) -> Health:
    health = Health(
        failing={},
        degraded={},
        scripts=1,
        problems=0,
        queued=0,
        running=0,
        revision="a" * 40,
        limits={"memory": "sampled"},
    )
    return replace(health, **values)  # pyright: ignore[reportArgumentType]


def an_environment(**values: object) -> EnvironmentDetails:
    """An environment that is ready, with one package, unless said otherwise."""
    details = EnvironmentDetails(
        report=EnvironmentReport(
            state=EnvironmentState.READY,
            key=EnvironmentKey("e" * 24),
            python="3.12.1",
            message=None,
        ),
        building=False,
        lock="f" * 64,
        lock_text="alpha==1.0\n",
        packages=(("alpha", "1.0"),),
        log="ready\n",
        built_at=NOON,
        size=1024,
        used_by=(ScriptId("etl/load"),),
    )
    return replace(details, **values)  # pyright: ignore[reportArgumentType]


def a_tree(**values: object) -> TreeReport:
    report = TreeReport(
        status=TreeStatus.OK,
        revision="a" * 40,
        scripts=1,
        problems=(),
        failure=None,
        held=None,
        removals=(),
    )
    return replace(report, **values)  # pyright: ignore[reportArgumentType]


@dataclass
class FakeEngine(FakeFiles):
    """Holds scripts and runs by id; `asked` lists what changed something, in order."""

    reports: dict[str, ScriptReport] = field(default_factory=dict)
    known_runs: dict[str, Run] = field(default_factory=dict)
    outputs: dict[str, bytes] = field(default_factory=dict)
    """Written so far; a run is finished when its status is."""
    ledger: list[Occurrence] = field(default_factory=list)
    comings: list[Coming] = field(default_factory=list)
    previewed: TriggerPreview = field(
        default_factory=lambda: TriggerPreview(description="daily", coming=())
    )
    environments: dict[str, EnvironmentDetails] = field(default_factory=dict)
    found_folders: list[FolderReport] = field(default_factory=list)
    tree_state: TreeReport = field(default_factory=lambda: a_tree())
    measured: dict[str, list[RunSample]] = field(default_factory=dict)
    pending: Plan = field(default_factory=Plan)
    state: Health = field(default_factory=a_health)
    refusal: Exception | None = None
    """Raised by whatever would start or stop a run."""
    declared: frozenset[str] = frozenset()
    """Names in the `env` of each script."""
    reasons: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[object, ...]] = field(default_factory=list)
    ends_as: RunStatus = RunStatus.SUCCESS
    """What `wait` finds a run to have become."""
    by_key: dict[str, RunId] = field(default_factory=dict)
    listeners: list[Listener] = field(default_factory=list)
    keys: FakeKeyStore = field(default_factory=FakeKeyStore)
    secrets: FakeSecrets = field(default_factory=FakeSecrets)
    statistics: FakeStatistics = field(default_factory=FakeStatistics)
    assistance: FakeAssistance = field(default_factory=FakeAssistance)
    audit: FakeAudit = field(default_factory=FakeAudit)
    given_hooks: dict[str, Hook] = field(default_factory=dict)
    told: list[Delivery] = field(default_factory=list)
    tried: list[Tried] = field(default_factory=list)
    sessions: FakeSessionStore = field(default_factory=FakeSessionStore)
    users: FakeUserStore = field(init=False)
    settings: Settings = field(default_factory=Settings)
    observation: Observation = field(default_factory=an_observation)
    grew: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.users = FakeUserStore(self.sessions)

    def add(self, *things: ScriptReport | Run) -> "FakeEngine":
        for one in things:
            if isinstance(one, Run):
                self.known_runs[one.id] = one
            else:
                self.reports[one.id] = one
        return self

    def publish(self, event: Event) -> None:
        for listener in tuple(self.listeners):
            listener(event)

    def write(self, run_id: str, data: bytes) -> None:
        self.outputs[run_id] = self.outputs.get(run_id, b"") + data
        self._wake()
        self.publish(OutputGrew({RunId(run_id): len(self.outputs[run_id])}))

    def end(self, run_id: str, status: RunStatus = RunStatus.SUCCESS) -> None:
        self.known_runs[run_id] = replace(self.known_runs[run_id], status=status)
        self._wake()
        self.publish(RunChanged(self.known_runs[run_id]))

    def _wake(self) -> None:
        self.grew.set()
        self.grew = asyncio.Event()

    async def start(self) -> None:
        if self.refusal:
            raise self.refusal

    def drain(self) -> None:
        self.asked.append(("drain",))

    def end_runs(self) -> None:
        self.asked.append(("end runs",))

    async def stop(self) -> None:
        self.asked.append(("stop",))

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def now(self) -> datetime:
        return NOON

    def health(self) -> Health:
        return self.state

    @property
    def settings_file(self) -> SettingsFileEditor:
        return SettingsFileEditor(self.settings)

    async def observe(self) -> Observation:
        return self.observation

    def scripts(
        self,
        *,
        q: str | None = None,
        status: str | None = None,
        folder: str | None = None,
        patterns: tuple[str, ...] = (),
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[ScriptReport]:
        found = [
            report
            for key, report in sorted(self.reports.items())
            if covers(patterns, key)
            and (q is None or q in key)
            and (status is None or report.status == status)
            and (folder is None or report.folder == folder)
            and (cursor is None or key > cursor)
        ]
        more = found[limit - 1].id if len(found) > limit else None
        return Page(items=found[:limit], next_cursor=more)

    def script(self, script_id: str) -> ScriptReport:
        if script_id not in self.reports:
            raise NotFound(f"no script {script_id!r}")
        return self.reports[script_id]

    def made(self, script_id: str) -> ScriptReport:
        self.add(a_script(script_id))
        return self.script(script_id)

    def coming(self, script_id: str, count: int) -> Sequence[Coming]:
        self.script(script_id)
        return self.comings[:count]

    async def preview(
        self, trigger: Mapping[str, object], *, from_: datetime | None = None, count: int = 5
    ) -> TriggerPreview:
        self._ask("preview", dict(trigger), from_, count)
        return self.previewed

    async def environment(self, script_id: str) -> EnvironmentDetails:
        report = self.script(script_id).environment
        return self.environments.get(script_id) or an_environment(report=report)

    async def rebuild_environment(self, script_id: str, *, requested_by: str) -> Sequence[ScriptId]:
        self.script(script_id)
        self._ask("rebuild", script_id, requested_by)
        return [ScriptId(script_id)]

    async def folders(self) -> Sequence[FolderReport]:
        return self.found_folders

    def tree(self) -> TreeReport:
        return self.tree_state

    async def deliveries(
        self, which: NoticeFilter, *, limit: int, cursor: str | None = None
    ) -> Page[Delivery]:
        if cursor == "broken":
            raise InvalidInput("this cursor is not one of ours")
        found = [
            each
            for each in self.told
            if (not which.scripts or covers(which.scripts, each.notice.script or ""))
            and (which.script is None or each.notice.script == which.script)
            and (which.state is None or each.state == which.state)
        ]
        return Page(items=found[:limit], next_cursor="more" if len(found) > limit else None)

    async def test_notification(
        self, script_id: str | None = None, *, to: str | None = None
    ) -> Sequence[Tried]:
        if script_id is not None:
            self.script(script_id)
        self._ask("test notification", script_id, to)
        return self.tried

    def occurrences(
        self, script_id: str, *, limit: int, cursor: str | None = None
    ) -> Page[Occurrence]:
        self.script(script_id)
        return Page(items=self.ledger[:limit])

    def plan(self) -> Plan:
        return self.pending

    async def reconcile(self, *, confirm: bool = False) -> Plan:
        self._ask("reconcile", confirm)
        return self.pending

    def runs(self, which: RunFilter, *, limit: int, cursor: str | None = None) -> Page[Run]:
        if cursor == "broken":
            raise InvalidInput("this cursor is not one of ours")
        self.asked.append(("runs", which))
        found = sorted(self.known_runs.values(), key=lambda run: run.id, reverse=True)
        found = [
            run
            for run in found
            if covers(which.scripts, run.script)
            and (which.script is None or run.script == which.script)
            and (which.status is None or run.status in which.status)
        ]
        return Page(items=found[:limit], next_cursor="more" if len(found) > limit else None)

    def run(self, run_id: str) -> Run:
        if run_id not in self.known_runs:
            raise NotFound(f"no run {run_id!r}")
        return self.known_runs[run_id]

    def waiting_reasons(self, run_ids: Collection[str]) -> Mapping[str, str]:
        return {
            run_id: self.reasons[run_id]
            for run_id in run_ids
            if run_id in self.reasons and self.run(run_id).status is RunStatus.QUEUED
        }

    async def output(
        self, run_id: str, *, offset: int = 0, limit: int = 1_000_000, stream: Stream = "all"
    ) -> Output:
        run = self.run(run_id)
        written = self.outputs.get(run_id, b"")
        data = written[offset : offset + limit]
        end = min(offset + len(data), len(written))
        return Output(
            data=b"" if stream == "stderr" else data,
            offset=min(offset, len(written)),
            next_offset=end,
            finished=run.status.final and end == len(written),
        )

    async def output_piece(self, run_id: str, *, offset: int = 0, stream: Stream = "all") -> Output:
        await asyncio.sleep(0)
        return await self.output(run_id, offset=offset, limit=1 << 16, stream=stream)

    async def metrics(self, run_id: str) -> Sequence[RunSample]:
        self.run(run_id)
        return self.measured.get(run_id, [])

    async def execute(
        self,
        script_id: str,
        *,
        args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        may_steer: bool = False,
        requested_by: str,
    ) -> RunId:
        self.script(script_id)
        if not may_steer:
            refuse_steering(env or {}, self.declared)
        self._ask("execute", script_id, tuple(args), dict(env or {}), requested_by)
        return self._queue(script_id, Cause.MANUAL)

    async def trigger(
        self,
        script_id: str,
        *,
        payload: bytes | None = None,
        requested_by: str,
        idempotency_key: str | None = None,
    ) -> RunId:
        self.script(script_id)
        if idempotency_key in self.by_key:
            return self.by_key[idempotency_key]
        self._ask("trigger", script_id, payload, requested_by)
        run_id = self._queue(script_id, Cause.URL)
        if idempotency_key:
            self.by_key[idempotency_key] = run_id
        return run_id

    def hooks(self) -> Sequence[Hook]:
        return [self.given_hooks[script] for script in sorted(self.given_hooks)]

    async def put_hook(self, hook: Hook) -> None:
        self.script(hook.script)
        self._ask("put hook", hook.script)
        self.given_hooks[hook.script] = hook

    async def remove_hook(self, script_id: str) -> None:
        if self.given_hooks.pop(script_id, None) is None:
            raise NotFound(f"{script_id} has no hook")

    def hooked(self, token: str) -> str | None:
        digest = digest_of(token.encode())
        found = (hook.script for hook in self.given_hooks.values() if hook.digest == digest)
        return next(found, None)

    async def trigger_by_hook(
        self, script_id: str, *, payload: bytes | None = None, idempotency_key: str | None = None
    ) -> RunId:
        return await self.trigger(
            script_id, payload=payload, requested_by="hook", idempotency_key=idempotency_key
        )

    async def cancel(self, run_id: str, *, requested_by: str) -> None:
        self.run(run_id)
        self._ask("cancel", run_id, requested_by)

    async def wait(self, run_id: str, seconds: float) -> Run:
        await asyncio.sleep(0)
        if self.ends_as.final:
            self.end(run_id, self.ends_as)
        return self.run(run_id)

    async def wait_output(self, run_id: str, offset: int, seconds: float) -> None:
        if len(self.outputs.get(run_id, b"")) > offset or self.run(run_id).status.final:
            return
        try:
            await asyncio.wait_for(self.grew.wait(), seconds)
        except TimeoutError:
            return

    def _ask(self, *what: object) -> None:
        if self.refusal:
            raise self.refusal
        self.asked.append(what)

    def _queue(self, script_id: str, cause: Cause) -> RunId:
        run_id = RunId(f"20261124T1200{len(self.known_runs):02}-abcdef123456")
        self.add(
            a_run(
                run_id,
                script=script_id,
                status=RunStatus.QUEUED,
                cause=cause,
                started_at=None,
                finished_at=None,
                duration_ms=None,
                exit_code=None,
            )
        )
        return run_id


def overlapping() -> Refused:
    return Refused("etl/load: a run is still going and its overlap is skip")
