"""The HTTP application: one router per noun, one door for failures.

It is given the engine and the keys and builds nothing of them itself, so tests give
it a fake. Nothing here starts threads or processes, and no route blocks.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from engine.model.session import Lifetime
from engine.service.clock import SystemClock
from schemas.settings import Settings
from web import errors
from web.api import files, health, output, plan, runs, scripts, start
from web.api.documentation import tell_of_bodies, tell_of_models
from web.api.paths import PREFIX
from web.auth.accounts import Accounts
from web.dependencies import SECURITY_SCHEMES, schemes_of
from web.guards.guard import Guard, GuardOptions
from web.guards.rates import Rates
from web.later import Later
from web.live.hub import Hub
from web.permissions import Keys
from web.service import Service


def accounts_by(settings: Settings, engine: Service) -> Accounts:
    """Return the door of the engine's users as the settings have it."""
    public, sessions = settings.server.public_url, settings.sessions
    return Accounts(
        engine,
        SystemClock(),
        Lifetime(idle=sessions.idle, whole=sessions.lifetime),
        public=[public] if public else [],
    )


class Api(FastAPI):
    """Tells the document how callers show who they are; what a route needs is in its answers."""

    later: Later
    """Puts the routes in place that are not there from the beginning."""

    def build_middleware_stack(self) -> ASGIApp:
        """Put the guard in front of everything, the answer to an unexpected failure included."""
        return Guard(super().build_middleware_stack(), self.state.guarded, self.state.rates)

    def openapi(self) -> dict[str, Any]:
        from web.api.editing import BODIES

        self.later.load()
        document = super().openapi()
        document["components"]["securitySchemes"] = SECURITY_SCHEMES
        tell_of_models(document, BODIES)
        for path, operations in document["paths"].items():
            for operation in operations.values():
                operation["security"] = [{name: []} for name in schemes_of(path, operation)]
            tell_of_bodies(operations.values())
        return document


def create_app(
    engine: Service,
    keys: Keys,
    guarded: GuardOptions | None = None,
    accounts: Accounts | None = None,
    *,
    public_metrics: bool = False,
) -> Api:
    """Build the application; `app.state.closing` is to be set when the server begins to stop.

    `guarded` says what requests are held to; None lets all through but those too large.
    Without `accounts` there are those of the engine, by the settings' defaults.
    """
    app = Api(
        title="PyScheduler",
        version=health.program_version(),
        summary="A GitOps, file-driven scheduler for Python scripts",
        description="Errors are problem details (RFC 9457); `code` is stable.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.guarded = guarded or GuardOptions()
    app.state.rates = Rates(app.state.guarded.rates)
    app.state.engine = engine
    app.state.keys = keys
    app.state.accounts = accounts or accounts_by(Settings(), engine)
    app.state.closing = asyncio.Event()
    app.state.live = Hub(engine)
    errors.install(app)
    # One list: an included router is asked as a whole, which is slower than all its routes.
    routes = app.router.routes
    # Files first, since the path of a file may look like any other route of a script.
    for part in (files, scripts, start, runs, output, plan, health):
        routes.extend(part.router.routes)
    _name_operations(routes)
    app.later = Later(routes, app.router.app, lambda: _rest(public_metrics=public_metrics))
    routes.append(app.later)
    return app


def _rest(*, public_metrics: bool) -> list[BaseRoute]:
    """Return the routes that are not asked for all day long, in the order of their matching."""
    from web.api import (
        audit,
        auth,
        editing,
        environments,
        folders,
        hooks,
        keys,
        logs,
        metrics,
        notifications,
        preview,
        prometheus,
        script_edits,
        secrets,
        settings,
        stats,
        tree,
        users,
    )
    from web.auth import page
    from web.docs import pages
    from web.live import routes as live

    parts = (
        *(script_edits, preview, editing, environments, metrics, logs, stats, settings, folders),
        *(tree, keys, secrets, hooks, audit, notifications, users, auth, page, live, pages),
    )
    watched = prometheus.public_router if public_metrics else prometheus.router
    routes = [route for part in parts for route in part.router.routes]
    routes.extend(watched.routes)
    _name_operations(routes)
    return routes


def _name_operations(routes: Iterable[BaseRoute]) -> None:
    """Call each operation by its function alone, in the document and so in generated clients.

    The framework's own names have the address in them, and change with it.
    """
    for route in routes:
        if isinstance(route, APIRoute):
            route.operation_id = route.name
