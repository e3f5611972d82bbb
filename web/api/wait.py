"""Wait for a run inside a request, without outliving the caller or the server."""

import asyncio
import re

from fastapi import Request

from engine.model.run import Run
from web.errors import invalid
from web.service import Service

LONGEST_WAIT = 600.0
SLICE = 1.0
"""Seconds between two looks at whether the caller is still there and the server goes on."""

_DURATION = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s?)?", re.ASCII)


def seconds_of(wait: str | None) -> float | None:
    """Read `30s`, `1m30s` or `90` (seconds). Raises a 422 problem for anything else."""
    if wait is None:
        return None
    found = _DURATION.fullmatch(wait)
    if not found or not any(found.groups()):
        raise invalid("query.wait", f"{wait!r} is no duration; write 30s, 1m30s or 90")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total = hours * 3600 + minutes * 60 + seconds
    if total > LONGEST_WAIT:
        raise invalid("query.wait", f"{wait} is too long; wait for {LONGEST_WAIT:.0f}s at most")
    return float(total)


async def nobody_waits(request: Request) -> bool:
    """Say whether the caller has gone or the server is about to stop."""
    return request.app.state.closing.is_set() or await request.is_disconnected()


async def wait_for_end(request: Request, engine: Service, run_id: str, seconds: float) -> Run:
    """Return the run once it is over, or as it is after that many seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        left = deadline - loop.time()
        run = await engine.wait(run_id, max(0.0, min(left, SLICE)))
        if run.status.final or left <= SLICE or await nobody_waits(request):
            return run
