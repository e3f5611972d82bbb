"""Begin to look at the tree in a process of its own, while this one is still starting.

Ten thousand scripts take a third of a second to look at and three seconds to read, and a
start spends nearly a second on imports and on its databases before it comes to that. The
process is a copy of this one, which costs some milliseconds; where that is not to be had
cheaply, or there is no second processor to do it on, there is none.
"""

import os
import sys
import tempfile
import threading
from functools import partial
from io import RawIOBase

from engine.process import end_copy, start_copy
from engine.service.check import definer
from engine.service.clock import SystemClock
from engine.service.data import MAIN_DATABASE
from engine.tree.ahead import LookAhead, Scout
from schemas.settings import Settings


def look_ahead(settings: Settings) -> LookAhead | None:
    """Start the second process, None where it would not help; only before any thread is started.

    In a data directory that has a database most scripts are known and need not be read.
    """
    if not _is_worth_it():
        return None
    clock = SystemClock()
    root = os.path.realpath(settings.paths.scripts)
    reads = not (settings.paths.data / MAIN_DATABASE).exists()
    try:
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed with what reads it
    except OSError:
        # The scan finds by itself what it is not told.
        return None
    scout = Scout(root, definer(settings), clock, partial(write_all, file), reads=reads)
    pid = start_copy(scout.walk)

    def end() -> None:
        end_copy(pid)
        file.close()

    return LookAhead(file.fileno(), clock, end)


def write_all(file: RawIOBase, data: bytes) -> None:
    """Write to a file without a buffer, which may take less than it is given at once."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) or 0 :]


def _is_worth_it() -> bool:
    return (
        sys.platform == "linux"
        and threading.active_count() == 1
        and len(os.sched_getaffinity(0)) > 1
    )
