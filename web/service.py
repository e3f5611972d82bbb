"""What the web asks of the engine, as a protocol.

`engine.service.Engine` is the real one. The API is written against this, so it
is tested with a fake in milliseconds and imports nothing of the engine's shell.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from engine.model.audit import AuditEntry, AuditFilter
from engine.model.event import Listener
from engine.model.hook import Hook
from engine.model.notice import Delivery, Tried
from engine.model.plan import Plan
from engine.model.run import Occurrence, Run
from engine.model.status import (
    Coming,
    EnvironmentDetails,
    FolderReport,
    Health,
    Output,
    RunSample,
    ScriptReport,
    TreeReport,
    TriggerPreview,
)
from engine.ports import (
    KeyStore,
    NoticeFilter,
    Page,
    RunFilter,
    Secrets,
    SessionStore,
    UserStore,
)
from web.assistance import Assistance
from web.observed import Observed
from web.tree_editing import TreeEditing

Stream = Literal["all", "stdout", "stderr"]
"""Which of a run's two streams; `all` is both, in the order of arrival."""


class Audit(Protocol):
    """Who changed what."""

    def record(self, entry: AuditEntry) -> None:
        """Take an entry; never fails and never waits."""
        ...

    async def page(
        self, which: AuditFilter, *, limit: int, cursor: str | None = None
    ) -> Page[AuditEntry]:
        """Return entries, newest first. Raises InvalidInput for a foreign cursor."""
        ...


class Service(TreeEditing, Observed, Protocol):
    """Every method that takes an id raises NotFound when nothing has it."""

    def subscribe(self, listener: Listener) -> Callable[[], None]: ...

    def health(self) -> Health: ...

    def now(self) -> datetime:
        """Return the engine's own time, in UTC."""
        ...

    @property
    def keys(self) -> KeyStore: ...

    @property
    def secrets(self) -> Secrets: ...

    @property
    def assistance(self) -> Assistance: ...

    @property
    def users(self) -> UserStore: ...

    @property
    def sessions(self) -> SessionStore: ...

    @property
    def audit(self) -> Audit: ...

    def hooks(self) -> Sequence[Hook]:
        """Return every hook that was given out, in order of script."""
        ...

    async def put_hook(self, hook: Hook) -> None:
        """Keep a hook. Raises NotFound when its script has no trigger that takes one."""
        ...

    async def remove_hook(self, script_id: str) -> None: ...

    def hooked(self, token: str) -> str | None:
        """Return the script that the token fires, None when it fires none."""
        ...

    async def trigger_by_hook(
        self, script_id: str, *, payload: bytes | None = None, idempotency_key: str | None = None
    ) -> str:
        """Fire the url trigger that takes a hook. Raises NotFound, Refused and KeyReused."""
        ...

    def scripts(
        self,
        *,
        q: str | None = None,
        status: str | None = None,
        folder: str | None = None,
        patterns: tuple[str, ...] = (),
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[ScriptReport]: ...

    def script(self, script_id: str) -> ScriptReport: ...

    def coming(self, script_id: str, count: int) -> Sequence[Coming]: ...

    async def preview(
        self, trigger: Mapping[str, object], *, from_: datetime | None = None, count: int = 5
    ) -> TriggerPreview:
        """Tell what an unsaved trigger would mean, from now on unless `from_` says otherwise.

        Raises InvalidCron and InvalidInput.
        """
        ...

    async def environment(self, script_id: str) -> EnvironmentDetails: ...

    async def rebuild_environment(self, script_id: str, *, requested_by: str) -> Sequence[str]:
        """Begin to build the script's environment anew; returns the scripts that will use it."""
        ...

    async def folders(self) -> Sequence[FolderReport]: ...

    def tree(self) -> TreeReport: ...

    async def deliveries(
        self, which: NoticeFilter, *, limit: int, cursor: str | None = None
    ) -> Page[Delivery]:
        """Return a page of what people were or are to be told, newest first."""
        ...

    async def test_notification(
        self, script_id: str | None = None, *, to: str | None = None
    ) -> Sequence[Tried]:
        """Send a test to one target, or to all of a script's; returns how each went.

        Raises InvalidInput when that is nobody.
        """
        ...

    def occurrences(
        self, script_id: str, *, limit: int, cursor: str | None = None
    ) -> Page[Occurrence]: ...

    def plan(self) -> Plan: ...

    async def reconcile(self, *, confirm: bool = False) -> Plan: ...

    def runs(self, which: RunFilter, *, limit: int, cursor: str | None = None) -> Page[Run]: ...

    def run(self, run_id: str) -> Run: ...

    def waiting_reasons(self, run_ids: Collection[str]) -> Mapping[str, str]:
        """Say what runs wait for, of those that are queued."""
        ...

    async def output(
        self, run_id: str, *, offset: int = 0, limit: int = 1_000_000, stream: Stream = "all"
    ) -> Output: ...

    async def output_piece(self, run_id: str, *, offset: int = 0, stream: Stream = "all") -> Output:
        """Return what comes next, whole characters of 64 KB at most; see the engine's."""
        ...

    async def metrics(self, run_id: str) -> Sequence[RunSample]:
        """Return CPU and memory over time, oldest first."""
        ...

    async def execute(
        self,
        script_id: str,
        *,
        args: Sequence[str] = (),
        env: Mapping[str, str] = ...,
        may_steer: bool = False,
        requested_by: str,
    ) -> str:
        """Queue a run and return its id. Raises Refused when overlap says no.

        Raises Forbidden for a name in `env` that can make a run do other things than its script
        says, unless `may_steer` or the script's own `env` has it.
        """
        ...

    async def trigger(
        self,
        script_id: str,
        *,
        payload: bytes | None = None,
        requested_by: str,
        idempotency_key: str | None = None,
    ) -> str:
        """Fire the script's url trigger and return the run's id; the same key, the same run."""
        ...

    async def cancel(self, run_id: str, *, requested_by: str) -> None: ...

    async def wait(self, run_id: str, seconds: float) -> Run:
        """Return the run, final or not, after at most that long."""
        ...

    async def wait_output(self, run_id: str, offset: int, seconds: float) -> None:
        """Return when there is output beyond `offset`, the run is over, or that long went by."""
        ...
