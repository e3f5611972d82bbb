"""Notices and their deliveries on SQLite: the outbox.

What an end leads to is written in one transaction with the end's removal from the list of
those to decide on; a delivery leaves the state `waiting` only when its result is written.
So a crash at any moment leads to a notice that is sent again and never to none.
"""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from engine.model.account import covers
from engine.model.identity import RunId, ScriptId
from engine.model.notice import Delivery, DeliveryState, Notice, NoticeKind, Standing
from engine.ports import NoticeFilter, Page, Settled, Trouble
from engine.store.cursors import cursor as cursor_for
from engine.store.cursors import placed
from engine.store.database import Database
from engine.store.moments import moment, moment_or_none, stored, stored_or_none

KEPT = timedelta(days=30)

_STANDING = "failing_since, failures, failure_told_at, missed_told_at, expected_since, overdue_told"
_NOTICE = "kind, script, run_id, at, subject, text"
_DELIVERY = "id, notice, target, state, attempts, next_at, done_at, error"

_ENDS = "SELECT id, run_id FROM ends_to_tell ORDER BY id LIMIT ?"
_DECIDED = "DELETE FROM ends_to_tell WHERE id = ?"
_STANDINGS = f"SELECT script, {_STANDING} FROM standings"  # noqa: S608
_SET_STANDING = (
    f"INSERT OR REPLACE INTO standings (script, {_STANDING}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
)
_FORGET = "DELETE FROM standings WHERE script = ?"
_ADD_NOTICE = f"INSERT OR IGNORE INTO notices (id, {_NOTICE}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_ADD_DELIVERY = (
    "INSERT OR IGNORE INTO deliveries (notice, target, state, attempts, next_at, error) "
    "VALUES (?, ?, 'waiting', 0, ?, '')"
)
_PRUNE = (
    "DELETE FROM notices WHERE at < ? AND NOT EXISTS "
    "(SELECT 1 FROM deliveries WHERE notice = notices.id AND state = 'waiting')"
)
_SELECT = (
    f"SELECT {', '.join('d.' + name for name in _DELIVERY.split(', '))}, "  # noqa: S608
    f"{', '.join('n.' + name for name in _NOTICE.split(', '))} "
    "FROM deliveries AS d {index} JOIN notices AS n ON n.id = d.notice "
)
_DUE = (
    _SELECT.format(index="INDEXED BY deliveries_waiting")
    + "WHERE d.state = 'waiting' AND d.next_at <= ? ORDER BY d.next_at, d.id LIMIT ?"
)
_NEXT = "SELECT min(next_at) FROM deliveries INDEXED BY deliveries_waiting WHERE state = 'waiting'"
_WAITING = (
    "SELECT id, target, error FROM deliveries INDEXED BY deliveries_waiting "
    "WHERE state = 'waiting' AND attempts >= ?"
)
_GIVEN_UP = (
    "SELECT id, target, error FROM deliveries AS d INDEXED BY deliveries_failed "
    "WHERE state = 'failed' AND done_at >= ? AND NOT EXISTS "
    "(SELECT 1 FROM deliveries AS l INDEXED BY deliveries_delivered "
    "WHERE l.target = d.target AND l.state = 'delivered' AND l.id > d.id)"
)
# Beside max() SQLite takes the other columns from its row (lang_select.html, 2.5).
_TROUBLE = f"SELECT count(*), max(id), target, error FROM ({_WAITING} UNION ALL {_GIVEN_UP})"  # noqa: S608
_CHANGE = (
    "UPDATE deliveries SET state = ?, attempts = ?, next_at = ?, done_at = ?, error = ? "
    "WHERE id = ? AND state = 'waiting'"
)


