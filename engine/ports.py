"""What the folders below need of one another, as protocols.

Siblings are strangers: `reconcile` is written against these, `service` plugs
the real ones in, and tests plug in the fakes of `tests/fakes`.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

from engine.model.account import ApiKey
from engine.model.audit import AuditEntry, AuditFilter
from engine.model.environment import Environment, EnvironmentRequest, EnvironmentState
from engine.model.hook import Hook
from engine.model.identity import EnvironmentKey, RunId, ScriptId, TriggerKey
from engine.model.notice import Delivery, Notice, Standing
from engine.model.run import Occurrence, Run
from engine.model.script import Limits, Script
from engine.model.secret import SealedSecret, Secret
from engine.model.session import LoginLink, Session
from engine.model.statistics import DayFigures, Figures, ScriptFigures, StatisticsFilter
from engine.model.tree import Problem, Tree
from engine.model.user import User

T = TypeVar("T")


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Return the wall clock, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that neither jump nor, while the machine sleeps, go on."""
        ...


class TreeSource(Protocol):
    """Reads the tree of script directories."""

    def scan(self, only: Collection[ScriptId] | None = None) -> Tree:
        """Return the tree as it is now; blocking, called from a thread.

        With `only`, just those scripts are looked at and all else is taken from
        the last scan. Raises UnsafeTree when the root cannot be read.
        """
        ...

    def affected(self, paths: Collection[Path]) -> frozenset[ScriptId] | None:
        """Return the scripts that changed paths belong to; None for "look at everything".

        Names scripts that are new and scripts that are gone as well. Blocking.
        """
        ...

    @property
    def unsettled(self) -> frozenset[ScriptId]:
        """Scripts whose files were being written during the last scan.

        What was read of them may be half a file: scan them again a moment later, and do
        not act before that on one that holds an error or lost its triggers.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """A script as it is applied: its last good definition and what is known of its triggers."""

    id: ScriptId
    signature: str
    digest: str
    """Of the directory the definition was read from."""
    script: Script | None
    """The last good definition; None while there has never been one."""
    problems: tuple[Problem, ...] = ()
    """Of the newest scan."""
    files: Mapping[TriggerKey, Mapping[str, str]] = field(
        default_factory=dict[TriggerKey, Mapping[str, str]]
    )
    """What each `files` trigger has seen: a stamp by path."""
    environment: EnvironmentKey | None = None
    """The last environment that was built for it and is still in use."""
    last_due: Mapping[TriggerKey, datetime] = field(default_factory=dict[TriggerKey, datetime])
    """Up to when each trigger's moments are in the ledger; set to now when it is first seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """What is written in one transaction: all of it is on disk afterwards, or nothing."""

    occurrences: Sequence[Occurrence] = ()
    last_due: Mapping[tuple[ScriptId, TriggerKey], datetime] = field(
        default_factory=dict[tuple[ScriptId, TriggerKey], datetime]
    )
    files: Mapping[tuple[ScriptId, TriggerKey], Mapping[str, str]] = field(
        default_factory=dict[tuple[ScriptId, TriggerKey], Mapping[str, str]]
    )
    """What each `files` trigger has seen now, as in InForce."""
    new_runs: Sequence[Run] = ()
    request_keys: Mapping[tuple[ScriptId, str], RunId] = field(
        default_factory=dict[tuple[ScriptId, str], RunId]
    )
    """Idempotency keys of the new runs, so that a request that is repeated finds its run."""
    changed_runs: Sequence[Run] = ()
    """Whole rows; one whose stored status is final is left as it is."""
    ends_to_tell: Sequence[RunId] = ()
    """Of the runs above, those whose end somebody may have to be told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs a list shows; None means any."""

    script: ScriptId | None = None
    scripts: tuple[str, ...] = ()
    """Patterns as `covers` reads them; empty means all."""
    status: Collection[str] | None = None
    trigger: str | None = None
    """A trigger's key, or a cause."""
    since: datetime | None = None
    until: datetime | None = None
    query: str | None = None
    """Words that the output must contain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    items: Sequence[T]
    next_cursor: str | None = None


class RunStore(Protocol):
    """Runs and the ledger. Reads are well under a millisecond and made on the caller's thread."""

    async def commit(self, transition: Transition) -> frozenset[RunId]:
        """Write a transition in one transaction, synced to disk before this returns.

        An occurrence or a new run that is there already is left as it is.
        Returns the ids of the new runs that were really inserted.
        """
        ...

    def run(self, run_id: RunId) -> Run | None: ...

    def requested(self, script: ScriptId, key: str) -> RunId | None:
        """Return the run that was requested with this idempotency key."""
        ...

    def active(self) -> Sequence[Run]:
        """Return all queued and running runs, oldest first."""
        ...

    def last_started(self, script: ScriptId) -> Run | None:
        """Return the newest run of the script that is final and really started."""
        ...

    def last_runs(self, scripts: Collection[ScriptId] | None = None) -> Mapping[ScriptId, Run]:
        """Return the newest run of each script, in whatever state; None means of all."""
        ...

    def page(self, which: RunFilter, *, limit: int, cursor: str | None = None) -> Page[Run]:
        """Return runs, newest first. Raises InvalidInput for a cursor that is not ours."""
        ...

    def occurrences(
        self, script: ScriptId, *, limit: int, cursor: str | None = None
    ) -> Page[Occurrence]:
        """Return the script's ledger, newest due time first."""
        ...


