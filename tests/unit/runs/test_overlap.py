import pytest

from engine.model.run import RunStatus
from engine.model.script import Overlap
from engine.runs.overlap import ENQUEUE, Decision, concurrency, on_due
from tests.fakes.run_facts import a_run, a_script

RUNNING = a_run("20260501T120000-01", status=RunStatus.RUNNING)
QUEUED = a_run("20260501T120000-02")
OVER = a_run("20260501T120000-03", status=RunStatus.SUCCESS)


@pytest.mark.parametrize("overlap", Overlap)
def test_a_run_is_enqueued_when_none_is_going(overlap):
    assert on_due(a_script(overlap=overlap, queue_limit=0), [OVER]) == ENQUEUE


@pytest.mark.parametrize("going", [RUNNING, QUEUED])
def test_skip_refuses_while_a_run_is_going(going):
    assert on_due(a_script(overlap=Overlap.SKIP), [going]) == Decision(
        enqueue=False, reason="overlap"
    )


def test_queue_without_a_limit_takes_any_number():
    assert on_due(a_script(overlap=Overlap.QUEUE), [RUNNING, *[QUEUED] * 50]).enqueue


@pytest.mark.parametrize(("going", "enqueue"), [(2, True), (3, False)])
def test_queue_limit_counts_those_that_would_wait(going, enqueue):
    script = a_script(overlap=Overlap.QUEUE, queue_limit=2)

    assert on_due(script, [RUNNING, QUEUED, QUEUED][:going]).enqueue is enqueue


def test_a_full_queue_gives_its_limit_as_the_reason():
    script = a_script(overlap=Overlap.QUEUE, queue_limit=1)

    assert on_due(script, [RUNNING, QUEUED]).reason == "queue limit 1 reached"


def test_parallel_takes_runs_up_to_its_bound():
    assert on_due(a_script(overlap=Overlap.PARALLEL, max_parallel=2), [RUNNING]) == ENQUEUE


def test_parallel_at_its_bound_behaves_as_skip_and_says_so():
    script = a_script(overlap=Overlap.PARALLEL, max_parallel=2)

    assert on_due(script, [RUNNING, QUEUED]) == Decision(
        enqueue=False, reason="overlap: 2 of 2 parallel runs going"
    )


def test_replace_cancels_what_is_going():
    decision = on_due(a_script(overlap=Overlap.REPLACE), [RUNNING, QUEUED, OVER])

    assert decision == Decision(enqueue=True, cancel=(RUNNING.id, QUEUED.id))


def test_max_parallel_counts_only_with_overlap_parallel():
    assert concurrency(a_script(overlap=Overlap.QUEUE, max_parallel=4)) == 1
