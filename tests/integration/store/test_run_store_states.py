"""The real store and the fake one, given the same random transitions, tell the same story.

Hypothesis looks for a sequence after which they differ, or after which a run that
was over is anything else than it was.
"""

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.model.identity import RunId, ScriptId, TriggerKey
from engine.model.run import Occurrence, Outcome, Run, RunStatus
from engine.ports import RunFilter, Transition
from engine.store.database import Database
from engine.store.runs import SqliteRunStore
from tests.fakes.run_facts import NOON, a_run
from tests.fakes.runs import FakeRunStore

SCRIPTS = [ScriptId("a"), ScriptId("b")]

runs = st.builds(
    lambda number, status, seconds, started: a_run(
        f"r{number}",
        script=SCRIPTS[number % 2],
        status=status,
        queued_at=NOON + timedelta(seconds=seconds),
        started_at=NOON if started else None,
    ),
    st.integers(0, 9),
    st.sampled_from(RunStatus),
    st.integers(0, 3),
    st.booleans(),
)
occurrences = st.builds(
    lambda number, outcome: Occurrence(
        script=SCRIPTS[number % 2],
        trigger=TriggerKey("hourly"),
        due=NOON + timedelta(hours=number),
        outcome=outcome,
        run_id=RunId(f"r{number}"),
    ),
    st.integers(0, 9),
    st.sampled_from(Outcome),
)
transitions = st.builds(
    Transition,
    occurrences=st.lists(occurrences, max_size=3),
    new_runs=st.lists(runs, max_size=3),
    changed_runs=st.lists(runs, max_size=3),
)


class TwoStores(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.database = Database(Path(self.directory.name) / "pysched.db")
        self.real = SqliteRunStore(self.database)
        self.fake = FakeRunStore()
        self.over: dict[RunId, Run] = {}

    @rule(transition=transitions)
    def commit(self, transition: Transition) -> None:
        real = asyncio.run(self.real.commit(transition))
        assert real == asyncio.run(self.fake.commit(transition))

    @rule()
    def restart(self) -> None:
        self.database.close()
        self.database = Database(Path(self.directory.name) / "pysched.db")
        self.real = SqliteRunStore(self.database)

    @invariant()
    def a_run_that_is_over_stays_as_it_is(self) -> None:
        now = {run.id: run for run in self.real.page(RunFilter(), limit=99).items}
        assert {run_id: now.get(run_id) for run_id in self.over} == self.over
        self.over = {run_id: run for run_id, run in now.items() if run.status.final}

    @invariant()
    def both_tell_the_same(self) -> None:
        answers = [
            (
                list(store.page(RunFilter(), limit=99).items),
                list(store.page(RunFilter(status={"failed", "success"}), limit=99).items),
                list(store.active()),
                dict(store.last_runs()),
                [store.last_started(script) for script in SCRIPTS],
                [list(store.occurrences(script, limit=99).items) for script in SCRIPTS],
            )
            for store in (self.real, self.fake)
        ]
        assert answers[0] == answers[1]

    def teardown(self) -> None:
        self.database.close()
        self.directory.cleanup()


TestTwoStores = TwoStores.TestCase
TestTwoStores.settings = settings(max_examples=40, stateful_step_count=15)
