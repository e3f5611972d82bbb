"""A lock between builders, of one process or of several."""

import asyncio
from pathlib import Path

from engine.environments.mutex import exclusively, exclusively_now


def test_the_lock_is_held_by_one_at_a_time(tmp_path: Path):
    with exclusively_now(tmp_path / "lock") as first, exclusively_now(tmp_path / "lock") as second:
        assert (first, second) == (True, False)


def test_a_lock_that_was_released_is_free_and_leaves_no_file(tmp_path: Path):
    with exclusively_now(tmp_path / "lock"):
        pass
    with exclusively_now(tmp_path / "lock") as free:
        assert free

    assert list(tmp_path.iterdir()) == []


def test_who_waits_comes_next(tmp_path: Path):
    order: list[str] = []

    async def scenario() -> None:
        async def wait() -> None:
            async with exclusively(tmp_path / "lock"):
                order.append("second")

        async with exclusively(tmp_path / "lock"):
            waiting = asyncio.create_task(wait())
            await asyncio.sleep(0)
            order.append("first")
        await waiting

    asyncio.run(scenario())

    assert order == ["first", "second"]
