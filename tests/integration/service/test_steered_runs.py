"""What an operator may give to a run is up to the script's own `env`."""

from pathlib import Path

import pytest

from engine.errors import Forbidden
from engine.model.identity import ScriptId
from engine.service.requests import Requests
from tests.fakes.reconciled import Disk, Engine, on_a_loop
from tests.fakes.world import a_script


@pytest.mark.parametrize(
    ("name", "may_steer", "queued"),
    [
        ("LD_PRELOAD", False, False),
        ("LD_PRELOAD", True, True),
        ("HTTP_PROXY", False, True),
    ],
)
@on_a_loop
async def test_a_run_is_steered_by_editors_and_where_its_script_lets(
    tmp_path: Path, name: str, may_steer: bool, queued: bool
):
    disk = Disk(tmp_path)
    wanted = a_script(env=(("HTTP_PROXY", "http://proxy.test"),))
    disk.put(wanted)
    engine = await Engine(disk).start()
    requests = Requests(
        disk.clock, engine.state, disk.runs, engine.recorder, engine.endings, disk.places
    )
    script = engine.state.script(ScriptId(wanted.id))
    assert script is not None

    try:
        await requests.execute(
            script, args=(), env={name: "x"}, may_steer=may_steer, requested_by="ada"
        )
    except Forbidden:
        assert not queued
    else:
        assert queued
