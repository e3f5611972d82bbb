"""The outbox of notices on SQLite."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InvalidInput
from engine.model.identity import ScriptId
from engine.model.notice import DeliveryState, Standing
from engine.model.run import RunStatus
from engine.ports import NoticeFilter, Settled, Transition, Trouble
from engine.store import notifications
from engine.store.database import Database
from engine.store.notifications import KEPT, SqliteNotificationStore
from engine.store.runs import SqliteRunStore
from tests.fakes.clock import START
from tests.fakes.told import a_notice, an_end

LOAD = ScriptId("etl/load")
LATER = START + timedelta(minutes=1)
STANDING = Standing(
    failing_since=START, failures=3, failure_told_at=LATER, missed_told_at=START,
    expected_since=LATER, overdue_told=True,
)  # fmt: skip


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "pysched.db")
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> SqliteNotificationStore:
    return SqliteNotificationStore(database)


def settle(store: SqliteNotificationStore, **fields: Any) -> None:
    asyncio.run(store.settle(Settled(**fields)))


def tell(store: SqliteNotificationStore, *ids: str, to: tuple[str, ...] = ("ops@x.y",)) -> None:
    settle(store, notices=[(a_notice(each), to) for each in ids])


def test_an_end_is_to_be_told_as_soon_as_its_run_is_over(database, store):
    runs = SqliteRunStore(database)
    run = an_end()
    asyncio.run(runs.commit(Transition(new_runs=[replace(run, status=RunStatus.RUNNING)])))
    asyncio.run(runs.commit(Transition(changed_runs=[run], ends_to_tell=[run.id])))

    assert [run_id for _, run_id in store.ends(10)] == [run.id]


def test_an_end_that_is_decided_on_is_not_found_again(database, store):
    runs = [an_end(number) for number in (1, 2)]
    transition = Transition(new_runs=runs, ends_to_tell=[run.id for run in runs])
    asyncio.run(SqliteRunStore(database).commit(transition))
    number, _ = store.ends(1)[0]
    settle(store, ends=[number])

    assert [run_id for _, run_id in store.ends(10)] == [runs[1].id]


def test_what_is_remembered_of_a_script_comes_back(store):
    settle(store, standings={LOAD: STANDING, ScriptId("other"): Standing()})

    assert store.standings() == {LOAD: STANDING, "other": Standing()}


def test_a_script_is_forgotten(store):
    settle(store, standings={LOAD: STANDING})
    settle(store, standings={LOAD: None})

    assert store.standings() == {}


def test_a_notice_waits_for_each_of_its_targets(store):
    tell(store, "n1", to=("ops@x.y", "json://h/"))

    due = store.due(START, 10)

    assert [(each.notice, each.target, each.attempts) for each in due] == [
        (a_notice("n1"), "ops@x.y", 0),
        (a_notice("n1"), "json://h/", 0),
    ]


def test_a_notice_is_made_once(store):
    tell(store, "n1")
    tell(store, "n1", to=("other@x.y",))

    assert [each.target for each in store.due(START, 10)] == ["ops@x.y"]


def test_a_delivery_is_not_due_before_its_time(store):
    tell(store, "n1")
    (delivery,) = store.due(START, 10)
    asyncio.run(store.record([replace(delivery, attempts=1, next_at=LATER, error="451 busy")]))

    assert store.due(START, 10) == []
    assert store.next_due() == LATER
    assert [(each.attempts, each.error) for each in store.due(LATER, 10)] == [(1, "451 busy")]


@pytest.mark.parametrize("state", [DeliveryState.DELIVERED, DeliveryState.FAILED])
def test_a_delivery_that_is_done_stays_so(store, state):
    tell(store, "n1")
    (delivery,) = store.due(START, 10)
    done = replace(delivery, state=state, attempts=1, next_at=None, done_at=LATER)
    asyncio.run(store.record([done]))
    asyncio.run(store.record([replace(delivery, attempts=9)]))

    assert (store.next_due(), store.page(NoticeFilter(), limit=9).items) == (None, [done])


def trouble(store: SqliteNotificationStore) -> Trouble | None:
    return store.in_trouble(attempts=3, since=START)


def test_what_is_tried_often_and_what_is_given_up_is_trouble(store):
    tell(store, "once", "often", "given up", "long ago")
    once, often, given_up, long_ago = store.due(START, 10)
    failed = replace(once, state=DeliveryState.FAILED, next_at=None)
    asyncio.run(
        store.record(
            [
                replace(once, attempts=1),
                replace(often, attempts=3, error="busy"),
                replace(failed, id=given_up.id, done_at=START, error="unknown"),
                replace(failed, id=long_ago.id, done_at=START - timedelta(seconds=1)),
            ]
        )
    )

    assert trouble(store) == Trouble(number=2, target="ops@x.y", error="unknown")


def test_a_target_that_takes_notices_again_is_in_no_trouble(store):
    tell(store, "given up", "later")
    given_up, later = store.due(START, 10)
    done = replace(given_up, next_at=None, done_at=START)
    asyncio.run(store.record([replace(done, state=DeliveryState.FAILED)]))
    asyncio.run(store.record([replace(done, id=later.id, state=DeliveryState.DELIVERED)]))

    assert trouble(store) is None


def test_a_target_that_took_notices_before_only_is_in_trouble(store):
    tell(store, "before", "given up")
    before, given_up = store.due(START, 10)
    done = replace(given_up, next_at=None, done_at=START, error="gone")
    asyncio.run(store.record([replace(done, state=DeliveryState.FAILED)]))
    asyncio.run(store.record([replace(done, id=before.id, state=DeliveryState.DELIVERED)]))

    assert trouble(store) == Trouble(number=1, target="ops@x.y", error="gone")


def test_old_notices_go_unless_they_wait(store):
    tell(store, "done", "waits")
    done, _ = store.due(START, 10)
    asyncio.run(store.record([replace(done, state=DeliveryState.DELIVERED, next_at=None)]))
    new = a_notice("new", at=START + KEPT + timedelta(seconds=1))
    settle(store, notices=[(new, ["ops@x.y"])])

    listed = store.page(NoticeFilter(), limit=9).items

    assert [each.notice.id for each in listed] == ["new", "waits"]


def pages(store: SqliteNotificationStore, limit: int, **which: Any) -> list[list[str]]:
    found: list[list[str]] = []
    cursor = None
    while True:
        page = store.page(NoticeFilter(**which), limit=limit, cursor=cursor)
        found.append([each.notice.id for each in page.items])
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_a_list_goes_on_where_a_page_ended(store):
    tell(store, *"abcde")

    assert pages(store, 2) == [["e", "d"], ["c", "b"], ["a"]]


def test_a_list_shows_what_is_asked_for(store):
    others = [(a_notice(f"o{n}", script=ScriptId("web/site")), ["ops@x.y"]) for n in range(5)]
    settle(store, notices=[(a_notice("n1"), ["ops@x.y"]), *others])

    assert pages(store, 2, script=LOAD) == [["n1"]]
    assert pages(store, 2, scripts=("etl/*",)) == [["n1"]]
    assert pages(store, 9, state="failed") == [[]]


def test_a_cursor_of_another_list_is_refused(store):
    with pytest.raises(InvalidInput, match="cursor"):
        store.page(NoticeFilter(), limit=1, cursor="r1.")


@pytest.mark.parametrize(
    ("question", "index"),
    [
        ("_DUE", "deliveries_waiting"),
        ("_NEXT", "deliveries_waiting"),
        ("_PRUNE", "notices_by_time"),
        ("_TROUBLE", "deliveries_waiting"),
        ("_TROUBLE", "deliveries_failed (done_at>?)"),
        ("_TROUBLE", "deliveries_delivered (target=?"),
    ],
)
def test_what_is_asked_often_is_found_by_an_index(database, question, index):
    sql = getattr(notifications, question)

    assert index in plan_of(database, sql, [0] * sql.count("?"))


def test_the_list_of_a_script_is_found_by_an_index(database):
    sql, values = notifications._page_query(NoticeFilter(script=LOAD), 2**63 - 1, 50)

    assert "notices_by_script (script=?)" in plan_of(database, sql, values)


def plan_of(database: Database, sql: str, values: Sequence[Any]) -> str:
    steps = database.read(lambda c: c.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall())
    return "\n".join(step for *_, step in steps)
