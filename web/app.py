"""The HTTP application: one router per noun, one door for failures.

It is given the engine and the keys and builds nothing of them itself, so tests give
it a fake. Nothing here starts threads or processes, and no route blocks.
"""

import asyncio

from fastapi import FastAPI

from web import errors
from web.api import health, output, plan, runs, scripts, start
from web.permissions import Keys
from web.service import Service

PREFIX = "/api"


def create_app(engine: Service, keys: Keys) -> FastAPI:
    """Build the application; `app.state.closing` is to be set when the server begins to stop."""
    app = FastAPI(
        title="PyScheduler",
        version=health.program_version(),
        summary="A GitOps, file-driven scheduler for Python scripts",
        description="Errors are problem details (RFC 9457); `code` is stable.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.engine = engine
    app.state.keys = keys
    app.state.closing = asyncio.Event()
    errors.install(app)
    for router in (
        health.router,
        scripts.router,
        start.router,
        runs.router,
        output.router,
        plan.router,
    ):
        app.include_router(router, prefix=PREFIX)
    return app
