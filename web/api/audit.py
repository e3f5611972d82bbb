"""The audit log: who changed what, and who was denied."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from engine.model.audit import AuditEntry, AuditFilter
from schemas import api, audit
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.dependencies import Admin, CurrentEngine, Cursor, Limit

router = APIRouter(prefix=PREFIX, tags=["audit"])

Moment = Annotated[api.Moment, Query(examples=["2026-11-24T00:00:00Z"])]
Who = Annotated[str | None, Query(max_length=200, description="Name of the account")]
Action = Annotated[
    str | None,
    Query(
        max_length=200,
        examples=["/api/keys"],
        description="Text in the action, such as `DELETE` or a part of the route",
    ),
]


@router.get("/audit", response_model=audit.AuditList, summary="The audit log", responses=problems())
async def list_audit(  # noqa: PLR0913  one parameter a filter
    *,
    engine: CurrentEngine,
    _admin: Admin,
    who: Who = None,
    action: Action = None,
    script: Annotated[str | None, Query(max_length=1_000)] = None,
    since: Moment | None = None,
    until: Moment | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List changes and denied attempts, newest first; filters are joined by "and"."""
    which = AuditFilter(who=who, action=action, script=script, since=since, until=until)
    page = await engine.audit.page(which, limit=limit, cursor=cursor)
    return json_answer(
        audit.AuditList(items=tuple(map(_shape, page.items)), next_cursor=page.next_cursor)
    )


def _shape(entry: AuditEntry) -> audit.AuditEntry:
    return audit.AuditEntry(
        at=entry.at,
        who=entry.who,
        kind=entry.kind,
        address=entry.address,
        action=entry.action,
        parameters=dict(entry.parameters),
        status=entry.status,
        code=entry.code,
        request_id=entry.request_id,
        count=entry.count,
    )
