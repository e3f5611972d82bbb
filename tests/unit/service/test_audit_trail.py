"""The audit log is written in the background, and a disk that is full is no failure."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from engine.errors import Unavailable
from engine.model.audit import AuditEntry
from engine.reconcile.tasks import Tasks
from engine.service.audit import MOST_WAITING, AuditTrail
from tests.fakes.audit import FakeAuditStore
from tests.fakes.clock import START
from tests.fakes.reconciled import on_a_loop

CHANGE = AuditEntry(at=START, who="ada", action="POST /api/keys", status=201)
DENIED = AuditEntry(at=START, address="192.0.2.7", action="GET /api/runs", status=401)


def a_trail() -> tuple[AuditTrail, FakeAuditStore, Tasks]:
    store, tasks = FakeAuditStore(), Tasks()
    return AuditTrail(store, tasks), store, tasks


@on_a_loop
async def test_an_entry_is_kept_soon():
    trail, store, tasks = a_trail()
    trail.record(CHANGE)
    await tasks.settle()

    assert store.kept == [CHANGE]


@on_a_loop
async def test_a_flood_of_denied_attempts_is_two_entries():
    trail, store, tasks = a_trail()
    for _ in range(10_000):
        trail.record(DENIED)
    trail.close()
    await tasks.settle()

    assert [entry.count for entry in store.kept] == [1, 9_999]


@on_a_loop
async def test_failures_of_nobody_known_are_gathered_as_well():
    trail, store, tasks = a_trail()
    for _ in range(50):
        trail.record(replace(DENIED, status=422, action="POST /api/auth/login"))
    await tasks.settle()

    assert len(store.kept) == 1


@on_a_loop
async def test_what_a_full_disk_refuses_is_kept_for_the_next_try(caplog):
    trail, store, tasks = a_trail()
    store.failure = Unavailable("the disk is full")
    for number in range(3):
        trail.record(replace(CHANGE, request_id=str(number)))
        await tasks.settle()
    store.failure = None
    trail.record(replace(CHANGE, request_id="3"))
    await tasks.settle()

    assert [entry.request_id for entry in store.kept] == ["0", "1", "2", "3"]
    assert [record.message for record in caplog.records] == [
        "the audit log cannot be written; entries wait in memory for the next try"
    ]


@on_a_loop
async def test_a_disk_that_stays_full_takes_no_memory_without_end():
    trail, store, tasks = a_trail()
    store.failure = Unavailable("the disk is full")
    for _ in range(MOST_WAITING + 500):
        trail.record(CHANGE)
    await tasks.settle()
    store.failure = None
    trail.record(CHANGE)
    await tasks.settle()
    await asyncio.sleep(0)

    assert len(store.kept) == MOST_WAITING


@on_a_loop
async def test_old_entries_go():
    trail, store, tasks = a_trail()
    for days in (0, 400):
        trail.record(replace(CHANGE, at=START - timedelta(days=days)))
    await tasks.settle()
    await trail.prune(timedelta(days=365), START)

    assert [entry.at for entry in store.kept] == [START]


@on_a_loop
async def test_a_full_disk_keeps_nothing_else_from_being_collected(caplog):
    trail, store, _ = a_trail()
    store.failure = Unavailable("the disk is full")
    await trail.prune(timedelta(days=365), START)

    assert [record.message for record in caplog.records] == ["old audit entries cannot be removed"]
