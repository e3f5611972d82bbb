"""From a due moment to the end on record, over the real loop."""

from pathlib import Path

from engine.model.run import Outcome, RunStatus
from tests.fakes.reconciled import Disk, Engine, play
from tests.fakes.world import a_script, every


def test_a_due_moment_runs_and_its_end_is_on_record(tmp_path: Path):
    async def story():
        disk = Disk(tmp_path)
        disk.put(a_script(every(60)))
        engine = await Engine(disk).start()
        await engine.pass_time(60)
        (run_id,) = engine.live
        await engine.finish(run_id)
        await engine.kill()
        return disk.statuses("reports/daily"), [r.outcome for r in disk.ledger("reports/daily")]

    assert play(story) == ([RunStatus.SUCCESS], [Outcome.RAN])
