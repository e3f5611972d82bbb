"""Say whether the engine does its work, and which part does not."""

from collections.abc import Iterator

from engine.model.run import RunStatus
from engine.model.status import Health
from engine.service.compose import Composition


def health(parts: Composition) -> Health:
    """Return what fails, what works in a lesser way, and the counts of what there is."""
    active = list(parts.state.active)
    running = sum(run.status is RunStatus.RUNNING for run in active)
    return Health(
        failing=dict(_failing(parts)),
        degraded=dict(_degraded(parts)),
        scripts=len(parts.state.scripts),
        problems=sum(len(each.problems) for each in parts.state.scripts.values())
        + len(parts.state.tree.problems),
        queued=len(active) - running,
        running=running,
        revision=parts.parts.sources.revision(),
        limits=parts.client.capabilities,
    )


def _failing(parts: Composition) -> Iterator[tuple[str, str]]:
    if not parts.client.connected:
        yield "runner", "the runner cannot be reached; no run can be started"
    if parts.loop.failure is not None:
        yield "tree", parts.loop.failure
    if parts.recorder.failure is not None:
        yield "database", parts.recorder.failure


def _degraded(parts: Composition) -> Iterator[tuple[str, str]]:
    if parts.watcher.degraded is not None:
        yield "watcher", parts.watcher.degraded
    if parts.state.held is not None:
        yield "removals", parts.state.held
    if parts.outbox.trouble is not None:
        yield "notifications", parts.outbox.trouble
    if parts.secrets.failure is not None:
        yield "secrets", parts.secrets.failure
    if parts.unexpected.newest is not None:
        yield "engine", parts.unexpected.newest
