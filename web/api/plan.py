"""The difference between the files and what is in force, and removing it now."""

from fastapi import APIRouter, Response

from schemas import api
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.api.shapes import plan_shape
from web.dependencies import Admin, CurrentEngine, Viewer

router = APIRouter(prefix=PREFIX, tags=["tree"])


@router.get("/plan", response_model=api.Plan, summary="Pending difference", responses=problems())
async def pending_plan(engine: CurrentEngine, _viewer: Viewer) -> Response:
    """Tell what differs between the tree and what is in force; usually nothing."""
    return json_answer(plan_shape(engine.plan()))


@router.post(
    "/reconcile", response_model=api.Plan, summary="Reconcile now", responses=problems(409, 503)
)
async def reconcile(
    engine: CurrentEngine, _admin: Admin, body: api.ReconcileRequest | None = None
) -> Response:
    """Look at the whole tree now and answer with what was done about it.

    Removals of more than half of the scripts wait until `confirm` is true.
    """
    wanted = body or api.ReconcileRequest()
    return json_answer(plan_shape(await engine.reconcile(confirm=wanted.confirm)))
