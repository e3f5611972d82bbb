"""Every so often something is looked at, and how much of it depends on the events."""

from collections.abc import Collection
from dataclasses import replace

from engine.model.identity import ScriptId
from engine.model.tree import UNREADABLE, Problem
from engine.reconcile.safety_net import TURNS, SafetyNet
from tests.fakes.reconciled import Disk, Engine, on_a_loop
from tests.fakes.world import a_script, an_entry, every, files

A, B = ScriptId("a"), ScriptId("b")


class Turns:
    """An engine whose safety net takes a turn every minute of the test's clock."""

    def __init__(
        self, engine: Engine, *, trusted: bool = True, unwatched: Collection[ScriptId] = ()
    ) -> None:
        self.engine = engine
        self.trusted = trusted
        self.net = SafetyNet(engine.loop, trusted=lambda: self.trusted, unwatched=lambda: unwatched)
        self._scans = engine.disk.tree.scans

    async def take(self, count: int) -> list[frozenset[ScriptId] | None]:
        """Take so many turns and return what was scanned; None is the whole tree."""
        self._scans.clear()
        for _ in range(count):
            await self.engine.pass_time(60)
            await self.net.turn()
            await self.engine.quiet()
        return list(self._scans)


async def started(disk: Disk) -> Engine:
    disk.put(a_script(every(3600), script_id=A), a_script(every(3600), script_id=B))
    return await Engine(disk).start()


@on_a_loop
async def test_while_events_are_trusted_each_tenth_turn_looks_at_all_files(disk: Disk):
    turns = Turns(await started(disk))

    assert (TURNS, await turns.take(20)) == (10, [None, None])


@on_a_loop
async def test_without_trust_each_turn_looks_at_all_files(disk: Disk):
    turns = Turns(await started(disk), trusted=False)

    assert await turns.take(3) == [None, None, None]


@on_a_loop
async def test_the_first_turn_after_trust_is_lost_looks_at_all_files(disk: Disk):
    turns = Turns(await started(disk))
    await turns.take(4)
    turns.trusted = False

    assert await turns.take(1) == [None]


@on_a_loop
async def test_turns_are_counted_from_the_last_look_at_all_files(disk: Disk):
    turns = Turns(await started(disk), trusted=False)
    await turns.take(9)
    turns.trusted = True

    assert (await turns.take(9), await turns.take(1)) == ([], [None])


@on_a_loop
async def test_scripts_that_change_without_an_event_are_looked_at_each_turn(disk: Disk):
    turns = Turns(await started(disk), unwatched=[B])

    assert await turns.take(2) == [{B}, {B}]


@on_a_loop
async def test_scripts_that_watch_files_are_looked_at_each_turn(disk: Disk):
    disk.put(a_script(files("*.csv"), script_id=ScriptId("watching")))
    turns = Turns(await started(disk))

    assert await turns.take(1) == [{"watching"}]


@on_a_loop
async def test_an_environment_that_vanished_is_built_anew_by_the_next_turn(disk: Disk):
    script = a_script(every(3600), script_id=A)
    turns = Turns(await started(disk))
    disk.environments.lose(script.environment)

    await turns.take(1)

    assert disk.environments.ready(script.environment) is not None


def unreadable(path: str) -> Problem:
    return Problem(path=path, code=UNREADABLE, message="cannot be read")


@on_a_loop
async def test_after_a_scan_that_failed_the_next_turn_looks_at_all_files(disk: Disk):
    turns = Turns(await started(disk))
    disk.tree.unreadable = "too many open files"
    turns.engine.loop.look_at({A})
    await turns.engine.quiet()
    disk.tree.unreadable = None

    assert await turns.take(2) == [None]


@on_a_loop
async def test_while_a_folder_cannot_be_read_each_turn_looks_at_all_files(disk: Disk):
    disk.tree.report(unreadable("etl"))
    turns = Turns(await started(disk))

    assert await turns.take(2) == [None, None]


@on_a_loop
async def test_while_a_known_script_cannot_be_listed_each_turn_looks_at_all_files(disk: Disk):
    turns = Turns(await started(disk))
    entry = an_entry(a_script(every(3600), script_id=A))
    disk.tree.put(replace(entry, signature="", script=None, problems=(unreadable("a"),)))
    turns.engine.loop.look_at({A})
    await turns.engine.quiet()

    assert await turns.take(2) == [None, None]


@on_a_loop
async def test_a_script_with_a_file_that_cannot_be_read_is_looked_at_each_turn(disk: Disk):
    entry = an_entry(a_script(every(3600), script_id=A))
    disk.tree.put(replace(entry, script=None, problems=(unreadable("a/x.py"),)))
    turns = Turns(await Engine(disk).start())

    assert await turns.take(2) == [{A}, {A}]
