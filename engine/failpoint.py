"""Places at which a test lets the engine die, to see what a crash right there leaves behind.

PYSCHED_FAILPOINT_FILE names a file that holds the name of one place. The engine
that reaches the place takes the file away and kills itself, so the engine that the
runner starts next gets past it, and one server can be taken through all places.
Without the variable nothing is ever looked at. To add a place, call `reached` there
with a name of its own and add the name to `PLACES`; the acceptance tests take each.
"""

import os
import signal
from pathlib import Path
from typing import Final, Literal, get_args

Place = Literal[
    "recorded",
    "start_sent",
    "exit_received",
    "end_committed",
    "acknowledged",
    "output_kept",
    "output_cleared",
]
"""In the order in which a run comes by: its row is on disk and nothing sent; the start is
sent and not answered; its end was told and is not on disk; it is on disk and not acknowledged;
it is acknowledged and its output not archived; archived and still in its directory; cleared."""

PLACES: Final[tuple[Place, ...]] = get_args(Place)
_FILE: Final = os.environ.get("PYSCHED_FAILPOINT_FILE")


def reached(place: Place) -> None:
    """Kill this process with SIGKILL when the file names the place."""
    if _FILE is None:
        return
    file = Path(_FILE)
    try:
        wanted = file.read_text()
    except FileNotFoundError:
        return
    if wanted == place:
        file.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
