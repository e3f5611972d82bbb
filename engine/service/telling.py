"""What the engine tells of the tree as a whole, of environments and of triggers not saved yet."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from engine.model.identity import ScriptId
from engine.model.status import EnvironmentDetails, FolderReport, TreeReport, TriggerPreview
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
    def assistance(self) -> Assistance:
        """Help for whoever edits: checks and completions."""
        return self._all.assistance

    def tree(self) -> TreeReport:
        """Say whether the tree is in force."""
        return tree_report(self._all)
