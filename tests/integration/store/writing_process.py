"""A process that commits without end and prints the id of each run once it is promised."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from engine.model.identity import ScriptId, TriggerKey
from engine.model.run import Occurrence, Outcome
from engine.ports import Transition
from engine.store.database import Database
from engine.store.runs import SqliteRunStore
from tests.fakes.run_facts import NOON, a_run

HOURLY = TriggerKey("hourly")


async def main(path: Path) -> None:
    store = SqliteRunStore(Database(path))
    numbers = iter(range(10**9))

    async def commit_on() -> None:
        for number in numbers:
            run = a_run(f"r{number}")
            due = NOON + timedelta(seconds=number)
            occurrence = Occurrence(
                script=run.script, trigger=HOURLY, due=due, outcome=Outcome.RAN, run_id=run.id
            )
            await store.commit(
                Transition(
                    occurrences=[occurrence],
                    new_runs=[run],
                    last_due={(ScriptId(str(number)), HOURLY): due},
                )
            )
            print(run.id, flush=True)

    await asyncio.gather(*(commit_on() for _ in range(8)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
