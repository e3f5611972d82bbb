"""What runs add up to, by script or by day."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from engine.model.identity import ScriptId
from engine.model.statistics import StatisticsFilter, days_between
from engine.ports import Page
from schemas import api
from schemas import api_statistics as shapes
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.api.statistics_shapes import day_shape, script_shape, statistics_shape
from web.dependencies import AnyViewer, CurrentEngine, Cursor, Limit, Now
from web.service import Service

router = APIRouter(prefix=PREFIX, tags=["runs"])

Moment = Annotated[api.Moment, Query(examples=["2026-11-24T00:00:00Z"])]
Since = Annotated[
    Moment | None, Query(description="From the day of this moment on; the last 30 days without")
]
Until = Annotated[Moment | None, Query(description="Up to the day of this moment; today without")]
Folder = Annotated[
    str | None, Query(max_length=1_000, description="Scripts below it, at any depth")
]


@router.get("/stats", response_model=shapes.Statistics, summary="Statistics", responses=problems())
async def statistics(  # noqa: PLR0913  one parameter a filter of the contract
    *,
    engine: CurrentEngine,
    viewer: AnyViewer,
    now: Now,
    script: Annotated[str | None, Query(max_length=1_000)] = None,
    folder: Folder = None,
    since: Since = None,
    until: Until = None,
    by: Literal["script", "day"] = "script",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Tell success rate, run counts, durations, CPU and memory of runs that ended.

    A run counts on the day, in UTC, on which it ended. Runs that retention deleted are
    counted still, and so are those of scripts that are gone, for `statistics.keep_days`.
    """
    first, last = days_between(since, until, now)
    which = StatisticsFilter(
        first=first,
        last=last,
        script=ScriptId(script) if script is not None else None,
        folder=folder,
        patterns=viewer.scripts,
    )
    # Years of many scripts take longer than the event loop has.
    return json_answer(await asyncio.to_thread(_answer, engine, which, by, limit, cursor))


def _answer(
    engine: Service, which: StatisticsFilter, by: str, limit: int, cursor: str | None
) -> shapes.Statistics:
    total = engine.statistics.total(which) if cursor is None else None
    if by == "day":
        days = engine.statistics.by_day(which)
        return statistics_shape(which, total, Page(items=[day_shape(day) for day in days]))
    page = engine.statistics.by_script(which, limit=limit, cursor=cursor)
    items = [script_shape(one) for one in page.items]
    return statistics_shape(which, total, Page(items=items, next_cursor=page.next_cursor))