class ScriptStore(Protocol):
    """What is in force; a cache of the tree that can be deleted and is rebuilt."""

    def load(self) -> Sequence[InForce]: ...

    async def save(
        self, changed: Sequence[InForce] = (), removed: Collection[ScriptId] = ()
    ) -> None: ...


class Journal(Protocol):
    """What the loop did and what failed, for people who ask why."""

    async def record(self, action: str, subject: str, detail: str = "", error: str = "") -> None:
        """Write one line; `error` is an EngineError's code, empty for success."""
        ...


class OutputArchive(Protocol):
    """Output of finished runs, compressed and searchable."""

    async def keep(self, run_id: RunId, frames: bytes, text: str) -> None:
        """Store a finished run's frame bytes, and `text` for the search."""
        ...

    async def keep_large(self, run_id: RunId, pieces: Iterable[bytes], text: str) -> None:
        """Store frame bytes that are never in memory together; `pieces` may block."""
        ...

    def frames(self, run_id: RunId) -> bytes | None: ...

    def pieces(self, run_id: RunId) -> Iterator[bytes] | None:
        """Return what `frames` does, in pieces; both may block."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """All that the runner needs to start and guard one run."""

    id: RunId
    script: ScriptId
    directory: Path
    """The run's own directory: claim, output and exit report are written there."""
    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str] = field(repr=False)
    limits: Limits
    stop_grace: float
    """Seconds between SIGTERM and SIGKILL."""
    merge_output: bool
    mask: Sequence[str] = field(default=(), repr=False)
    """What must not be seen in the output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitReport:
    """What the runner knows of a run that is over; it is in `exit.json` before it is sent."""

    id: RunId
    started_at: datetime | None
    """None when it could not be started."""
    finished_at: datetime
    duration_ms: int
    exit_code: int | None
    """Negative for a signal; None when it could not be started."""
    ended_by: str | None
    """None, or what made the runner stop it: `timeout memory processes cancel shutdown spawn`."""
    detail: str
    """The cancel reason, the error of a start that failed, or empty."""
    cpu_ms: int
    peak_memory_bytes: int
    output_bytes: int
    output_cut: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerConnected:
    """The runner answered; these are the runs it knows."""

    live: Mapping[RunId, datetime]
    """Start time by run."""
    ended: Sequence[ExitReport]
    """Over and not yet acknowledged."""
    boot: str = ""
    """Identifies this boot of the machine; a claim that names another one is older than it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerLost:
    """The connection broke; what was asked for since may or may not have been done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTurnedDown:
    """The runner did not even claim the start, such as while it stops."""

    id: RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    id: RunId
    at: datetime
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRefused:
    """The start was claimed before; whoever claimed it decides what became of it."""

    id: RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutput:
    """Runs that have written more; the bytes are in their frame files."""

    sizes: Mapping[RunId, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunExited:
    report: ExitReport


RunnerEvent = (
    RunnerConnected
    | RunnerLost
    | RunStarted
    | StartRefused
    | StartTurnedDown
    | RunOutput
    | RunExited
)


class Launcher(Protocol):
    """Starts and stops runs; they live on when the engine dies."""

    def subscribe(self, receive: Callable[[RunnerEvent], None]) -> None:
        """Call `receive` on the event loop for everything that happens to runs."""
        ...

    def start(self, request: StartRequest) -> None:
        """Ask for a start; idempotent by run id. Raises Unavailable without a connection."""
        ...

    def cancel(self, run_id: RunId, reason: str) -> None:
        """Ask for SIGTERM, then SIGKILL, to a run's whole tree. Raises Unavailable."""
        ...

    def refresh(self) -> None:
        """Ask for a RunnerConnected event with what the runner knows now. Raises Unavailable."""
        ...

    def acknowledge(self, run_ids: Sequence[RunId]) -> None:
        """Let the runner forget runs whose end is on record."""
        ...


