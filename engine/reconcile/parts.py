"""What the loop works with: the ports, plugged in by the composition root."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from engine.model.environment import Environment
from engine.model.event import Listener
from engine.model.identity import RunId, ScriptId, TriggerKey
from engine.model.run import Run
from engine.model.script import Script
from engine.ports import (
    Alarm,
    Clock,
    Environments,
    InForce,
    Journal,
    Launcher,
    RunnerConnected,
    RunStore,
    ScriptStore,
    StartRequest,
    TreeSource,
)
from engine.runs.recover import Recovery


class Sources(Protocol):
    """Where a script's files are, live or of a revision."""

    def revision(self) -> str | None:
        """Return the commit the tree is at, None outside of git."""
        ...

    def live(self, script: ScriptId) -> Path:
        """Return the script's directory in the tree."""
        ...

    async def snapshot(self, script: ScriptId, revision: str | None) -> Path:
        """Return a checkout of the script's directory; raises EngineError if none can be made."""
        ...


class RunFiles(Protocol):
    """What a run leaves on disk."""

    def request(
        self, run: Run, script: Script, environment: Environment, directory: Path
    ) -> StartRequest: ...

    async def survey(self, active: Sequence[Run], connected: RunnerConnected) -> list[Recovery]:
        """Match active runs with what the runner and their directories know of them."""
        ...

    async def archive(self, run_id: RunId) -> None:
        """Move a finished run's output into the archive; safe to repeat."""
        ...


class Inboxes(Protocol):
    """What the patterns of `files` triggers match now."""

    def look(self, script: Script) -> Mapping[TriggerKey, Mapping[str, str]]:
        """Return stamps by path, by trigger key; blocking, called from a thread."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    clock: Clock
    tree: TreeSource
    scripts: ScriptStore
    runs: RunStore
    journal: Journal
    launcher: Launcher
    environments: Environments
    alarm: Alarm
    sources: Sources
    files: RunFiles
    inboxes: Inboxes
    publish: Listener
    linked: Callable[[InForce, Environment | None], None]
    """Keep the script directory's `.venv` link at its environment."""
    slots: int
    """How many runs go at once."""
    server_started: datetime
