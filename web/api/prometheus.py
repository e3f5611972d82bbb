"""`/metrics` for Prometheus.

The library that knows the format is imported by the first question: most servers are never
asked, and it would cost each start 20 ms and 2 MB.
"""

import asyncio
import platform
from typing import Any

from fastapi import APIRouter, Request, Response

from web.api.documentation import problems
from web.api.health import program_version
from web.dependencies import CurrentEngine, Viewer
from web.service import Service

router = APIRouter(tags=["server"])
public_router = APIRouter(tags=["server"])
"""The same for everybody, with `metrics.public`."""

TEXT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Prometheus' text format, or OpenMetrics for those who accept it",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}
SUMMARY = "Metrics for Prometheus"


@router.get("/metrics", response_class=Response, summary=SUMMARY, responses={**problems(), **TEXT})
async def metrics(request: Request, engine: CurrentEngine, _viewer: Viewer) -> Response:
    """Tell runs, queue, lateness, environments, passes, database and processes; see the reference.

    Everything is measured when it is asked for; counters count from the engine's start.
    """
    return await _answer(request, engine)


@public_router.get("/metrics", response_class=Response, summary=SUMMARY, responses=TEXT)
async def public_metrics(request: Request, engine: CurrentEngine) -> Response:
    """Tell the same to everybody."""
    return await _answer(request, engine)


async def _answer(request: Request, engine: Service) -> Response:
    found = await engine.observe()
    accept = request.headers.get("Accept", "")

    def text() -> tuple[bytes, str]:
        from web.metrics.exposition import exposed
        from web.metrics.families import families

        told = families(found, version=program_version(), python=platform.python_version())
        return exposed(told, accept)

    content, media_type = await asyncio.to_thread(text)
    return Response(content, media_type=media_type)
