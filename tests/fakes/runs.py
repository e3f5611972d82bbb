"""A RunStore in memory, with the same keys and the same final statuses as the real one."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from engine.errors import InvalidInput
from engine.model.account import covers
from engine.model.identity import RunId, ScriptId, TriggerKey
from engine.model.run import Occurrence, Run
from engine.ports import Page, RunFilter, Transition
from tests.fakes.archive import FakeArchive

T = TypeVar("T")


class FakeRunStore:
    """`transitions` holds all that was committed, in order, for tests that look at it.

    `last_due` and `files` may be shared with a FakeScriptStore, as the real ones share a table.
    """

    def __init__(
        self,
        archive: FakeArchive | None = None,
        last_due: dict[tuple[ScriptId, TriggerKey], datetime] | None = None,
        files: dict[tuple[ScriptId, TriggerKey], Mapping[str, str]] | None = None,
    ) -> None:
        self.runs: dict[RunId, Run] = {}
        self.ledger: dict[tuple[ScriptId, TriggerKey, datetime], Occurrence] = {}
        self.last_due = {} if last_due is None else last_due
        self.request_keys: dict[tuple[ScriptId, str], RunId] = {}
        self.files: dict[tuple[ScriptId, TriggerKey], Mapping[str, str]] = (
            {} if files is None else files
        )
        self.transitions: list[Transition] = []
        self._archive = archive

    async def commit(self, transition: Transition) -> frozenset[RunId]:
        self.transitions.append(transition)
        old, new = set[RunId | None](), set[RunId | None]()
        for occurrence in transition.occurrences:
            key = (occurrence.script, occurrence.trigger, occurrence.due.astimezone(UTC))
            (old if key in self.ledger else new).add(occurrence.run_id)
            self.ledger.setdefault(key, occurrence)
        inserted: set[RunId] = set()
        for run in transition.new_runs:
            if run.id not in self.runs and run.id not in old - new:
                self.runs[run.id] = run
                inserted.add(run.id)
        for run in transition.changed_runs:
            known = self.runs.get(run.id)
            if known is not None and not known.status.final:
                self.runs[run.id] = replace(
                    run,
                    script=known.script,
                    cause=known.cause,
                    trigger=known.trigger,
                    queued_at=known.queued_at,
                )
        self.last_due.update(transition.last_due)
        self.files.update(transition.files)
        for key, run_id in transition.request_keys.items():
            self.request_keys.setdefault(key, run_id)
        return frozenset(inserted)

    def run(self, run_id: RunId) -> Run | None:
        return self.runs.get(run_id)

    def requested(self, script: ScriptId, key: str) -> RunId | None:
        return self.request_keys.get((script, key))

    def active(self) -> Sequence[Run]:
        return [run for run in reversed(self._newest_first()) if not run.status.final]

    def last_started(self, script: ScriptId) -> Run | None:
        return next(
            (
                run
                for run in self._newest_first()
                if run.script == script and run.status.final and run.started_at is not None
            ),
            None,
        )

    def last_runs(self, scripts: Collection[ScriptId] | None = None) -> Mapping[ScriptId, Run]:
        newest = {run.script: run for run in reversed(self._newest_first())}
        return {
            script: run for script, run in newest.items() if scripts is None or script in scripts
        }

    def page(self, which: RunFilter, *, limit: int, cursor: str | None = None) -> Page[Run]:
        found = [run for run in self._candidates(which) if _passes(run, which)]
        return _page(found, "run", lambda run: run.id, limit, cursor)

    def occurrences(
        self, script: ScriptId, *, limit: int, cursor: str | None = None
    ) -> Page[Occurrence]:
        rows = [row for row in self.ledger.values() if row.script == script]
        rows.sort(key=lambda row: (row.due, row.trigger), reverse=True)
        return _page(
            rows, "due", lambda row: f"{row.due.astimezone(UTC)}~{row.trigger}", limit, cursor
        )

    def _newest_first(self) -> list[Run]:
        places = {run_id: place for place, run_id in enumerate(self.runs)}
        return sorted(
            self.runs.values(), key=lambda run: (run.queued_at, places[run.id]), reverse=True
        )

    def _candidates(self, which: RunFilter) -> Sequence[Run]:
        if which.query is None:
            return self._newest_first()
        if self._archive is None:
            raise InvalidInput("output is not searchable here")
        found = self._archive.search(which.query, limit=len(self._archive.texts) + 1)
        return [self.runs[run_id] for run_id in found if run_id in self.runs]


def _passes(run: Run, which: RunFilter) -> bool:
    return (
        covers(which.scripts, run.script)
        and (which.script is None or run.script == which.script)
        and (which.status is None or run.status in which.status)
        and (which.trigger is None or which.trigger in {run.trigger, run.cause})
        and (which.since is None or run.queued_at >= which.since)
        and (which.until is None or run.queued_at < which.until)
    )


def _page(
    rows: Sequence[T], kind: str, name: Callable[[T], str], limit: int, cursor: str | None
) -> Page[Any]:
    if limit < 1:
        raise InvalidInput(f"limit {limit} is too small")
    start = 0
    if cursor is not None:
        names = [f"{kind}:{name(row)}" for row in rows]
        if cursor not in names:
            raise InvalidInput(f"cursor {cursor!r} is not one of this list")
        start = names.index(cursor) + 1
    items = rows[start : start + limit]
    more = start + limit < len(rows)
    return Page(items=items, next_cursor=f"{kind}:{name(items[-1])}" if more else None)
