"""Put what is to be told in words: look up the run, its output and the success before it."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from functools import partial
from hashlib import blake2b
from typing import NamedTuple
from urllib.parse import quote

from engine.errors import EngineError
from engine.model.identity import RunId
from engine.model.notice import Notice, NoticeKind
from engine.model.run import Run, RunStatus
from engine.model.script import Script
from engine.notify.message import Facts, compose
from engine.notify.rules import Told
from engine.ports import RunFilter, RunStore
from engine.reconcile.notes import facts_of
from engine.runs import lines
from engine.runs.files import RunFiles

logger = logging.getLogger(__name__)

LINES = 30
"""Of output, at most, in one notice."""
_WITH_OUTPUT = frozenset({NoticeKind.FAILURE, NoticeKind.SUCCESS, NoticeKind.LONG_RUNNING})


class Wording(NamedTuple):
    """What is the same for all notices."""

    zone: tzinfo
    public_url: str | None
    """Where people find the server; None leaves links out."""
    redact: Callable[[str], str]
    """Takes secrets out of a text."""


class Notices:
    def __init__(self, runs: RunStore, files: RunFiles, wording: Wording) -> None:
        self._runs = runs
        self._files = files
        self._wording = wording

    async def write(self, script: Script, told: Told, run: Run | None, now: datetime) -> Notice:
        """Return the notice that tells it; the same thing told again has the same id."""
        facts = Facts(
            told=told,
            script=script.id,
            name=script.name,
            now=now,
            zone=self._wording.zone,
            run=run,
            lines=await self._output(told, run),
            last_success=self._success_before(script, run),
            expect_within=script.expect_within,
            link=self._link(script, run),
        )
        message = compose(facts)
        return Notice(
            id=_id_of(script, told),
            kind=told.kind,
            script=script.id,
            run=told.run,
            at=now,
            subject=self._wording.redact(message.subject),
            text=self._wording.redact(message.text),
        )

    async def _output(self, told: Told, run: Run | None) -> Sequence[str]:
        if run is None or run.started_at is None or told.kind not in _WITH_OUTPUT:
            return ()
        try:
            return await asyncio.to_thread(self._last_lines, run.id)
        except EngineError as error:
            # A notice without output is better than none.
            logger.warning("no output to tell", extra=facts_of(run) | {"error": str(error)})
            return ()

    def _last_lines(self, run_id: RunId) -> Sequence[str]:
        found = self._files.look(run_id, partial(lines.tail, count=LINES))
        return [line.text for line in found]

    def _success_before(self, script: Script, run: Run | None) -> Run | None:
        which = RunFilter(
            script=script.id, status={RunStatus.SUCCESS}, until=run.queued_at if run else None
        )
        return next(iter(self._runs.page(which, limit=1).items), None)

    def _link(self, script: Script, run: Run | None) -> str | None:
        root = self._wording.public_url
        if root is None:
            return None
        if run is not None:
            return f"{root.rstrip('/')}/runs/{quote(run.id)}"
        return f"{root.rstrip('/')}/scripts/{quote(script.id)}"


def _id_of(script: Script, told: Told) -> str:
    since = told.since.isoformat() if told.since is not None and told.run is None else ""
    said = f"{told.kind}\0{script.id}\0{told.run or ''}\0{since}"
    return blake2b(said.encode(), digest_size=12).hexdigest()
