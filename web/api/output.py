"""A run's output as text: a part of it, all of it, or as it comes.

Offsets count the bytes of both streams in the order of arrival, so a reader that
was cut off asks again from `X-Next-Offset` and neither loses nor repeats a byte.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from engine.model.status import Output
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.api.wait import SLICE, nobody_waits
from web.dependencies import CurrentEngine, Viewer
from web.errors import HttpProblem
from web.service import Service, Stream

router = APIRouter(prefix=PREFIX, tags=["runs"])

CHUNK = 1 << 20
WHOLE = 16_000_000
"""Bytes of one answer at most; more than the output limit that holds by default."""
TEXT = "text/plain; charset=utf-8"
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}

_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{1,18})?|-(\d{1,18}))", re.ASCII)


@router.get(
    "/runs/{run_id}/output",
    response_class=Response,
    summary="Output of a run",
    responses={
        200: {
            "content": {"text/plain": {"schema": {"type": "string"}}},
            "description": (
                "The text; `X-Next-Offset` says where to go on, `X-Finished: true` that "
                "nothing follows"
            ),
        },
        206: {"content": {"text/plain": {}}, "description": "The part that `Range` asked for"},
        **problems(404, 416),
    },
)
async def run_output(  # noqa: PLR0913  one parameter an option of the contract
    *,
    run_id: str,
    request: Request,
    engine: CurrentEngine,
    _viewer: Viewer,
    stream: Stream = "all",
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=WHOLE, description="Bytes at most")] = WHOLE,
    follow: Annotated[bool, Query(description="Go on until the run is over")] = False,
    wanted: Annotated[str | None, Header(alias="Range", max_length=100)] = None,
) -> Response:
    """Give a run's output byte for byte; `Range` works on both streams together."""
    if follow:
        engine.run(run_id)
        return StreamingResponse(
            _follow(request, engine, run_id, offset, stream),
            media_type=TEXT,
            headers=HEADERS | {"X-Offset": str(offset), "X-Accel-Buffering": "no"},
        )
    found = _RANGE.fullmatch(wanted) if wanted and stream == "all" else None
    if found:
        return await _partial(engine, run_id, found)
    part = await _gather(engine, run_id, offset, limit, stream)
    return Response(part.data, media_type=TEXT, headers=HEADERS | _position(part))


async def _follow(
    request: Request, engine: Service, run_id: str, offset: int, stream: Stream
) -> AsyncIterator[bytes]:
    while True:
        step = _step(engine, run_id)
        part = await engine.output(run_id, offset=offset, limit=step, stream=stream)
        if part.data:
            yield part.data
        if part.finished:
            return
        if part.next_offset == offset:
            await engine.wait_output(run_id, offset, SLICE)
            if await nobody_waits(request):
                return
        offset = part.next_offset


async def _gather(
    engine: Service, run_id: str, offset: int, limit: int, stream: Stream = "all"
) -> Output:
    """Read up to `limit` bytes in pieces, so that other requests get their turn in between."""
    step = _step(engine, run_id)
    part = await engine.output(run_id, offset=offset, limit=min(limit, step), stream=stream)
    pieces, size, start = [part.data], len(part.data), part.offset
    while part.data and not part.finished and size < limit:
        await asyncio.sleep(0)
        part = await engine.output(
            run_id, offset=part.next_offset, limit=min(limit - size, step), stream=stream
        )
        pieces.append(part.data)
        size += len(part.data)
    return Output(
        data=b"".join(pieces), offset=start, next_offset=part.next_offset, finished=part.finished
    )


async def _partial(engine: Service, run_id: str, found: re.Match[str]) -> Response:
    """Answer a `Range` (RFC 9110 §14): first-last, first-, or the last so many bytes."""
    first, last, suffix = (int(text) if text else None for text in found.groups())
    if first is None:
        end = await _end(engine, run_id)
        first, last = max(0, end - (suffix or 0)), end - 1
    if last is not None and last < first:
        raise _unsatisfiable()
    limit = WHOLE if last is None else min(last - first + 1, WHOLE)
    part = await _gather(engine, run_id, first, limit)
    if not part.data:
        raise _unsatisfiable()
    total = part.next_offset if part.finished else "*"
    span = f"bytes {part.offset}-{part.offset + len(part.data) - 1}/{total}"
    return Response(
        part.data,
        status_code=HTTPStatus.PARTIAL_CONTENT,
        media_type=TEXT,
        headers=HEADERS | _position(part) | {"Content-Range": span},
    )


async def _end(engine: Service, run_id: str) -> int:
    """Find where the output ends now."""
    step = _step(engine, run_id)
    part = await engine.output(run_id, offset=0, limit=step)
    while part.data and not part.finished:
        await asyncio.sleep(0)
        part = await engine.output(run_id, offset=part.next_offset, limit=step)
    return part.next_offset


def _step(engine: Service, run_id: str) -> int:
    """Return how much to read at once; of a run that is over, each look begins at its start."""
    return WHOLE if engine.run(run_id).status.final else CHUNK


def _position(part: Output) -> dict[str, str]:
    return {
        "X-Offset": str(part.offset),
        "X-Next-Offset": str(part.next_offset),
        "X-Finished": "true" if part.finished else "false",
        "Accept-Ranges": "bytes",
    }


def _unsatisfiable() -> HttpProblem:
    return HttpProblem(
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        "range_not_satisfiable",
        "the range begins behind the end of what the run has written so far",
    )
