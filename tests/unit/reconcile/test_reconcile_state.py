import asyncio
from dataclasses import replace
from pathlib import Path

from engine.model.environment import Environment
from engine.model.identity import RunId, ScriptId, TriggerKey
from engine.model.run import RunStatus
from engine.model.script import Script
from engine.model.tree import Entry, Tree
from engine.ports import InForce
from engine.reconcile.observe import observe
from engine.reconcile.observed import Observed
from engine.reconcile.state import State, entry_of, watches_files
from engine.schedule.jump import Wakefulness
from tests.fakes.reconciled import Disk, Engine
from tests.fakes.world import (
    a_broken_entry,
    a_run,
    a_script,
    a_tree,
    after,
    an_entry,
    applied,
    at,
    files,
)

NOW = at("2026-05-01 09:30")
A, B, C = ScriptId("a"), ScriptId("b"), ScriptId("c")


def state(*scripts: Script) -> State:
    made = State(Wakefulness(NOW, 0.0))
    for script in scripts:
        made.put(applied(script))
    return made


def waiting(script: str, *upstream: str) -> Script:
    return a_script(*(after(each) for each in upstream), script_id=script)


def followers(known: State, script: str) -> list[str]:
    return [follower.id for follower in known.followers(ScriptId(script))]


def test_followers_come_by_id():
    assert followers(state(waiting("c", "a"), waiting("b", "a")), "a") == ["b", "c"]


def test_a_script_that_is_waited_for_twice_has_one_follower():
    twice = a_script(after("a"), after("a", key=TriggerKey("again")), script_id="b")

    assert followers(state(twice), "a") == ["b"]


def test_a_follower_that_changes_its_mind_is_none():
    known = state(waiting("b", "a"))
    known.put(applied(waiting("b", "c")))

    assert (followers(known, "a"), followers(known, "c")) == ([], ["b"])


def test_a_follower_that_goes_is_none():
    known = state(waiting("b", "a"))
    known.remove(B)

    assert followers(known, "a") == []


def test_a_follower_that_goes_leaves_the_others():
    known = state(waiting("b", "a"), waiting("c", "a"))
    known.remove(B)

    assert followers(known, "a") == ["c"]


def test_the_same_definition_put_again_keeps_its_links():
    script = waiting("b", "a")
    known = state(script)
    known.put(replace(applied(script), digest="d2"))

    assert followers(known, "a") == ["b"]


def test_a_script_leads_to_those_that_run_after_it_by_way_of_others():
    known = state(waiting("b", "a"), waiting("c", "b"))

    assert [known.leads_to(A, C), known.leads_to(C, A)] == [True, False]


def test_a_circle_leads_back():
    known = state(waiting("a", "c"), waiting("b", "a"), waiting("c", "b"))

    assert known.leads_to(A, A)


def test_a_circle_beside_the_way_is_not_followed_for_ever():
    known = state(waiting("a", "b"), waiting("b", "a"))

    assert not known.leads_to(A, C)


def test_a_script_that_is_not_there_can_be_removed():
    known = state()
    known.remove(A)

    assert known.scripts == {}


def test_a_removed_script_wakes_nobody_and_fails_no_more():
    known = state(a_script(script_id="a"))
    known.wakes.set(A, NOW)
    known.failures[A] = "why"
    known.remove(A)

    assert (known.wakes.next, known.failures) == (None, {})


def test_scripts_that_watch_files_are_known():
    known = state(a_script(files("*.csv"), script_id="a"), a_script(script_id="b"))

    assert known.watching == {A}


def test_a_script_that_stops_watching_is_forgotten():
    known = state(a_script(files("*.csv"), script_id="a"))
    known.put(applied(a_script(script_id="a")))

    assert known.watching == set()


def test_no_script_watches_no_files():
    assert not watches_files(None)


def test_what_the_tree_shows_is_desired():
    entry = an_entry(a_script(script_id="a"), digest="d2")

    assert state(a_script(script_id="a")).desired(A, a_tree(entry)) is entry


