"""What every AuditStore does."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.errors import InvalidInput
from engine.model.audit import AuditEntry, AuditFilter
from engine.ports import AuditStore
from engine.store.audit import SqliteAuditStore
from engine.store.database import Database
from tests.fakes.audit import FakeAuditStore
from tests.fakes.clock import START

ENTRY = AuditEntry(
    at=START,
    who="ada",
    kind="key",
    address="192.0.2.7",
    action="POST /api/scripts/{script_id}/execute",
    parameters={"script_id": "etl/load", "run_id": "20260501T090000-abc"},
    status=202,
    request_id="1-2",
)
DENIED = replace(ENTRY, who="", kind="", status=401, code="unauthorized", parameters={})


@pytest.fixture(params=["fake", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AuditStore]:
    if request.param == "fake":
        yield FakeAuditStore()
        return
    database = Database(tmp_path / "pysched.db")
    yield SqliteAuditStore(database)
    database.close()


def later(entry: AuditEntry, minutes: int, **changes: object) -> AuditEntry:
    moment = START + timedelta(minutes=minutes)
    return replace(entry, at=moment, **changes)  # pyright: ignore[reportArgumentType]


def put(store: AuditStore, *entries: AuditEntry) -> None:
    asyncio.run(store.add(entries))


def found(store: AuditStore, **which: object) -> list[AuditEntry]:
    return list(store.page(AuditFilter(**which), limit=50).items)  # pyright: ignore[reportArgumentType]


def test_an_entry_comes_back_as_it_was(store: AuditStore):
    put(store, ENTRY)

    assert found(store) == [ENTRY]


def test_entries_are_listed_newest_first(store: AuditStore):
    put(store, later(ENTRY, 1), later(ENTRY, 3), later(ENTRY, 2))

    assert [entry.at.minute for entry in found(store)] == [3, 2, 1]


@pytest.mark.parametrize(
    ("which", "minutes"),
    [
        ({"who": "bob"}, [2]),
        ({"action": "DELETE"}, [3]),
        ({"action": "/api/keys"}, [3]),
        ({"script": "web/site"}, [4]),
        ({"since": START + timedelta(minutes=3)}, [4, 3]),
        ({"until": START + timedelta(minutes=3)}, [2, 1]),
        ({"who": "bob", "action": "DELETE"}, []),
    ],
)
def test_filters_are_joined(store: AuditStore, which, minutes):
    put(
        store,
        later(ENTRY, 1),
        later(ENTRY, 2, who="bob"),
        later(ENTRY, 3, action="DELETE /api/keys/{key_id}"),
        later(ENTRY, 4, parameters={"script_id": "web/site"}),
    )

    assert [entry.at.minute for entry in found(store, **which)] == minutes


def test_pages_follow_one_another_without_a_gap(store: AuditStore):
    put(store, *(replace(ENTRY, request_id=str(number)) for number in range(7)))
    seen: list[str] = []
    cursor = None
    while True:
        page = store.page(AuditFilter(), limit=3, cursor=cursor)
        seen += [entry.request_id for entry in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert seen == ["6", "5", "4", "3", "2", "1", "0"]


def test_a_foreign_cursor_is_refused(store: AuditStore):
    with pytest.raises(InvalidInput, match="cursor"):
        store.page(AuditFilter(), limit=3, cursor="r12.abc")


def test_old_entries_go(store: AuditStore):
    put(store, later(ENTRY, 1), later(ENTRY, 2), later(ENTRY, 3))
    gone = asyncio.run(store.prune(START + timedelta(minutes=3), 100))

    assert (gone, [entry.at.minute for entry in found(store)]) == (2, [3])


def test_denied_attempts_push_no_change_out(store: AuditStore):
    put(store, ENTRY, *(later(DENIED, minute) for minute in range(1, 6)))
    asyncio.run(store.prune(START, 2))

    assert [entry.at.minute for entry in found(store)] == [5, 4, 0]