class Environments(Protocol):
    """Builds environments and knows what is built."""

    def state(self, request: EnvironmentRequest) -> EnvironmentState: ...

    def ready(self, request: EnvironmentRequest) -> Environment | None:
        """Return the environment to use for the request, None unless it is built and healthy."""
        ...

    def by_key(self, key: EnvironmentKey) -> Environment | None:
        """Return a built environment, to go on with the last good one."""
        ...

    def touch(self, key: EnvironmentKey) -> None:
        """Note that a run starts in an environment, from which it is kept for a while."""
        ...

    def failure(self, request: EnvironmentRequest) -> str | None:
        """Return the message of the newest build of this request if it failed."""
        ...

    async def build(self, request: EnvironmentRequest, *, force: bool = False) -> Environment:
        """Build or find the environment; concurrent calls for equal requests share one build.

        `force` tries again after a failure, resolves the requirements anew, and
        leaves the old environment to the runs that use it. Raises
        EnvironmentFailed with the tool's own sentence.
        """
        ...


class Alarm(Protocol):
    """Wakes the loop."""

    def set(self, at: datetime | None, ring: Callable[[], None]) -> None:
        """Call `ring` on the event loop at the given wall-clock time; replaces the last setting."""
        ...


class Watcher(Protocol):
    """Hints at changes in the tree; may miss or repeat some."""

    async def watch(self, changed: Callable[[Collection[Path] | None], Awaitable[None]]) -> None:
        """Call `changed` with paths that changed, or with None for "look at everything"."""
        ...

    @property
    def degraded(self) -> str | None:
        """Say why events are not to be had and only scans find changes; None when all is well."""
        ...


class KeyStore(Protocol):
    """The API keys that were given out, in the data directory."""

    def all(self) -> Sequence[ApiKey]:
        """Return every key by name; well under a millisecond, on the caller's thread."""
        ...

    async def add(self, key: ApiKey) -> None:
        """Keep a key, durably. Raises NameTaken."""
        ...

    async def remove(self, key_id: str) -> None:
        """Forget a key, durably. Raises NotFound."""
        ...

    async def used(self, key_id: str, at: datetime) -> None:
        """Note a use; never moves back, and a key that is gone is no failure."""
        ...


class Statistics(Protocol):
    """What runs add up to; kept up to date as runs end. Reads take milliseconds."""

    def total(self, which: StatisticsFilter) -> Figures: ...

    def by_day(self, which: StatisticsFilter) -> Sequence[DayFigures]:
        """Return the days on which runs ended, oldest first."""
        ...

    def by_script(
        self, which: StatisticsFilter, *, limit: int, cursor: str | None = None
    ) -> Page[ScriptFigures]:
        """Return the scripts with runs that ended, in order of id.

        Raises InvalidInput for a cursor that is not ours.
        """
        ...


