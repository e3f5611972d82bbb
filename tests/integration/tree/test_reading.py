"""Files are read to a bound, whatever their size was said to be."""

import os
from pathlib import Path

import pytest

from engine.tree.reading import NotRegular, open_regular, read_bounded, read_from

CONTENT = b"0123456789" * 100


def read(file: Path, limit: int, size: int) -> bytes:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        return read_from(descriptor, limit, size)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("size", [0, 5, 999, 1000, 1001, 5000])
def test_a_file_that_grows_or_shrinks_is_read_as_it_is(tmp_path: Path, size: int):
    file = tmp_path / "a"
    file.write_bytes(CONTENT)

    assert read(file, 10_000, size) == CONTENT


@pytest.mark.parametrize("size", [0, 5, 1000, 5000])
def test_one_byte_more_than_the_bound_is_read_to_show_the_excess(tmp_path: Path, size: int):
    file = tmp_path / "a"
    file.write_bytes(CONTENT)

    assert read(file, 300, size) == CONTENT[:301]


def test_a_file_of_many_chunks_is_read_whole(tmp_path: Path):
    file = tmp_path / "a"
    file.write_bytes(CONTENT * 1000)

    assert read_bounded(str(file), 10_000_000) == CONTENT * 1000


def test_what_is_no_regular_file_is_closed_and_refused(tmp_path: Path):
    before = len(list(Path("/proc/self/fd").iterdir()))

    with pytest.raises(NotRegular):
        open_regular(str(tmp_path))

    assert len(list(Path("/proc/self/fd").iterdir())) == before
