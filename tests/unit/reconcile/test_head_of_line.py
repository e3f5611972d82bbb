from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.identity import RunId, ScriptId
from engine.model.run import Run, RunStatus
from engine.reconcile import line
from engine.reconcile.line import head
from engine.runs.admit import Admission, Running, Waiting, admit
from tests.fakes.world import a_run, at

NOW = at("2026-05-01 09:30")
SCRIPTS = "abcdef"
GROUPS = dict(zip(SCRIPTS, ("g", "g", "h", None, None, None), strict=True))
CONCURRENCY = dict(zip(SCRIPTS, (1, 1, 1, 1, 2, 3), strict=True))


class Asked:
    """Says what admission has to know of a run, and counts how often it is asked."""

    def __init__(self, built: str = SCRIPTS) -> None:
        self.built = built
        self.count = 0

    def __call__(self, run: Run) -> Waiting:
        self.count += 1
        return Waiting(
            id=run.id,
            script=run.script,
            concurrency=CONCURRENCY[run.script],
            group=GROUPS[run.script],
            not_before=run.not_before,
            environment_ready=run.script in self.built,
        )


def queued(number: int, script: str, delay: int = 0) -> Run:
    not_before = NOW + timedelta(seconds=delay) if delay else None
    return a_run(script, RunStatus.QUEUED, id=RunId(f"q{number}"), not_before=not_before)


def running(number: int, script: str) -> Running:
    return Running(id=RunId(f"r{number}"), script=ScriptId(script), group=GROUPS[script])


def ask(runs: list[Run], held: list[Running], asked: Asked, slots: int) -> Admission:
    return head(runs, held, asked, slots=slots, now=NOW)


@pytest.fixture(autouse=True)
def _short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "AT_ONCE", 3)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.sampled_from(SCRIPTS), st.sampled_from([0, 0, 0, 5, 9])), max_size=30),
    st.lists(st.sampled_from(SCRIPTS), max_size=4),
    st.sets(st.sampled_from(SCRIPTS)),
    st.integers(0, 8),
)
def test_the_head_is_what_admit_says_of_the_whole_line(
    waiting: list[tuple[str, int]], held: list[str], built: set[str], slots: int
):
    runs = [queued(number, script, delay) for number, (script, delay) in enumerate(waiting)]
    holders = [running(number, script) for number, script in enumerate(held)]
    asked = Asked("".join(built))

    whole = admit([asked(run) for run in runs], holders, slots=slots, now=NOW)
    found = ask(runs, holders, asked, slots)

    assert found.start == whole.start


def test_nobody_is_asked_about_while_all_slots_are_taken():
    asked = Asked()

    ask([queued(number, "a") for number in range(9)], [running(1, "d")], asked, 1)

    assert asked.count == 0


def test_the_backlog_of_one_script_is_not_asked_about():
    asked = Asked()

    ask([queued(number, "a") for number in range(99)], [], asked, 5)

    assert asked.count == 3 + 5


def test_a_delayed_run_of_a_script_holds_up_no_other_of_it():
    runs = [queued(number, "d", 9) for number in range(4)] + [queued(4, "d")]

    assert ask(runs, [], Asked(), 1).start == ("q4",)


def test_a_delayed_run_of_a_group_that_is_held_still_wakes():
    found = ask([queued(0, "a", 5)], [running(1, "b")], Asked(), 2)

    assert found.wake_at == NOW + timedelta(seconds=5)
