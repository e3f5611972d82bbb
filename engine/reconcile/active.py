"""The queued and running runs, by script and in order of arrival."""

from collections.abc import Iterable, Iterator

from engine.model.identity import RunId, ScriptId
from engine.model.run import Run, RunStatus


class ActiveRuns:
    """A copy of the store's rows that are not final, kept so that no decision waits for a query."""

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self._runs: dict[RunId, Run] = {}
        self._by_script: dict[ScriptId, dict[RunId, None]] = {}
        self._queued: dict[RunId, None] = {}
        self._running: dict[RunId, None] = {}
        for run in runs:
            self.put(run)

    def put(self, run: Run) -> None:
        """Add or replace a run; a final one is taken out."""
        if run.status.final:
            self.remove(run.id)
            return
        self._runs[run.id] = run
        self._by_script.setdefault(run.script, {})[run.id] = None
        if run.status is RunStatus.RUNNING:
            self._queued.pop(run.id, None)
            self._running[run.id] = None
        else:
            self._queued[run.id] = None

    def remove(self, run_id: RunId) -> None:
        run = self._runs.pop(run_id, None)
        if run is None:
            return
        self._queued.pop(run_id, None)
        self._running.pop(run_id, None)
        siblings = self._by_script[run.script]
        del siblings[run_id]
        if not siblings:
            del self._by_script[run.script]

    def get(self, run_id: RunId) -> Run | None:
        return self._runs.get(run_id)

    def of(self, script: ScriptId) -> tuple[Run, ...]:
        """Return the script's runs, oldest first."""
        siblings = self._by_script.get(script)
        return tuple(self._runs[run_id] for run_id in siblings) if siblings else ()

    def queued(self) -> Iterator[Run]:
        """Yield the runs that are queued, oldest first."""
        return (self._runs[run_id] for run_id in self._queued)

    def running(self) -> Iterator[Run]:
        """Yield the runs that are running."""
        return (self._runs[run_id] for run_id in self._running)

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs.values())
