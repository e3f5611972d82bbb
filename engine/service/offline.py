"""What the command line does without a server: check a tree, tell what would change, make a script.

Each works on the files and, where there is one, on a data directory that no
server has to be running on.
"""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.errors import InvalidInput, NotFound
from engine.history.repository import Repository
from engine.model.environment import EnvironmentRequest, EnvironmentState
from engine.model.identity import ScriptId, TriggerKey
from engine.model.plan import DeleteScript, Plan
from engine.model.status import Collected, Coming
from engine.model.trigger import CronTrigger, Trigger
from engine.ports import InForce
from engine.reconcile.active import ActiveRuns
from engine.reconcile.preview import preview
from engine.reconcile.removals import Removals
from engine.runs.files import RunFiles
from engine.runs.places import RunPlaces
from engine.runs.request import RequestBuilder
from engine.schedule import preview as schedule
from engine.schedule.cron import check
from engine.schedule.describe import describe
from engine.service.check import definition, scan, validate
from engine.service.clock import SystemClock
from engine.service.compose import CONFIRMATION, open_environments, open_stores
from engine.service.housekeeping import Housekeeping
from engine.service.ungranted import Ungranted, warned
from engine.service.workplace import TreeSources
from engine.tree.create import create_script
from schemas.settings import Settings

__all__ = ["coming", "describe", "validate"]


def plan(tree: Path, settings: Settings, *, against: str | None = None) -> Plan:
    """Return what serving this tree would change.

    It is compared with a git revision of itself, or else with what the data
    directory says is in force; one that does not exist yet has nothing in force.
    Raises NotFound for a revision that is not there, and UnsafeTree.
    """
    clock = SystemClock()
    found = scan(tree, settings)
    if against is not None:
        in_force = _of_revision(tree, settings, against)
        return preview(found, in_force, lambda _: EnvironmentState.READY, clock.now())
    data = settings.paths.data
    if not (data / "pysched.db").exists():
        return preview(found, {}, _no_environment, clock.now())
    stores = open_stores(data, clock)
    try:
        known = {each.id: each for each in stores.scripts.load()}
        secrets = stores.secrets.all()
    finally:
        stores.close()
    environments = open_environments(settings, clock)
    environments.start()
    changes = preview(found, known, environments.state, clock.now())
    return warned(changes, found, Ungranted(tree, lambda: secrets))


def _no_environment(_: EnvironmentRequest) -> EnvironmentState:
    return EnvironmentState.MISSING


def _of_revision(tree: Path, settings: Settings, revision: str) -> dict[ScriptId, InForce]:
    """Return what would be in force if that revision were served."""
    repository = Repository.discover(tree)
    if repository is None:
        raise NotFound(f"{tree} is not in a git repository, so there is no revision {revision!r}")
    with tempfile.TemporaryDirectory(prefix="pysched-") as directory:
        target = Path(directory) / "tree"
        repository.export(repository.resolve(revision), "", target)
        entries = scan(target, settings).entries.values()
    return {
        entry.id: InForce(
            id=entry.id,
            signature=entry.signature,
            digest=entry.digest,
            script=entry.script,
            problems=entry.problems,
        )
        for entry in entries
    }


def confirm_removals(tree: Path, settings: Settings) -> Plan:
    """Let the removals that wait for it through at the server's next pass; returns the plan."""
    waiting = plan(tree, settings)
    gone = [action.id for action in waiting.actions if isinstance(action, DeleteScript)]
    if gone:
        Removals(settings.paths.data / CONFIRMATION).confirm(gone)
    return waiting


def coming(tree: Path, settings: Settings, script_id: str, count: int) -> Sequence[Coming]:
    """Return a script's next occurrences, soonest first. Raises NotFound and InvalidInput."""
    script = definition(tree, settings, script_id)
    return _coming(script.triggers, script.id, SystemClock().now(), count)


def coming_of_cron(expression: str, timezone: str, from_: datetime, count: int) -> Sequence[Coming]:
    """Return the next times of a cron expression. Raises InvalidInput when it cannot be used."""
    problem = check(expression, timezone)
    if problem is not None:
        raise InvalidInput(problem)
    trigger = CronTrigger(key=TriggerKey("cron"), expression=expression, timezone=timezone)
    return _coming([trigger], ScriptId("cron"), from_, count)


def _coming(
    triggers: Sequence[Trigger], script: ScriptId, from_: datetime, count: int
) -> Sequence[Coming]:
    found = schedule.coming(triggers, script, from_=from_.astimezone(UTC), count=count)
    return [Coming(due=each.local, trigger=each.trigger) for each in found]


def new_script(tree: Path, display_name: str, folder: str = "") -> Path:
    """Create a script directory and return it. Raises InvalidInput and UnsafeTree."""
    tree.mkdir(parents=True, exist_ok=True)
    return tree / create_script(tree, display_name, folder)


async def collect(settings: Settings) -> Collected:
    """Remove unused environments and old runs of a data directory that no server uses."""
    clock = SystemClock()
    stores = open_stores(settings.paths.data, clock)
    environments = open_environments(settings, clock)
    environments.start()
    try:
        places = RunPlaces(settings.paths.data)
        files = RunFiles(
            places=places,
            requests=RequestBuilder(places=places, server_env={}),
            outputs=stores.archive,
        )
        tree = settings.paths.scripts
        sources = TreeSources(
            tree, lambda: Repository.discover(tree), settings.paths.data / "checkouts"
        )
        housekeeping = Housekeeping(
            stores.main,
            stores.archive,
            environments,
            files,
            sources,
            clock,
            statistics_kept=timedelta(days=settings.statistics.keep_days),
        )
        active = ActiveRuns(stores.runs.active())
        return await housekeeping.collect(stores.scripts.load(), active)
    finally:
        await environments.close()
        stores.close()
