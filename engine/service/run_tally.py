"""Count what happens to runs and builds, as the bus tells it.

A few microseconds a run and a few hundred bytes in all: nothing is kept of a single run but
that its start was counted, until it is over.
"""

from collections import Counter, defaultdict
from typing import Self

from engine.model.event import BuildChanged, Event, RunChanged
from engine.model.histogram import Histogram
from engine.model.identity import RunId, ScriptId
from engine.model.observation import RunCounts
from engine.model.run import Cause, Run, RunStatus
from engine.service.bus import Bus

DURATIONS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400)
"""Upper bounds in seconds: from a run that does nothing to one that takes half a night."""
DELAYS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600, 3600)
"""Upper bounds in seconds of what should be milliseconds."""

_OVER = frozenset({"ready", "failed"})


class RunTally:
    def __init__(self, *, by_script: bool) -> None:
        """With `by_script` ends are counted for each script apart as well."""
        self._ended: Counter[RunStatus] = Counter()
        self._apart = by_script
        self._by_script: defaultdict[ScriptId, Counter[RunStatus]] = defaultdict(Counter)
        self._durations = Histogram(DURATIONS)
        self._waits = Histogram(DELAYS)
        self._lateness = Histogram(DELAYS)
        self._builds: Counter[str] = Counter()
        self._begun: set[RunId] = set()

    @classmethod
    def on(cls, bus: Bus, *, by_script: bool) -> Self:
        """Begin to count what a bus tells."""
        tally = cls(by_script=by_script)
        bus.subscribe(tally.hear)
        return tally

    def hear(self, event: Event) -> None:
        """Take in one event; called on the event loop."""
        if isinstance(event, RunChanged):
            if event.run.status is RunStatus.RUNNING:
                self._begin(event.run)
            elif event.run.status.final:
                self._end(event.run)
        elif isinstance(event, BuildChanged) and event.phase in _OVER:
            self._builds[event.phase] += 1

    def counts(self) -> RunCounts:
        """Return what was counted until now."""
        return RunCounts(
            ended=dict(self._ended),
            by_script={script: dict(runs) for script, runs in self._by_script.items()},
            durations=self._durations.copy(),
            waits=self._waits.copy(),
            lateness=self._lateness.copy(),
            builds=dict(self._builds),
        )

    def _begin(self, run: Run) -> None:
        if run.started_at is None or run.id in self._begun:
            return
        self._begun.add(run.id)
        self._waits.observe((run.started_at - run.queued_at).total_seconds())
        if run.scheduled_for is not None and run.cause is Cause.SCHEDULE:
            self._lateness.observe((run.started_at - run.scheduled_for).total_seconds())

    def _end(self, run: Run) -> None:
        self._ended[run.status] += 1
        if self._apart:
            self._by_script[run.script][run.status] += 1
        if run.started_at is not None:
            # Of a run that went on without an engine, its end is the first that is heard.
            self._begin(run)
            if run.duration_ms is not None:
                self._durations.observe(run.duration_ms / 1_000)
        self._begun.discard(run.id)
