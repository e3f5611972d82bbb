"""The body of a request lies where its run finds it, and goes when there is no run."""

from pathlib import Path

import pytest

from engine.errors import KeyReused, Refused
from engine.model.identity import RunId, ScriptId
from engine.model.script import Script
from engine.service.requests import Requests
from tests.fakes.reconciled import Disk, Engine, on_a_loop
from tests.fakes.world import URL, a_script

SCRIPT = a_script(URL)


async def served(disk: Disk) -> tuple[Requests, Script]:
    disk.put(SCRIPT)
    engine = await Engine(disk).start()
    requests = Requests(
        disk.clock, engine.state, disk.runs, engine.recorder, engine.endings, disk.places
    )
    script = engine.state.script(ScriptId(SCRIPT.id))
    assert script is not None
    return requests, script


async def post(requests: Requests, script: Script, body: bytes) -> None:
    await requests.trigger(script, payload=body, requested_by="ada", idempotency_key=None)


def payloads(disk: Disk) -> list[Path]:
    return list((disk.root / "runs").glob("*/*/payload"))


@on_a_loop
async def test_a_body_is_for_this_account_alone(tmp_path: Path):
    disk = Disk(tmp_path)
    requests, script = await served(disk)

    await post(requests, script, b"secret")

    assert [path.stat().st_mode & 0o777 for path in payloads(disk)] == [0o600]


@on_a_loop
async def test_the_body_of_a_refused_request_is_not_kept(tmp_path: Path):
    disk = Disk(tmp_path)
    requests, script = await served(disk)
    await post(requests, script, b"one")

    with pytest.raises(Refused):
        await post(requests, script, b"two")

    assert [path.read_bytes() for path in payloads(disk)] == [b"one"]


@on_a_loop
async def test_an_idempotency_key_with_the_same_body_gives_the_same_run(tmp_path: Path):
    requests, script = await served(Disk(tmp_path))

    assert await keyed(requests, script, b"one") == await keyed(requests, script, b"one")


@pytest.mark.parametrize("other", [b"two", None])
@on_a_loop
async def test_an_idempotency_key_with_another_body_is_a_mistake(tmp_path: Path, other):
    disk = Disk(tmp_path)
    requests, script = await served(disk)
    await keyed(requests, script, b"one")

    with pytest.raises(KeyReused, match="k-1"):
        await keyed(requests, script, other)

    assert [path.read_bytes() for path in payloads(disk)] == [b"one"]


async def keyed(requests: Requests, script: Script, body: bytes | None) -> RunId:
    return await requests.trigger(script, payload=body, requested_by="ada", idempotency_key="k-1")
