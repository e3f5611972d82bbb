"""Which ends are written down for those who are told."""

import pytest

from engine.model.script import Notify, Retry
from tests.fakes.reconciled import Disk, Engine, on_a_loop
from tests.fakes.world import a_script

SCRIPT = "reports/daily"
TOLD = Notify(when=("failure",), to=("ops@example.com",))


def ends(disk: Disk) -> list[str]:
    return [run_id for each in disk.runs.transitions for run_id in each.ends_to_tell]


async def failed(disk: Disk, **fields: object) -> Engine:
    """Run the script once, so that it fails."""
    disk.put(a_script(**fields))
    engine = await Engine(disk).start()
    await engine.execute(SCRIPT)
    await engine.quiet()
    await engine.finish(engine.live[0], 1)
    await engine.quiet()
    return engine


@on_a_loop
async def test_the_end_is_written_with_the_run(disk: Disk):
    await failed(disk, notify=TOLD)
    (run,) = disk.runs_of(SCRIPT)
    (transition,) = [each for each in disk.runs.transitions if each.ends_to_tell]

    assert (transition.ends_to_tell, [each.id for each in transition.changed_runs]) == (
        [run.id],
        [run.id],
    )


@on_a_loop
async def test_a_failure_that_is_tried_again_is_not(disk: Disk):
    engine = await failed(disk, notify=TOLD, retry=Retry(attempts=2))
    assert ends(disk) == []
    await engine.pass_time(11)
    (second,) = engine.live
    await engine.finish(second, 1)
    await engine.quiet()

    assert ends(disk) == [second]


@pytest.mark.parametrize("fields", [{}, {"notify": TOLD, "enabled": False}])
@on_a_loop
async def test_an_end_of_which_nobody_is_told_is_not(disk: Disk, fields: dict[str, object]):
    await failed(disk, **fields)

    assert ends(disk) == []
