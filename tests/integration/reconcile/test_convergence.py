"""Whatever happened to the tree and to the engine, what is in force is what the tree says.

Sequences of edits, renames, deletions, breakages, lost signals and restarts end in
the state that a fresh start on the final tree gives. Two things may differ, since
they are promises of their own: a broken script keeps its last good definition, and
time that has passed is settled.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Coroutine
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from engine.model.identity import ScriptId
from engine.model.tree import Severity, Tree
from engine.ports import InForce
from engine.reconcile.preview import preview
from engine.schedule.cron import check
from engine.tree.definer import SpecDefiner
from engine.tree.scan import TreeScanner
from schemas.settings import Settings
from tests.fakes.reconciled import Disk, Engine

T = TypeVar("T")

PLACES = ("a", "b", "c", "d", "f/a", "f/b", "f/g/a", "f", "f/g")
FOLDERS = ("f", "f/g", "h")
MANIFESTS = (
    "",
    "name: Plain\n",
    "triggers:\n  - cron: '*/5 * * * *'\n",
    "triggers:\n  - every: 10m\n  - cron: '0 9 * * 1-5'\n    name: morning\n",
    "triggers:\n  - cron: '30 * * * *'\n    name: morning\n",
    "enabled: false\ntriggers:\n  - every: 7m\n",
    "triggers:\n  - after: b\n",
    "triggers:\n  - after: a\n  - startup: true\n",
    "triggers:\n  - crn: '* * * * *'\n",
    "triggers: [\n",
    "nme: Misspelt\n",
)
FOLDER_FILES = (
    "limits:\n  timeout: 5m\n",
    "env:\n  CITY: Berlin\n",
    "limits: [\n",
    "triggers: []\n",
)
SOME_PLACE, SOME_MANIFEST = st.sampled_from(PLACES), st.sampled_from(MANIFESTS)
ANY = st.integers(0, 8)
TEMPORARY = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None

_definer = SpecDefiner(Settings(), check, "1")


class Changes(RuleBasedStateMachine):
    """A tree that people and programs change, and an engine that follows it."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.root = Path(tempfile.mkdtemp(dir=TEMPORARY))
        self.tree = self.root / "tree"
        self.tree.mkdir()
        self.disk = Disk(self.root / "data", slots=100, scanner=self._scanner)
        self.touched: set[Path] = set()
        self.lost = False
        self.begun = False
        self._stamps = count(1)

    def _scanner(self) -> TreeScanner:
        return TreeScanner(self.tree, _definer, self.disk.clock)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def _look(self, only: frozenset[ScriptId] | None) -> None:
        async def look() -> None:
            await self.engine.loop.look(only)
            await self.engine.quiet()

        self._wait(look())

    @initialize(scripts=st.lists(st.tuples(SOME_PLACE, SOME_MANIFEST), min_size=5, max_size=9))
    def begin(self, scripts: list[tuple[str, str]]) -> None:
        for place, manifest in scripts:
            self.write(place, manifest)
        self.engine = self._wait(Engine(self.disk).start())
        self.begun = True
        self.touched.clear()

    # What happens to the tree

    @rule(place=SOME_PLACE, manifest=SOME_MANIFEST)
    def write(self, place: str, manifest: str) -> None:
        self._put(f"{place}/main.py", "print()\n")
        self._put(f"{place}/script.yaml", manifest)

    @rule(which=ANY, manifest=SOME_MANIFEST)
    def edit(self, which: int, manifest: str) -> None:
        for place in self._one_of("main.py", which):
            self._put(f"{place}/script.yaml", manifest)

    @rule(which=ANY, text=st.sampled_from(("", "requests\n", "pandas\n", "-r other\n")))
    def need(self, which: int, text: str) -> None:
        for place in self._one_of("main.py", which):
            self._put(f"{place}/requirements.txt", text)

    @rule(which=ANY, name=st.sampled_from(("script.yaml", "main.py", "requirements.txt")))
    def drop_file(self, which: int, name: str) -> None:
        for place in self._one_of(name, which):
            self._remove(self.tree / place / name)

    @rule(folder=st.sampled_from(FOLDERS), text=st.sampled_from(FOLDER_FILES))
    def write_defaults(self, folder: str, text: str) -> None:
        if text:
            self._put(f"{folder}/folder.yaml", text)
        else:
            self._remove(self.tree / folder / "folder.yaml")

    @rule(which=ANY, levels=st.sampled_from((0, 0, 1)))
    def remove(self, which: int, levels: int) -> None:
        for place in self._one_of("main.py", which):
            self._remove(self._above(place, levels))

    @rule(which=ANY, levels=st.sampled_from((0, 0, 1)), new=st.sampled_from((*PLACES, "h", "k")))
    def move(self, which: int, levels: int, new: str) -> None:
        for place in self._one_of("main.py", which):
            here = self._above(place, levels)
            there = self.tree / new
            free = there.parent.is_dir() and not there.exists() and here not in there.parents
            if free:
                here.rename(there)
                self.touched |= {here, there}

    @rule(sure=st.sampled_from((False, False, False, True)))
    def empty(self, *, sure: bool) -> None:
        """All is gone, as when the disk of the tree is not mounted."""
        for path in self.tree.iterdir() if sure else ():
            self._remove(path)

    def _one_of(self, name: str, which: int) -> list[str]:
        """Return one of the directories that hold a file of this name, in a list; empty if none."""
        found = sorted(p.parent.relative_to(self.tree).as_posix() for p in self.tree.rglob(name))
        return [found[which % len(found)]] if found else []

    def _above(self, place: str, levels: int) -> Path:
        """Return a script's directory, or a folder above it."""
        parts = place.split("/")
        return self.tree.joinpath(*parts[: max(len(parts) - levels, 1)])

    def _remove(self, path: Path) -> None:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        self.touched.add(path)

    def _put(self, name: str, text: str) -> None:
        path = self.tree / name
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True)
            self.touched.add(path.parent)
        path.write_text(text)
        # Two writes in one tick of the kernel's clock would look like one.
        stamp = next(self._stamps) * 1_000_000_000
        os.utime(path, ns=(stamp, stamp))
        self.touched.add(path)

    # What the engine notices

    @rule()
    def follow_signals(self) -> None:
        self._look(self.engine.parts.tree.affected(self.touched))
        self.touched.clear()
        if not self.lost:
            self._holds_all(self._fresh_tree())

    @rule()
    def lose_signals(self) -> None:
        self.lost = self.lost or bool(self.touched)
        self.touched.clear()

    @rule()
    def look_at_all(self) -> None:
        self._look(None)
        self.touched.clear()
        self.lost = False
        self._holds_all(self._fresh_tree())

    @rule(seconds=st.sampled_from((1, 61, 601, 3601)))
    def pass_time(self, seconds: int) -> None:
        self._wait(self.engine.pass_time(seconds))

    @rule()
    def restart(self) -> None:
        self._wait(self.engine.kill())
        self.engine = self._wait(Engine(self.disk).start())
        self.touched.clear()
        self.lost = False

    @rule()
    def end_runs(self) -> None:
        async def end() -> None:
            for run_id in self.engine.live:
                await self.engine.finish(run_id)

        self._wait(end())

    # What must hold

    def _fresh_tree(self) -> Tree:
        return self._scanner().scan()

    def _holds_all(self, tree: Tree) -> None:
        """Nothing is left to do, be it seen by this engine or by one that reads all anew."""
        state = self.engine.state
        seen = {id_: (e.digest, e.problems, e.script) for id_, e in state.tree.entries.items()}
        read = {id_: (e.digest, e.problems, e.script) for id_, e in tree.entries.items()}
        assert seen == read
        assert state.tree.folders == tree.folders
        assert state.tree.problems == tree.problems
        environment, now = self.disk.environments.state, self.disk.clock.now()
        plan = preview(tree, state.scripts, environment, now)
        left = [action.id for action in plan.actions]
        assert set(left) <= state.kept

    def teardown(self) -> None:
        try:
            # Hypothesis may give a sequence up before its beginning.
            if self.begun:
                self._end_as_a_fresh_start()
                self._wait(self.engine.kill())
        finally:
            self.runner.close()
            shutil.rmtree(self.root)

    def _end_as_a_fresh_start(self) -> None:
        self._look(None)
        if self.engine.state.kept:
            self.engine.removals.confirm(self.engine.state.kept)
            self._look(None)
        self._wait(self.engine.quiet())
        again = self._wait(self.engine.loop.look(None))
        assert again.actions == ()
        other = Disk(
            self.root / "other",
            clock=self.disk.clock,
            slots=0,
            scanner=self._scanner,
            environments=self.disk.environments,
        )
        fresh = self._wait(Engine(other).start())
        assert in_force(self.engine) == in_force(fresh)
        self._wait(fresh.kill())


def in_force(engine: Engine) -> dict[ScriptId, Any]:
    """Return all of each script that a fresh start has to reach as well."""
    return {id_: _facts(each, engine) for id_, each in sorted(engine.state.scripts.items())}


def _facts(each: InForce, engine: Engine) -> Any:
    report = (each.signature, each.digest, each.problems)
    if any(problem.severity is Severity.ERROR for problem in each.problems):
        return report
    assert each.script is not None
    keys = {trigger.key for trigger in each.script.triggers}
    assert each.last_due.keys() == keys
    return (*report, each.script, each.environment, engine.state.wakes.of(each.id))


def converge(sequences: int) -> None:
    run_state_machine_as_test(
        Changes,
        settings=settings(max_examples=sequences, stateful_step_count=12),
    )


def test_sequences_of_changes_end_as_a_fresh_start_does():
    converge(200)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_thousand_sequences_of_changes_end_as_a_fresh_start_does():
    converge(1_000)
