"""What the loop knows; changed only on the event loop, by the loop's own modules."""

from collections.abc import Iterable, Iterator

from engine.model.identity import RunId, ScriptId
from engine.model.script import Script
from engine.model.tree import Entry, Tree
from engine.model.trigger import AfterTrigger
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
        self.starting: set[RunId] = set()
        """Queued runs that were sent to the runner, which has not answered yet."""
        self.wakes = Wakes()
        self.kept: frozenset[ScriptId] = frozenset()
        """Scripts that stay in force though the tree does not show them."""
        self.held: str | None = None
        """Why that is so: their removal waits for a confirmation."""
        self._followers: dict[ScriptId, set[ScriptId]] = {}

    def put(self, in_force: InForce) -> None:
        before = self.scripts.get(in_force.id)
        self.scripts[in_force.id] = in_force
        if before is None or before.script is not in_force.script:
            self._unlink(before)
            for upstream in _upstream(in_force.script):
                self._followers.setdefault(upstream, set()).add(in_force.id)

    def remove(self, script: ScriptId) -> None:
        self._unlink(self.scripts.pop(script, None))
        self.wakes.set(script, None)

    def desired(self, script: ScriptId, tree: Tree) -> Entry | None:
        """Return what should be: the script's entry, or for a kept one what is in force."""
        entry = tree.entries.get(script)
        in_force = self.scripts.get(script)
        if entry is not None or script not in self.kept or in_force is None:
            return entry
        return Entry(
            id=script,
            signature=in_force.signature,
            digest=in_force.digest,
            script=in_force.script,
            problems=in_force.problems,
        )

    def script(self, script: ScriptId) -> Script | None:
        in_force = self.scripts.get(script)
        return in_force.script if in_force else None

    def followers(self, script: ScriptId) -> Iterator[Script]:
        """Yield the scripts with an `after` trigger on this one, by id."""
        for follower in sorted(self._followers.get(script, ())):
            definition = self.script(follower)
            if definition is not None:
                yield definition

    def _unlink(self, before: InForce | None) -> None:
        if before is None:
            return
        for upstream in _upstream(before.script):
            self._followers.get(upstream, set()).discard(before.id)


def _upstream(script: Script | None) -> Iterable[ScriptId]:
    triggers = script.triggers if script else ()
    return {trigger.script for trigger in triggers if isinstance(trigger, AfterTrigger)}
