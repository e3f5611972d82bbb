"""CPU and memory of one run over time."""

from fastapi import APIRouter, Response

from schemas import api_metrics as api
from web.api.answers import json_answer
from web.api.documentation import problems
from web.api.paths import PREFIX
from web.api.shapes import sample_shape
from web.dependencies import CurrentEngine, Viewer

router = APIRouter(prefix=PREFIX, tags=["runs"])


@router.get("/runs/{run_id}/metrics", include_in_schema=False)
@router.get(
    "/runs/{run_id}/output/metrics",
    response_model=api.SampleList,
    summary="CPU and memory over time",
    responses=problems(404),
)
async def run_metrics(run_id: str, engine: CurrentEngine, _viewer: Viewer) -> Response:
    """Tell what the run's whole process tree used, while it goes and after it is over.

    There are at most 600 samples, however long a run goes, and none of one that was over too
    soon to be measured. `/api/runs/{run_id}/metrics` is the same.
    """
    found = await engine.metrics(run_id)
    return json_answer(api.SampleList(items=tuple(sample_shape(one) for one in found)))
