import asyncio
from typing import Any

from web.one_write import LARGEST, OneWrite


class Wire:
    """Notes what is done to it."""

    def __init__(self) -> None:
        self.done: list[Any] = []

    def write(self, data: bytes) -> None:
        self.done.append(data)

    def close(self) -> None:
        self.done.append("closed")

    def set_protocol(self, protocol: Any) -> None:
        self.done.append(protocol)

    def get_extra_info(self, name: str) -> str:
        return f"info of {name}"


def played(story: Any) -> list[Any]:
    """Return what reached the wire in the turn of the story, and what after it."""

    async def play() -> list[Any]:
        wire: Any = Wire()
        story(OneWrite(wire, asyncio.get_running_loop()))
        at_once = list(wire.done)
        await asyncio.sleep(0)
        return [at_once, wire.done[len(at_once) :]]

    return asyncio.run(play())


def test_what_is_written_in_one_turn_goes_as_one():
    def story(wire: OneWrite) -> None:
        wire.write(b"head")
        wire.write(b"body")

    assert played(story) == [[], [b"headbody"]]


def test_a_lot_does_not_wait():
    def story(wire: OneWrite) -> None:
        wire.write(b"a")
        wire.write(b"b" * LARGEST)
        wire.write(b"c")

    assert played(story) == [[b"a" + b"b" * LARGEST], [b"c"]]


def test_what_waits_goes_before_the_end():
    def story(wire: OneWrite) -> None:
        wire.write(b"last words")
        wire.close()

    assert played(story) == [[b"last words", "closed"], []]


def test_what_waits_goes_before_another_protocol_takes_over():
    def story(wire: OneWrite) -> None:
        wire.write(b"switching")
        wire.set_protocol("other")  # type: ignore[arg-type]

    assert played(story) == [[b"switching", "other"], []]


def test_all_else_is_the_transports():
    seen: list[str] = []
    played(lambda wire: seen.append(wire.get_extra_info("peername")))

    assert seen == ["info of peername"]
