"""Runs wait for environments, use the last good one, and end when there is none to be had."""

from engine.errors import Unavailable
from engine.model.environment import EnvironmentRequest
from engine.model.run import RunStatus
from engine.model.script import Script
from tests.fakes.environments import an_environment
from tests.fakes.reconciled import Disk, Engine, on_a_loop
from tests.fakes.world import a_script, an_entry, every

SCRIPT = "reports/daily"
OLD, NEW = EnvironmentRequest(requirements="old"), EnvironmentRequest(requirements="new")


def needing(request: EnvironmentRequest) -> Script:
    return a_script(every(60), environment=request)


async def with_old(disk: Disk) -> Engine:
    """Return an engine whose script runs in the environment OLD and now asks for NEW."""
    disk.put(needing(OLD))
    engine = await Engine(disk).start()
    disk.tree.put(an_entry(needing(NEW), digest="d2"))
    return engine


@on_a_loop
async def test_a_run_waits_while_its_environment_is_built(disk: Disk):
    disk.tree.put(an_entry(needing(NEW)))
    disk.environments.hold()
    engine = await Engine(disk).start()
    await engine.pass_time(60)
    waiting = disk.statuses(SCRIPT)

    disk.environments.release()
    await engine.quiet()

    assert (waiting, disk.statuses(SCRIPT)) == ([RunStatus.QUEUED], [RunStatus.RUNNING])


@on_a_loop
async def test_a_run_whose_environment_cannot_be_built_ends_with_the_tools_sentence(disk: Disk):
    disk.tree.put(an_entry(needing(NEW)))
    disk.environments.fail(NEW, "no such package: new")
    engine = await Engine(disk).start()

    await engine.pass_time(60)

    (run,) = disk.runs_of(SCRIPT)
    assert (run.status, run.reason) == (RunStatus.ENV_FAILED, "no such package: new")


@on_a_loop
async def test_runs_use_the_last_good_environment_while_the_new_one_is_built(disk: Disk):
    engine = await with_old(disk)
    disk.environments.hold()
    await engine.look()

    await engine.pass_time(60)

    assert disk.runs_of(SCRIPT)[0].environment == an_environment(OLD).key


@on_a_loop
async def test_runs_use_the_last_good_environment_after_the_new_one_failed(disk: Disk):
    engine = await with_old(disk)
    disk.environments.fail(NEW, "no such package: new")
    await engine.look()

    await engine.pass_time(60)

    assert disk.runs_of(SCRIPT)[0].environment == an_environment(OLD).key


@on_a_loop
async def test_runs_use_the_new_environment_once_it_is_built(disk: Disk):
    engine = await with_old(disk)
    await engine.look()

    await engine.pass_time(60)

    assert disk.runs_of(SCRIPT)[0].environment == an_environment(NEW).key


@on_a_loop
async def test_the_last_good_environment_is_known_after_a_restart(disk: Disk):
    engine = await with_old(disk)
    disk.environments.fail(NEW, "no such package: new")
    await engine.look()
    await engine.kill()

    engine = await Engine(disk).start()
    await engine.pass_time(60)

    assert disk.runs_of(SCRIPT)[0].environment == an_environment(OLD).key


@on_a_loop
async def test_an_environment_that_vanished_is_built_before_its_next_use(disk: Disk):
    disk.put(needing(OLD))
    engine = await Engine(disk).start()
    disk.environments.lose(OLD)

    await engine.execute(SCRIPT)
    await engine.quiet()

    assert (disk.environments.builds, disk.statuses(SCRIPT)) == ([OLD], [RunStatus.RUNNING])


@on_a_loop
async def test_one_environment_is_built_once_for_all_its_scripts(disk: Disk):
    for name in "abc":
        disk.tree.put(an_entry(a_script(script_id=name, environment=NEW)))
    await Engine(disk).start()

    assert disk.environments.builds == [NEW]


@on_a_loop
async def test_the_venv_link_follows_the_environment_in_force(disk: Disk):
    engine = await with_old(disk)
    await engine.look()
    disk.tree.put(an_entry(a_script(script_id="other"), digest="d1"))
    disk.tree.remove(SCRIPT)
    await engine.look()

    links = [key for script, key in engine.linked if script == SCRIPT]
    assert links == [an_environment(OLD).key, an_environment(NEW).key, None]


@on_a_loop
async def test_a_build_that_could_not_be_tried_is_asked_for_again_by_the_next_pass(disk: Disk):
    disk.tree.put(an_entry(needing(NEW)))
    build, refusals = disk.environments.build, 0

    async def refuse(request: EnvironmentRequest, *, force: bool = False) -> None:
        nonlocal refusals
        refusals += 1
        raise Unavailable("no space left on device")

    disk.environments.build = refuse  # type: ignore[method-assign]
    engine = await Engine(disk).start()
    disk.environments.build = build  # type: ignore[method-assign]
    await engine.look()

    assert (refusals, disk.environments.builds) == (1, [NEW])


@on_a_loop
async def test_the_start_of_a_run_counts_as_a_use_of_its_environment(disk: Disk):
    disk.put(needing(OLD))
    engine = await Engine(disk).start()
    before = list(disk.environments.touched)

    await engine.pass_time(60)

    assert (before, disk.environments.touched) == ([], [an_environment(OLD).key])
