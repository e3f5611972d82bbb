"""What is written ahead is written whole, in as many pieces as the system wants."""

from io import RawIOBase

from engine.service.ahead import write_all


class Sparing(RawIOBase):
    """Takes three bytes at once."""

    def __init__(self) -> None:
        self.taken = b""

    def write(self, data: memoryview, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        piece = bytes(data)[:3]
        self.taken += piece
        return len(piece)


def test_all_is_written_to_a_file_that_takes_little_at_once():
    file = Sparing()

    write_all(file, b"one\ttwo\n")

    assert file.taken == b"one\ttwo\n"
