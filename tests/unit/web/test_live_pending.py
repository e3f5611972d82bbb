"""What a client that does not read is still to be told: bounded, the newest of each thing."""

from hypothesis import given
from hypothesis import strategies as st

from engine.model.environment import EnvironmentRequest
from engine.model.event import BuildChanged
from engine.model.identity import RunId, ScriptId
from web.live.news import Change
from web.live.pending import MOST_BUILDS, MOST_LINES, MOST_RUNS, MOST_SCRIPTS, Pending
from web.live.told import Told

RUNS = st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 9)), max_size=30)
NAMES = st.frozensets(st.sampled_from(["a", "b", "c"]).map(ScriptId))


def told(text: str) -> Told:
    return Told(lambda: text)


def scripts(*names: str) -> frozenset[ScriptId]:
    return frozenset(map(ScriptId, names))


def built(line: str, phase: str = "install", python: str = "3.12") -> BuildChanged:
    return BuildChanged(EnvironmentRequest(python=python), [ScriptId("a")], phase, line)


@given(changes=RUNS)
def test_of_each_run_the_last_state_is_told_in_the_order_of_the_changes(changes):
    pending = Pending()
    for run, number in changes:
        pending.run(RunId(run), told(f"{run}{number}"))

    last = dict(changes)
    wanted = list(dict.fromkeys(run for run, _ in reversed(changes)))[::-1]
    assert [one.text for one in pending.runs.values()] == [f"{run}{last[run]}" for run in wanted]


def test_more_runs_than_are_kept_are_to_be_loaded():
    pending = Pending()
    for number in range(3 * MOST_RUNS + 1):
        pending.run(RunId(f"run-{number}"), told(""))

    assert (pending.missed_runs, len(pending.runs)) == (True, 1)


def test_runs_that_are_not_followed_go_with_their_subscription():
    pending = Pending(missed_runs=True)
    for run in "ab":
        pending.run(RunId(run), told(run))

    pending.forget("runs", {RunId("b")})

    assert (list(pending.runs), pending.missed_runs) == (["b"], False)


@given(changes=st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=6))
def test_a_script_is_changed_or_removed_as_it_was_last(changes):
    pending = Pending()
    last: dict[str, bool] = {}
    for changed, removed in changes:
        changed = changed - removed
        pending.tree(Change(changed, removed))
        last |= dict.fromkeys(changed, True) | dict.fromkeys(removed, False)

    assert pending.scripts is not None
    assert pending.scripts.changed == {name for name, there in last.items() if there}
    assert pending.scripts.removed == {name for name, there in last.items() if not there}


def test_too_many_scripts_are_not_named():
    pending = Pending()
    pending.tree(Change(removed=scripts("gone")))
    pending.tree(Change(frozenset(ScriptId(str(number)) for number in range(MOST_SCRIPTS + 1))))
    pending.tree(Change(scripts("one-more")))

    assert pending.scripts is not None
    assert (pending.scripts.changed, pending.scripts.removed) == (None, set())


def test_of_a_build_the_last_lines_are_kept_and_the_others_counted():
    pending = Pending()
    for number in range(MOST_LINES + 7):
        pending.build(built(str(number)), ["a"])
    pending.build(built("", "ready"), ["a"])

    (build,) = pending.builds.values()
    assert (build.phase, len(build.lines), build.left_out) == ("ready", MOST_LINES, 7)
    assert (build.lines[0], build.lines[-1]) == ("7", str(MOST_LINES + 6))


def test_of_many_builds_the_oldest_are_forgotten():
    pending = Pending()
    for number in range(MOST_BUILDS + 1):
        pending.build(built("x", python=f"3.{number}"), ["a"])

    assert [build.python for build in pending.builds.values()][:1] == ["3.1"]
    assert len(pending.builds) == MOST_BUILDS


def test_an_event_is_put_into_words_once():
    made: list[str] = []

    def words() -> str:
        made.append("words")
        return "words"

    event = Told(words)

    assert (event.text, event.text, made) == ("words", "words", ["words"])
