"""Remove what is past its time: runs, output, old rows, unused environments and checkouts."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from engine.environments.catalog import UvEnvironments
from engine.errors import EngineError
from engine.model.identity import EnvironmentKey, RunId
from engine.model.script import Keep
from engine.model.status import Collected
from engine.ports import Clock, InForce
from engine.reconcile.active import ActiveRuns
from engine.runs.files import RunFiles
from engine.service.checkouts import collect_checkouts
from engine.service.workplace import TreeSources
from engine.store.database import Database
from engine.store.output import SqliteOutputArchive
from engine.store.pruning import Pruning
from engine.store.statistics import SqliteStatistics

logger = logging.getLogger(__name__)


class Housekeeping:
    def __init__(  # noqa: PLR0913  one parameter a thing that is kept
        self,
        database: Database,
        archive: SqliteOutputArchive,
        environments: UvEnvironments,
        files: RunFiles,
        sources: TreeSources,
        clock: Clock,
        *,
        statistics_kept: timedelta,
    ) -> None:
        self._archive = archive
        self._environments = environments
        self._files = files
        self._sources = sources
        self._clock = clock
        self._pruning = Pruning(database, self._discard)
        self._statistics = SqliteStatistics(database)
        self._statistics_kept = statistics_kept

    async def collect(self, scripts: Sequence[InForce], active: ActiveRuns) -> Collected:
        """Apply the scripts' `keep` and remove environments that neither scripts nor runs use."""
        keeps = {each.id: each.script.keep for each in scripts if each.script is not None}
        now = self._clock.now()
        pruned = await self._pruning.prune(keeps, Keep(), now)
        collected = await self._environments.gc(self._in_use(scripts, active), now)
        await self._collect_checkouts(active, now)
        await self._statistics.prune((now - self._statistics_kept).date())
        return Collected(
            environments=len(collected.removed), runs=pruned.runs, bytes=collected.bytes
        )

    async def _collect_checkouts(self, active: ActiveRuns, now: datetime) -> None:
        try:
            head = self._sources.revision()
        except EngineError as error:
            logger.warning("old checkouts are not looked for", extra={"error": str(error)})
            return
        in_use = {run.commit for run in active if run.commit}
        if head is not None:
            in_use.add(head)
        await collect_checkouts(self._sources.checkouts, in_use, now)

    def _in_use(self, scripts: Sequence[InForce], active: ActiveRuns) -> set[EnvironmentKey]:
        used = {each.environment for each in scripts if each.environment is not None}
        for each in scripts:
            ready = self._environments.ready(each.script.environment) if each.script else None
            if ready is not None:
                used.add(ready.key)
        used.update(EnvironmentKey(run.environment) for run in active if run.environment)
        return used

    async def _discard(self, run_ids: Sequence[RunId]) -> None:
        await self._archive.delete(run_ids)
        await self._files.discard(run_ids)
