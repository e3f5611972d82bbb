"""The same Idempotency-Key gives the same run, whatever became of the request before."""

import asyncio
from pathlib import Path

from engine.model.identity import RunId
from engine.model.script import Overlap
from engine.service.requests import Requests
from tests.fakes.reconciled import Disk, Engine, on_a_loop
from tests.fakes.world import URL, a_script

SCRIPT = a_script(URL, overlap=Overlap.QUEUE)


async def asked(requests: Requests) -> "asyncio.Task[RunId]":
    asking = requests.trigger(SCRIPT, payload=None, requested_by="ada", idempotency_key="k")
    task = asyncio.create_task(asking)
    await a_few_turns()
    return task


async def a_few_turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@on_a_loop
async def test_requests_that_come_after_one_that_failed_share_a_run(tmp_path: Path):
    disk = Disk(tmp_path)
    disk.put(SCRIPT)
    engine = await Engine(disk).start()
    requests = Requests(
        disk.clock, engine.state, disk.runs, engine.recorder, engine.endings, disk.places
    )
    disk.runs.gate.before = lambda _: True
    first, second = await asked(requests), await asked(requests)
    first.cancel()
    await a_few_turns()
    third = await asked(requests)

    disk.runs.gate.open()

    assert await second == await third
