from collections import Counter
from datetime import timedelta
from time import process_time

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.identity import RunId, ScriptId
from engine.model.script import Overlap
from engine.runs.admit import Admission, Running, Waiting, admit
from tests.fakes.run_facts import NOON, a_run, a_script


def waits(name: str, script: str = "a", **facts) -> Waiting:
    return Waiting(id=RunId(name), script=ScriptId(script), **facts)


def runs(name: str, script: str = "a", group: str | None = None) -> Running:
    return Running(id=RunId(name), script=ScriptId(script), group=group)


def admitted(waiting, running=(), slots=10) -> Admission:
    return admit(waiting, running, slots=slots, now=NOON)


def test_runs_start_in_the_order_they_came_while_there_are_slots():
    admission = admitted([waits("1", "a"), waits("2", "b"), waits("3", "c")], slots=2)

    assert admission.start == ("1", "2")


def test_a_run_without_a_slot_says_so():
    admission = admitted([waits("1")], [runs("0", "b")], slots=1)

    assert admission.reasons == {"1": "waits for a free slot"}


def test_more_running_than_slots_starts_nothing():
    assert admitted([waits("1")], [runs("8", "b"), runs("9", "c")], slots=1).start == ()


def test_a_backlog_of_one_script_does_not_block_another():
    admission = admitted([waits("1", "a"), waits("2", "a"), waits("3", "b")], [runs("0", "a")])

    assert admission.start == ("3",)


def test_a_second_run_of_a_script_waits_for_the_first():
    admission = admitted([waits("1"), waits("2")])

    assert admission.reasons == {"2": "waits for the script's earlier run"}


def test_parallel_runs_of_a_script_are_bounded_by_its_concurrency():
    admission = admitted([waits(str(n), concurrency=2) for n in range(3)])

    assert admission.start == ("0", "1")
    assert admission.reasons == {"2": "waits for one of the script's 2 parallel runs"}


def test_a_group_holds_back_other_scripts_of_it_and_says_who_holds_it():
    admission = admitted(
        [waits("1", "etl/clean", group="warehouse")], [runs("0", "etl/load", group="warehouse")]
    )

    assert admission.reasons == {"1": "waits for group warehouse (held by etl/load)"}


def test_a_group_holds_back_parallel_runs_of_one_script():
    admission = admitted(
        [waits("1", group="w", concurrency=5), waits("2", group="w", concurrency=5)]
    )

    assert admission.start == ("1",)


def test_a_retry_waits_for_its_time_and_says_when():
    admission = admitted([waits("1", not_before=NOON + timedelta(minutes=1))])

    assert admission.reasons == {"1": "retry at 2026-05-01T12:01:00Z"}


def test_a_retry_starts_at_its_time():
    assert admitted([waits("1", not_before=NOON)]).start == ("1",)


def test_the_next_look_is_due_when_the_first_retry_is():
    soon, later = NOON + timedelta(seconds=5), NOON + timedelta(hours=1)

    admission = admitted([waits("1", "a", not_before=later), waits("2", "b", not_before=soon)])

    assert admission.wake_at == soon


def test_nothing_to_wake_for_when_no_run_is_delayed():
    assert admitted([waits("1"), waits("2")]).wake_at is None


def test_a_run_whose_environment_is_being_built_waits_without_blocking_others():
    admission = admitted([waits("1", "a", environment_ready=False), waits("2", "b")], slots=1)

    assert admission.start == ("2",)
    assert admission.reasons == {"1": "environment is being built"}


def test_a_delayed_retry_does_not_hold_its_group():
    later = NOON + timedelta(hours=1)

    admission = admitted([waits("1", "a", group="w", not_before=later), waits("2", "b", group="w")])

    assert admission.start == ("2",)


def test_a_queued_run_takes_its_bounds_from_its_script():
    script = a_script(overlap=Overlap.PARALLEL, max_parallel=3, group="w")

    waiting = Waiting.of(a_run(not_before=NOON), script, environment_ready=True)

    assert (waiting.concurrency, waiting.group, waiting.not_before) == (3, "w", NOON)


def test_a_running_run_of_a_deleted_script_holds_no_group():
    assert Running.of(a_run(), None).group is None


scripts = st.sampled_from([("a", None, 1), ("b", "w", 1), ("c", "w", 3), ("d", None, 2)])
delays = st.one_of(st.none(), st.integers(-60, 60).map(lambda s: NOON + timedelta(seconds=s)))


@st.composite
def queues(draw) -> list[Waiting]:
    items = draw(st.lists(st.tuples(scripts, delays, st.booleans()), max_size=25))
    return [
        waits(str(n), name, group=group, concurrency=most, not_before=due, environment_ready=ready)
        for n, ((name, group, most), due, ready) in enumerate(items)
    ]


def held(queue: list[Waiting], admission: Admission) -> list[Waiting]:
    return [run for run in queue if run.id in admission.start]


@settings(max_examples=25)
@given(queues(), st.integers(0, 6))
def test_slots_groups_and_scripts_are_never_exceeded(queue, slots):
    started = held(queue, admitted(queue, slots=slots))

    groups = Counter(run.group for run in started if run.group)
    per_script = Counter(run.script for run in started)
    assert len(started) <= slots
    assert all(count == 1 for count in groups.values())
    assert all(per_script[run.script] <= run.concurrency for run in started)


@settings(max_examples=25)
@given(queues(), st.integers(0, 6))
def test_every_waiting_run_either_starts_or_has_a_reason(queue, slots):
    admission = admitted(queue, slots=slots)

    assert {*admission.start}.isdisjoint(admission.reasons)
    assert {*admission.start, *admission.reasons} == {run.id for run in queue}


@settings(max_examples=25)
@given(queues(), st.integers(0, 6))
def test_a_run_is_never_passed_by_a_later_equal(queue, slots):
    started = {run.id for run in held(queue, admitted(queue, slots=slots))}

    def kind(run):
        return (run.script, run.environment_ready, run.not_before is None or run.not_before <= NOON)

    for n, run in enumerate(queue):
        later = [other.id for other in queue[n:] if kind(other) == kind(run)]
        assert run.id in started or started.isdisjoint(later)


@settings(max_examples=25)
@given(queues(), st.integers(1, 6))
def test_no_run_starves(queue, slots):
    waiting, rounds = queue, 0
    while waiting and rounds <= len(queue):
        ready = [Waiting(**{**_fields(run), "environment_ready": True}) for run in waiting]
        start = admit(ready, (), slots=slots, now=NOON + timedelta(hours=1)).start
        waiting = [run for run in waiting if run.id not in start]
        rounds += 1

    assert waiting == []


def _fields(run: Waiting) -> dict:
    return {name: getattr(run, name) for name in Waiting.__dataclass_fields__}


@settings(max_examples=25)
@given(queues(), st.integers(0, 6))
def test_an_admission_is_complete(queue, slots):
    first = admitted(queue, slots=slots)
    running = [Running(id=run.id, script=run.script, group=run.group) for run in held(queue, first)]
    rest = [run for run in queue if run.id not in first.start]

    assert admitted(rest, running, slots=slots).start == ()


def test_ten_thousand_waiting_runs_are_looked_at_in_no_time():
    queue = [waits(str(n), f"s{n % 500}", group=f"g{n % 40}") for n in range(10_000)]

    best = min(_seconds(queue) for _ in range(3))

    assert best < 0.05


def _seconds(queue) -> float:
    began = process_time()
    admitted(queue, slots=4)
    return process_time() - began
