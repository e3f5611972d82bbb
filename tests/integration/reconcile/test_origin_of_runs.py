"""A run's row tells what it ran, also if the engine dies before the start is on record."""

from tests.fakes.reconciled import Disk, Engine, on_a_loop
from tests.fakes.world import a_script, every


@on_a_loop
async def test_a_run_is_recorded_with_what_it_would_start_from(disk: Disk):
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()

    await engine.pass_time(60)

    (recorded,) = [run for each in disk.runs.transitions for run in each.new_runs]
    assert recorded.started_at is None
    assert (recorded.digest, bool(recorded.environment), bool(recorded.python)) == (
        "d1",
        True,
        True,
    )
