"""What one connection is still to be told: the newest of each thing, and nothing twice.

There is no queue. What comes while the client does not read replaces what it has not
read, so what is kept here is bounded by the number of things and not by what happens to
them; and where there are too many things, the client is told to load them anew.
"""

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from engine.model.environment import EnvironmentRequest
from engine.model.event import BuildChanged
from engine.model.identity import RunId
from web.live.news import Change
from web.live.told import Told

MOST_RUNS: Final = 1000
MOST_SCRIPTS: Final = 1000
MOST_BUILDS: Final = 100
MOST_LINES: Final = 100
"""Of one build; the whole log is to be had over HTTP."""


@dataclass(slots=True)
class Build:
    """How far a build is, with the lines that are not told yet."""

    python: str | None
    scripts: Sequence[str] = ()
    phase: str = ""
    lines: deque[str] = field(default_factory=lambda: deque[str](maxlen=MOST_LINES))
    left_out: int = 0

    def go_on(self, event: BuildChanged, scripts: Sequence[str]) -> None:
        self.scripts, self.phase = scripts, event.phase
        if event.line:
            self.left_out += len(self.lines) == MOST_LINES
            self.lines.append(event.line)


@dataclass(slots=True)
class Scripts:
    """Which scripts changed; None in place of a set: too many to name."""

    changed: set[str] | None = field(default_factory=set[str])
    removed: set[str] = field(default_factory=set[str])


@dataclass(slots=True)
class Pending:
    missed_runs: bool = False
    runs: dict[RunId, Told] = field(default_factory=dict[RunId, Told])
    builds: dict[EnvironmentRequest, Build] = field(default_factory=dict[EnvironmentRequest, Build])
    scripts: Scripts | None = None
    """None while nothing is to be told of the tree."""

    def run(self, run_id: RunId, told: Told) -> None:
        """Tell of a run as it is now."""
        self.runs.pop(run_id, None)
        if len(self.runs) >= MOST_RUNS:
            self.runs.clear()
            self.missed_runs = True
        self.runs[run_id] = told

    def build(self, event: BuildChanged, scripts: Sequence[str]) -> None:
        """Tell that a build went on, of those who will use it the given ones."""
        build = self.builds.get(event.request)
        if build is None:
            if len(self.builds) >= MOST_BUILDS:
                del self.builds[next(iter(self.builds))]
            build = self.builds[event.request] = Build(event.request.python)
        build.go_on(event, scripts)

    def tree(self, change: Change) -> None:
        """Tell of the tree and of those scripts."""
        if self.scripts is None:
            self.scripts = Scripts()
        known = self.scripts
        known.removed = (known.removed - change.changed) | change.removed
        if known.changed is not None:
            known.changed = (known.changed - change.removed) | change.changed
        if len(known.changed or ()) > MOST_SCRIPTS or len(known.removed) > MOST_SCRIPTS:
            known.changed = None
            known.removed.clear()

    def forget(self, topic: str, followed: Collection[RunId]) -> None:
        """Tell no more of what was unsubscribed, but for the runs that are followed still."""
        if topic == "environments":
            self.builds.clear()
        elif topic == "tree":
            self.scripts = None
        else:
            self.missed_runs = False
            self.runs = {run_id: told for run_id, told in self.runs.items() if run_id in followed}
