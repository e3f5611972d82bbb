"""What the loop knows; changed only on the event loop, by the loop's own modules."""

import asyncio
from collections.abc import Collection, Iterable, Iterator

from engine.model.identity import RunId, ScriptId
from engine.model.run import Run
from engine.model.script import Script
from engine.model.tree import Entry, Tree
from engine.model.trigger import AfterTrigger, FilesTrigger
from engine.ports import InForce
from engine.reconcile.active import ActiveRuns
from engine.reconcile.wakes import Wakes
from engine.schedule.jump import Wakefulness


class State:
    """A copy of what is on disk, so that no decision waits for it."""

    def __init__(self, wakefulness: Wakefulness) -> None:
        self.wakefulness = wakefulness
        self.tree = Tree(entries={})
        self.scripts: dict[ScriptId, InForce] = {}
        self.active = ActiveRuns()
        self.unrecorded: dict[RunId, asyncio.Event] = {}
        """Active runs whose row is not on disk yet; the event is set when it is."""
        self.starting: set[RunId] = set()
        """Queued runs that were sent to the runner, which has not answered yet."""
        self.ending: dict[RunId, Run] = {}
        """Runs that are over and whose end is not on disk yet, as they were before it."""
        self.wakes = Wakes()
        self.kept: frozenset[ScriptId] = frozenset()
        """Scripts that stay in force though the tree does not show them."""
        self.held: str | None = None
        """Why that is so: their removal waits for a confirmation."""
        self.failures: dict[ScriptId, str] = {}
        """Scripts that cannot be planned because of a mistake in this program, and the mistake."""
        self.watching: set[ScriptId] = set()
        """Scripts in force with a `files` trigger."""
        self._followers: dict[ScriptId, set[ScriptId]] = {}

    def put(self, in_force: InForce) -> None:
        before = self.scripts.get(in_force.id)
        self.scripts[in_force.id] = in_force
        if before is None or before.script is not in_force.script:
            self._unlink(before)
            self._link(in_force)

    def remove(self, script: ScriptId) -> None:
        self._unlink(self.scripts.pop(script, None))
        self.wakes.set(script, None)
        self.failures.pop(script, None)

    def desired(self, script: ScriptId, tree: Tree) -> Entry | None:
        """Return what should be: the script's entry, or for a kept one what is in force."""
        entry = tree.entries.get(script)
        in_force = self.scripts.get(script)
        if entry is not None or script not in self.kept or in_force is None:
            return entry
        return entry_of(in_force)

    def is_without_files(self, script: ScriptId) -> bool:
        """Say whether a script is in force though the tree was read and does not show it."""
        return self.held is not None and script in self.kept and script not in self.tree.entries

    def script(self, script: ScriptId) -> Script | None:
        in_force = self.scripts.get(script)
        return in_force.script if in_force else None

    def followers(self, script: ScriptId) -> Iterator[Script]:
        """Return the scripts with an `after` trigger on this one, by id."""
        found = map(self.script, sorted(self._followers.get(script, ())))
        return (follower for follower in found if follower is not None)

    def leads_to(self, script: ScriptId, goal: ScriptId) -> bool:
        """Say whether `goal` runs after the script, by way of others or not."""
        seen, waiting = {script}, [script]
        while waiting:
            following = self._followers.get(waiting.pop(), set())
            if goal in following:
                return True
            waiting += following - seen
            seen |= following
        return False

    def reserve(self, runs: Iterable[Run]) -> frozenset[RunId]:
        """Count runs as active before they are on disk; returns those that were not known."""
        reserved: list[RunId] = []
        for run in runs:
            if not run.status.final and self.active.get(run.id) is None:
                self.active.put(run)
                self.unrecorded[run.id] = asyncio.Event()
                reserved.append(run.id)
        return frozenset(reserved)

    def settle(self, reserved: Iterable[RunId], *, on_record: Collection[RunId]) -> None:
        """Let go of reserved runs: those on record stay active, the others never were."""
        for run_id in reserved:
            self.unrecorded.pop(run_id).set()
            if run_id not in on_record:
                self.active.remove(run_id)

    def _link(self, in_force: InForce) -> None:
        for upstream in _upstream(in_force.script):
            self._followers.setdefault(upstream, set()).add(in_force.id)
        if watches_files(in_force.script):
            self.watching.add(in_force.id)

    def _unlink(self, before: InForce | None) -> None:
        if before is None:
            return
        self.watching.discard(before.id)
        for upstream in _upstream(before.script):
            followers = self._followers[upstream]
            followers.discard(before.id)
            if not followers:
                del self._followers[upstream]


def entry_of(in_force: InForce) -> Entry:
    """Return the entry by which a script stays in force just as it is."""
    return Entry(
        id=in_force.id,
        signature=in_force.signature,
        digest=in_force.digest,
        script=in_force.script,
        problems=in_force.problems,
    )


def watches_files(script: Script | None) -> bool:
    return script is not None and any(isinstance(each, FilesTrigger) for each in script.triggers)


def _upstream(script: Script | None) -> Iterable[ScriptId]:
    triggers = script.triggers if script else ()
    return {trigger.script for trigger in triggers if isinstance(trigger, AfterTrigger)}