class AuditStore(Protocol):
    """Who changed what; entries are only added, and removed when they are past their time."""

    async def add(self, entries: Sequence[AuditEntry]) -> None:
        """Keep entries; they survive a crash of the program. Raises Unavailable."""
        ...

    def page(
        self, which: AuditFilter, *, limit: int, cursor: str | None = None
    ) -> Page[AuditEntry]:
        """Return entries, newest first; may take long. Raises InvalidInput for a foreign cursor."""
        ...

    async def prune(self, before: datetime, most_gathered: int) -> int:
        """Remove entries of before, and of those that are gathered all but the newest so many.

        Returns how many went.
        """
        ...


class HookStore(Protocol):
    """The secret addresses that were given out."""

    def all(self) -> Sequence[Hook]:
        """Return every hook, in order of script."""
        ...

    def find(self, digest: bytes) -> Hook | None: ...

    async def put(self, hook: Hook) -> None:
        """Keep a hook, durably; it takes the place of the script's earlier one."""
        ...

    async def remove(self, script: str) -> None:
        """Forget a script's hook, durably. Raises NotFound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What was decided to tell, written in one transaction."""

    ends: Sequence[int] = ()
    """Numbers of the ends that this is about; they are not decided on again."""
    standings: Mapping[ScriptId, Standing | None] = field(
        default_factory=dict[ScriptId, Standing | None]
    )
    """What is remembered from now on; None for a script that is forgotten."""
    notices: Sequence[tuple[Notice, Sequence[str]]] = ()
    """Each with its targets; one whose id is known is left as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFilter:
    """Which deliveries a list shows; None means any."""

    script: ScriptId | None = None
    scripts: tuple[str, ...] = ()
    """Patterns as `covers` reads them; empty means all."""
    state: str | None = None


class Trouble(NamedTuple):
    """What people are not told of."""

    number: int
    target: str
    """Of the newest of these deliveries."""
    error: str
    """Of the same one."""


class NotificationStore(Protocol):
    """The outbox of notices. Reads are made on the caller's thread, and short but for `page`."""

    def ends(self, limit: int) -> Sequence[tuple[int, RunId]]:
        """Return ends that were not decided on, oldest first, each with its number."""
        ...

    def standings(self) -> Mapping[ScriptId, Standing]: ...

    async def settle(self, settled: Settled) -> None:
        """Write what was decided, synced to disk before this returns."""
        ...

    def due(self, now: datetime, limit: int) -> Sequence[Delivery]:
        """Return deliveries whose time has come, the longest due first."""
        ...

    def next_due(self) -> datetime | None:
        """Return when the next delivery is to be tried, None when none waits."""
        ...

    async def record(self, deliveries: Collection[Delivery]) -> None:
        """Write how deliveries went; one that does not wait any more is left as it is."""
        ...

    def in_trouble(self, *, attempts: int, since: datetime) -> Trouble | None:
        """Count those tried at least so often in vain, and those given up since then.

        A target to which something was delivered after it was given up is in no trouble.
        None when there are none.
        """
        ...

    def page(self, which: NoticeFilter, *, limit: int, cursor: str | None = None) -> Page[Delivery]:
        """Return deliveries, newest first. Raises InvalidInput for a cursor that is not ours."""
        ...


class UserStore(Protocol):
    """The accounts of people, by names that do not differ by case alone."""

    def all(self) -> Sequence[User]:
        """Return every user by name; well under a millisecond, on the caller's thread."""
        ...

    def get(self, name: str) -> User | None: ...

    async def add(self, user: User) -> None:
        """Keep a user, durably. Raises NameTaken."""
        ...

    async def add_first(self, user: User) -> bool:
        """Keep a user, durably, unless there is one already; returns whether it was kept."""
        ...

    async def change(
        self, name: str, change: Callable[[User], User], *, keep_session: str | None = None
    ) -> User:
        """Keep what `change` makes of a user, durably; returns it.

        A change of role, password or `disabled` ends the user's sessions, but for the one of
        the id `keep_session`, and takes back the login link. `change` may be called more
        than once. Raises NotFound, LastAdmin, and what `change` raises.
        """
        ...

    async def remove(self, name: str) -> None:
        """Forget a user and all that lets him in, durably. Raises NotFound and LastAdmin."""
        ...

    async def logged_in(self, name: str, at: datetime) -> None:
        """Note a login; a user that is gone is no failure."""
        ...


