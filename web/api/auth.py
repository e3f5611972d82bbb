"""Who asks, as the server sees it."""

from fastapi import APIRouter, Response

from schemas import accounts
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.dependencies import AnyViewer

router = APIRouter(prefix=f"{PREFIX}/auth", tags=["keys"])


@router.get("/me", response_model=accounts.Me, summary="Who am I?", responses=problems())
async def who_am_i(caller: AnyViewer) -> Response:
    """Tell the name, the role and the scripts of the key that asks."""
    return json_answer(accounts.Me(name=caller.name, role=caller.role.word, scripts=caller.scripts))