def test_what_the_tree_does_not_show_is_not_desired():
    assert state(a_script(script_id="a")).desired(A, a_tree()) is None


def test_a_kept_script_is_desired_as_it_is_in_force():
    known = state(a_script(script_id="a"))
    known.kept = frozenset({A})

    assert known.desired(A, a_tree()) == an_entry(a_script(script_id="a"))


def test_a_kept_script_that_is_shown_again_is_desired_as_shown():
    known = state(a_script(script_id="a"))
    known.kept = frozenset({A})
    entry = an_entry(a_script(script_id="a"), digest="d2")

    assert known.desired(A, a_tree(entry)) is entry


def test_a_kept_script_that_is_not_in_force_is_not_desired():
    known = state()
    known.kept = frozenset({A})

    assert known.desired(A, a_tree()) is None


def test_the_entry_of_what_is_in_force_tells_the_same():
    script = a_script(script_id="a")

    assert entry_of(applied(script)) == an_entry(script)


def test_a_script_without_definition_follows_nobody():
    known = state()
    broken = a_broken_entry("b")
    known.put(replace(applied(waiting("b", "a")), script=None, digest=broken.digest))

    assert (followers(known, "a"), known.script(B), known.script(C)) == ([], None, None)


def test_a_reserved_run_counts_though_it_is_not_on_record():
    known = state()
    run = a_run("a", RunStatus.QUEUED)

    reserved = known.reserve([run])

    assert (reserved, list(known.active), list(known.unrecorded)) == ({run.id}, [run], [run.id])


def test_runs_that_are_over_or_known_are_not_reserved():
    known = state()
    old = a_run("a")
    known.active.put(old)

    reserved = known.reserve([a_run("a"), a_run("a", RunStatus.SKIPPED, id=RunId("2"))])

    assert (reserved, known.active.get(old.id) is old) == (frozenset(), True)


def test_a_run_on_record_stays_and_those_who_wait_for_that_are_told():
    known = state()
    run = a_run("a", RunStatus.QUEUED)
    reserved = known.reserve([run])
    told = known.unrecorded[run.id]

    known.settle(reserved, on_record=reserved)

    assert (told.is_set(), list(known.active), known.unrecorded) == (True, [run], {})


def test_a_run_that_was_not_taken_is_none():
    known = state()
    reserved = known.reserve([a_run("a", RunStatus.QUEUED)])

    known.settle(reserved, on_record=())

    assert list(known.active) == []


def observed(
    tmp_path: Path, desired: Entry | None, in_force: InForce | None
) -> tuple[Observed, Environment]:
    """Return what is observed of script `a`, which has a run, and the environment it asks for."""

    async def look() -> tuple[Observed, Environment]:
        engine = Engine(Disk(tmp_path))
        engine.state.active.put(a_run("a"))
        ready = engine.disk.environments.make_ready(a_script().environment)
        return observe(engine.parts, engine.state, desired, in_force), ready

    return asyncio.run(look())


def test_a_script_that_is_nowhere_has_no_runs_to_observe(tmp_path: Path):
    assert observed(tmp_path, None, None)[0].active == ()


def test_a_broken_script_is_observed_by_its_last_good_definition(tmp_path: Path):
    in_force = applied(a_script(script_id="a"))

    found, ready = observed(tmp_path, a_broken_entry("a"), in_force)

    assert (found.active, found.ready) == ((a_run("a"),), ready.key)


def test_a_script_that_is_gone_is_observed_with_its_runs(tmp_path: Path):
    found, _ = observed(tmp_path, None, applied(a_script(script_id="a")))

    assert found.active == (a_run("a"),)


def test_a_new_script_is_observed_by_what_its_files_say(tmp_path: Path):
    found, ready = observed(tmp_path, an_entry(a_script(script_id="a")), None)

    assert (found.in_force, found.ready) == (None, ready.key)


def test_a_tree_is_empty_before_the_first_scan():
    assert state().tree == Tree(entries={})
