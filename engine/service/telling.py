"""What the engine tells of the tree as a whole, of environments and of triggers not saved yet."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from engine.errors import NotFound
from engine.model.identity import ScriptId
from engine.model.notice import Delivery, Tried
from engine.model.script import Script
from engine.model.status import EnvironmentDetails, FolderReport, TreeReport, TriggerPreview
from engine.ports import NoticeFilter, Page, Secrets
from engine.service.assistance import Assistance
from engine.service.compose import Composition
from engine.service.folders import folder_reports
from engine.service.observing import Observing
from engine.service.sync import tree_report
from engine.service.unsaved import preview_trigger


class Telling(Observing):
    """The part of Engine that only looks; the parts are the engine's own."""

    _all: Composition

    async def preview(
        self, trigger: Mapping[str, object], *, from_: datetime | None = None, count: int = 5
    ) -> TriggerPreview:
        """Tell what a trigger that is in no file yet would mean; see `preview_trigger`."""
        zone, now = self._all.settings.defaults.timezone, self._all.clock.now()
        # A day that seldom comes takes a quarter of a second to find a hundred times.
        return await asyncio.to_thread(
            preview_trigger, trigger, default_zone=zone, from_=from_ or now, count=count
        )

    async def environment(self, script_id: str) -> EnvironmentDetails:
        """Tell all about the environment of a script. Raises NotFound."""
        return await self._all.script_environments.details(ScriptId(script_id))

    async def folders(self) -> Sequence[FolderReport]:
        """Return all folders, in order of path."""
        state = self._all.state
        return await asyncio.to_thread(
            folder_reports, self._all.root, state.tree, tuple(state.scripts)
        )

    @property
    def secrets(self) -> Secrets:
        """The secrets of the data directory."""
        return self._all.secrets

    @property
    def assistance(self) -> Assistance:
        """Help for whoever edits: checks and completions."""
        return self._all.assistance

    async def deliveries(
        self, which: NoticeFilter, *, limit: int, cursor: str | None = None
    ) -> Page[Delivery]:
        """Return a page of what people were or are to be told, newest first."""
        # Among many of other scripts the few of one are far apart.
        page = self._all.outbox.store.page
        return await asyncio.to_thread(page, which, limit=limit, cursor=cursor)

    async def test_notification(
        self, script_id: str | None = None, *, to: str | None = None
    ) -> Sequence[Tried]:
        """Send a test to one target, or to all of a script's. Raises NotFound and InvalidInput."""
        script = None if script_id is None else self._definition(script_id)
        return await self._all.outbox.test(script, to)

    def _definition(self, script_id: str) -> Script:
        in_force = self._all.state.scripts.get(ScriptId(script_id))
        if in_force is None:
            raise NotFound(f"there is no script {script_id!r}")
        if in_force.script is None:
            first = in_force.problems[0] if in_force.problems else None
            raise NotFound(f"{script_id} has no valid definition yet: {first}")
        return in_force.script

    def tree(self) -> TreeReport:
        """Say whether the tree is in force."""
        return tree_report(self._all)
