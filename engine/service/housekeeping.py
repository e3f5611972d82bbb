"""Remove what is past its time: runs, output, the ledger's old rows, unused environments."""

from collections.abc import Sequence

from engine.environments.catalog import UvEnvironments
from engine.model.identity import EnvironmentKey, RunId
from engine.model.script import Keep
from engine.model.status import Collected
from engine.ports import Clock, InForce
from engine.reconcile.active import ActiveRuns
from engine.runs.files import RunFiles
from engine.store.database import Database
from engine.store.output import SqliteOutputArchive
from engine.store.pruning import Pruning


class Housekeeping:
    def __init__(
        self,
        database: Database,
        archive: SqliteOutputArchive,
        environments: UvEnvironments,
        files: RunFiles,
        clock: Clock,
    ) -> None:
        self._archive = archive
        self._environments = environments
        self._files = files
        self._clock = clock
        self._pruning = Pruning(database, self._discard)

    async def collect(self, scripts: Sequence[InForce], active: ActiveRuns) -> Collected:
        """Apply the scripts' `keep` and remove environments that neither scripts nor runs use."""
        keeps = {each.id: each.script.keep for each in scripts if each.script is not None}
        now = self._clock.now()
        pruned = await self._pruning.prune(keeps, Keep(), now)
        collected = await self._environments.gc(self._in_use(scripts, active), now)
        return Collected(
            environments=len(collected.removed), runs=pruned.runs, bytes=collected.bytes
        )

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