class SessionStore(Protocol):
    """What lets users in without their passwords: sessions, and login links."""

    def find(self, digest: bytes) -> tuple[Session, User] | None:
        """Return the session with that hash of its secret, and whose it is."""
        ...

    def of_user(self, name: str) -> Sequence[Session]:
        """Return a user's sessions, the one that was used last first."""
        ...

    async def add(
        self,
        session: Session,
        *,
        password: str | None,
        unused_since: datetime,
        begun_since: datetime,
    ) -> bool:
        """Keep a session, durably, and forget those not used or begun since those moments.

        Returns False and keeps nothing when by now its user is gone, disabled, or has another
        hash than `password`: what he showed to get in was right before, and no longer is.
        """
        ...

    async def used(self, session_id: str, at: datetime) -> None:
        """Note a use; never moves back, and a session that is gone is no failure."""
        ...

    async def end(self, session_id: str) -> bool:
        """Forget a session, durably; returns whether there was one."""
        ...

    async def end_all(self, user: str, *, but: str | None = None) -> int:
        """Forget a user's sessions, durably, but for one; returns how many there were."""
        ...

    async def invite(self, link: LoginLink) -> None:
        """Keep a login link, durably, instead of the user's last one. Raises NotFound."""
        ...

    async def redeem(self, digest: bytes, now: datetime) -> User | None:
        """Take a login link back, durably, and return whom it lets in, if anybody."""
        ...


class SecretStore(Protocol):
    """The secrets of a data directory, each sealed; reads are well under a millisecond.

    All of them are sealed with one key at any time, whatever processes write.
    """

    def all(self) -> Sequence[Secret]:
        """Return what may be told of every secret, by name."""
        ...

    def find(self, names: Collection[str]) -> Sequence[SealedSecret]:
        """Return those of the secrets that are there."""
        ...

    def key_id(self) -> str | None:
        """Return the key that all secrets are sealed with, None while there are none."""
        ...

    async def put(self, sealed: SealedSecret, *, new: bool) -> None:
        """Keep a secret, durably: a `new` one, or another state of one that is there.

        Raises NameTaken, NotFound, and OtherKey when the others are sealed with another key.
        """
        ...

    async def describe(self, secret: Secret) -> None:
        """Keep what is told of a secret, durably, and its value as it is. Raises NotFound."""
        ...

    async def remove(self, name: str) -> None:
        """Forget a secret, durably. Raises NotFound."""
        ...

    async def used(self, names: Collection[str], at: datetime) -> None:
        """Note uses; never moves back, and a secret that is gone is no failure."""
        ...

    async def reseal(self, again: Callable[[SealedSecret], SealedSecret]) -> int:
        """Have every secret sealed anew in one transaction, and return how many there are.

        `again` may be called more than once for a secret; if it raises, nothing is changed.
        """
        ...


class SecretSource(Protocol):
    """Gives runs the secrets that they may have."""

    def reveal(self, script: str, names: Collection[str]) -> Mapping[str, str]:
        """Return the values for a run that starts now, and note the use.

        Raises InvalidInput for a name that is not there or not granted to the script, and
        UnusableSecretKey.
        """
        ...

    def mask(self, values: Collection[str]) -> Sequence[str]:
        """Return every form of the values that output must not show."""
        ...


class Secrets(SecretSource, Protocol):
    """The secrets as they are kept; no value is told to anybody but a run."""

    def all(self) -> Sequence[Secret]:
        """Return what may be told of every secret, by name."""
        ...

    def find(self, name: str) -> Secret:
        """Return one. Raises NotFound."""
        ...

    async def add(
        self,
        name: str,
        value: str,
        *,
        scripts: Iterable[str] = (),
        description: str = "",
        by: str,
    ) -> Secret:
        """Keep a new secret. Raises InvalidInput, NameTaken and UnusableSecretKey."""
        ...

    async def change(
        self,
        name: str,
        *,
        value: str | None = None,
        scripts: Iterable[str] | None = None,
        description: str | None = None,
        by: str,
    ) -> Secret:
        """Change what is given, and leave the rest. Raises as `add` does, and NotFound."""
        ...

    async def remove(self, name: str) -> None:
        """Forget a secret. Raises NotFound."""
        ...
