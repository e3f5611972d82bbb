"""Wait for a run inside a request, without outliving the caller or the server."""

import asyncio
from datetime import timedelta

from fastapi import Request

from engine.model.run import Run
from schemas.quantities import format_duration, parse_duration
from web.errors import invalid
from web.service import Service

LONGEST_WAIT = timedelta(minutes=10)
SLICE = 1.0
"""Seconds between two looks at whether the caller is still there and the server goes on."""


def seconds_of(wait: str | None) -> float | None:
    """Read `30s`, `1m30s` or `90` (seconds). Raises a 422 problem for anything else."""
    if wait is None:
        return None
    try:
        length = parse_duration(wait)
    except ValueError as error:
        raise invalid("query.wait", str(error)) from error
    if length > LONGEST_WAIT:
        raise invalid("query.wait", f"at most {format_duration(LONGEST_WAIT)} can be waited")
    return length.total_seconds()


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
