"""What we have written or removed ourselves is in force after one look, without a question."""

from typing import Any

from engine.model.identity import ScriptId
from tests.fakes.reconciled import Disk, Engine, on_a_loop
from tests.fakes.world import a_broken_entry, a_script, every

SCRIPT = ScriptId("reports/daily")
SEVEN = [ScriptId(f"s{number}") for number in range(7)]


def seven() -> list[Any]:
    return [a_script(every(60), script_id=script) for script in SEVEN]


@on_a_loop
async def test_a_file_that_was_only_just_written_is_taken_at_its_word(disk: Disk):
    disk.put(a_script(every(60)))
    engine = await Engine(disk).start()
    disk.tree.put(a_broken_entry())
    disk.tree.unsettled = frozenset({SCRIPT})

    await engine.loop.look([SCRIPT], meant=[SCRIPT])

    assert engine.state.scripts[SCRIPT].problems != ()


@on_a_loop
async def test_many_removals_that_are_meant_need_no_confirmation(disk: Disk):
    disk.put(*seven())
    engine = await Engine(disk).start()
    for script in SEVEN:
        disk.tree.remove(script)
    disk.tree.unsettled = frozenset(SEVEN)

    await engine.loop.look(SEVEN, meant=SEVEN)

    assert (dict(engine.state.scripts), engine.state.held) == ({}, None)


@on_a_loop
async def test_a_removal_that_is_meant_confirms_no_other(disk: Disk):
    disk.put(*seven())
    engine = await Engine(disk).start()
    for script in SEVEN:
        disk.tree.remove(script)

    await engine.loop.look(None, meant=SEVEN[:1])

    assert list(engine.state.scripts) == SEVEN[1:]


@on_a_loop
async def test_a_removal_that_was_held_before_it_was_known_as_meant_goes_through(disk: Disk):
    disk.put(a_script())
    engine = await Engine(disk).start()
    disk.tree.remove(SCRIPT)
    await engine.look()

    await engine.loop.look([SCRIPT], meant=[SCRIPT])

    assert (dict(engine.state.scripts), engine.state.held) == ({}, None)
