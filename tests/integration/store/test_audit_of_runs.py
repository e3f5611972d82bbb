"""What is done to a run is found by its script, which the caller need not have named."""

import asyncio
from pathlib import Path

from engine.model.audit import AuditEntry, AuditFilter
from engine.ports import Transition
from engine.store.audit import SqliteAuditStore
from engine.store.database import Database
from engine.store.output import SqliteOutputArchive
from engine.store.runs import SqliteRunStore
from tests.fakes.clock import START
from tests.fakes.run_facts import a_run


def test_the_cancelling_of_a_run_is_found_by_its_script(tmp_path: Path):
    main, logs = Database(tmp_path / "pysched.db"), Database(tmp_path / "logs.db")
    run = a_run()
    entry = AuditEntry(
        at=START,
        who="ada",
        action="POST /api/runs/{run_id}/cancel",
        parameters={"run_id": run.id},
        status=202,
    )
    runs, audit = SqliteRunStore(main, SqliteOutputArchive(logs, tmp_path)), SqliteAuditStore(main)

    async def write() -> None:
        await runs.commit(Transition(new_runs=(run,)))
        await audit.add([entry])

    asyncio.run(write())
    found = audit.page(AuditFilter(script=run.script), limit=10).items
    main.close()
    logs.close()

    assert list(found) == [entry]