class SqliteNotificationStore:
    """Implements ports.NotificationStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ends(self, limit: int) -> Sequence[tuple[int, RunId]]:
        rows = self._all(_ENDS, (limit,))
        return [(number, RunId(run_id)) for number, run_id in rows]

    def standings(self) -> Mapping[ScriptId, Standing]:
        return {ScriptId(script): _standing(rest) for script, *rest in self._all(_STANDINGS)}

    async def settle(self, settled: Settled) -> None:
        await self._database.write(lambda connection: _settle(connection, settled), durable=True)

    def due(self, now: datetime, limit: int) -> Sequence[Delivery]:
        return [_delivery(row) for row in self._all(_DUE, (stored(now), limit))]

    def next_due(self) -> datetime | None:
        ((at,),) = self._all(_NEXT)
        return moment_or_none(at)

    async def record(self, deliveries: Collection[Delivery]) -> None:
        rows = [
            (
                each.state.value,
                each.attempts,
                stored_or_none(each.next_at),
                stored_or_none(each.done_at),
                each.error,
                each.id,
            )
            for each in deliveries
        ]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(_CHANGE, rows)

        await self._database.write(write, durable=True)

    def in_trouble(self, *, attempts: int, since: datetime) -> Trouble | None:
        ((count, _, target, error),) = self._all(_TROUBLE, (attempts, stored(since)))
        return Trouble(count, target, error) if count else None

    def page(self, which: NoticeFilter, *, limit: int, cursor: str | None = None) -> Page[Delivery]:
        before = 2**63 - 1 if cursor is None else placed("notices", cursor)[0]
        items: list[Delivery] = []
        while True:
            sql, values = _page_query(which, before, limit + 1)
            rows = self._all(sql, values)
            found = [_delivery(row) for row in rows]
            # GLOB reads more into a pattern than an asterisk, so it only narrows the choice.
            items += [each for each in found if _is_covered(which, each)]
            if len(items) > limit:
                return Page(
                    items=items[:limit],
                    next_cursor=cursor_for("notices", items[limit - 1].id, ""),
                )
            if len(rows) <= limit:
                return Page(items=items)
            before = found[-1].id

    def _all(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        return self._database.read(lambda connection: connection.execute(sql, values).fetchall())


def _settle(connection: sqlite3.Connection, settled: Settled) -> None:
    connection.executemany(_DECIDED, [(number,) for number in settled.ends])
    for script, standing in settled.standings.items():
        if standing is None:
            connection.execute(_FORGET, (script,))
        else:
            connection.execute(_SET_STANDING, (script, *_standing_values(standing)))
    for notice, targets in settled.notices:
        if not connection.execute(_ADD_NOTICE, _notice_values(notice)).rowcount:
            continue
        at = stored(notice.at)
        connection.executemany(_ADD_DELIVERY, [(notice.id, target, at) for target in targets])
    if settled.notices:
        newest = max(notice.at for notice, _ in settled.notices)
        connection.execute(_PRUNE, (stored(newest - KEPT),))


def _page_query(which: NoticeFilter, before: int, limit: int) -> tuple[str, tuple[Any, ...]]:
    conditions: list[str] = ["d.id < ?"]
    values: list[Any] = [before]
    if which.script is not None:
        conditions.append("n.script = ?")
        values.append(which.script)
    if which.state is not None:
        conditions.append("d.state = ?")
        values.append(which.state)
    if which.scripts:
        conditions.append(f"({' OR '.join('n.script GLOB ?' for _ in which.scripts)})")
        values += which.scripts
    sql = f"{_SELECT.format(index='')} WHERE {' AND '.join(conditions)} ORDER BY d.id DESC LIMIT ?"
    return sql, (*values, limit)


def _is_covered(which: NoticeFilter, delivery: Delivery) -> bool:
    script = delivery.notice.script
    return not which.scripts or (script is not None and covers(which.scripts, script))


def _standing_values(standing: Standing) -> tuple[Any, ...]:
    return (
        stored_or_none(standing.failing_since),
        standing.failures,
        stored_or_none(standing.failure_told_at),
        stored_or_none(standing.missed_told_at),
        stored_or_none(standing.expected_since),
        int(standing.overdue_told),
    )


def _standing(row: Sequence[Any]) -> Standing:
    failing_since, failures, failure_told_at, missed_told_at, expected_since, overdue_told = row
    return Standing(
        failing_since=moment_or_none(failing_since),
        failures=failures,
        failure_told_at=moment_or_none(failure_told_at),
        missed_told_at=moment_or_none(missed_told_at),
        expected_since=moment_or_none(expected_since),
        overdue_told=bool(overdue_told),
    )


def _notice_values(notice: Notice) -> tuple[Any, ...]:
    return (
        notice.id,
        notice.kind.value,
        notice.script,
        notice.run,
        stored(notice.at),
        notice.subject,
        notice.text,
    )


def _delivery(row: Sequence[Any]) -> Delivery:
    (
        number, notice_id, target, state, attempts, next_at, done_at, error,
        kind, script, run_id, at, subject, text,
    ) = row  # fmt: skip
    notice = Notice(
        id=notice_id,
        kind=NoticeKind(kind),
        script=script,
        run=run_id,
        at=moment(at),
        subject=subject,
        text=text,
    )
    return Delivery(
        id=number,
        notice=notice,
        target=target,
        state=DeliveryState(state),
        attempts=attempts,
        next_at=moment_or_none(next_at),
        done_at=moment_or_none(done_at),
        error=error,
    )
