"""`kill -9` in the middle of commits: what was promised is there, and nothing by halves."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.model.identity import ScriptId
from engine.ports import RunFilter
from engine.store.database import Database
from engine.store.runs import SqliteRunStore

ROOT = Path(__file__).parents[3]


def promised_before_the_kill(path: Path, promises: int) -> set[str]:
    """Start the writing process, kill it after so many promises and return all of them."""
    command = [sys.executable, "-m", "tests.integration.store.writing_process", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        seen = {process.stdout.readline().strip() for _ in range(promises)}
        process.kill()
        # A line that the kill cut has no end and was no promise anyone read.
        return seen | {line.strip() for line in process.stdout if line.endswith("\n")}


@pytest.mark.parametrize("promises", [1, 57, 300])
def test_every_commit_that_was_promised_is_there_and_whole(tmp_path: Path, promises: int):
    path = tmp_path / "pysched.db"

    promised = promised_before_the_kill(path, promises)

    database = Database(path)
    store = SqliteRunStore(database)
    runs = {run.id for run in store.page(RunFilter(), limit=10**6).items}
    ledger = {row.run_id for row in store.occurrences(ScriptId("etl/load"), limit=10**6).items}
    (last_due,) = database.read(
        lambda connection: connection.execute("SELECT count(*) FROM trigger_state").fetchone()
    )
    problems = database.check()
    database.close()
    assert promised <= runs
    assert (runs, last_due, problems) == (ledger, len(runs), ())
