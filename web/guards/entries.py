"""What of a request goes into the audit log: every change, and every attempt that was denied."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from engine.model.audit import DENIED, AuditEntry
from web.errors import CODE_IN_SCOPE
from web.guards.marks import NOTES, changes

LONGEST = 300
"""Characters of a parameter that are kept."""
SECRET = frozenset({"token", "secret", "password", "value"})
"""Names of parameters that are never kept."""
METHOD_NOT_ALLOWED = 405


def entry_of(
    scope: Mapping[str, Any], *, status: int, request_id: str, now: Callable[[], datetime]
) -> AuditEntry | None:
    """Return the entry for a request that was answered; None for one that changed nothing.

    `scope` is as the application left it: with the route it found and the principal it knew.
    """
    if not _belongs(scope, status):
        return None
    principal = scope.get("principal")
    client = scope.get("client")
    route = getattr(scope.get("route"), "path_format", "")
    return AuditEntry(
        at=now(),
        who=getattr(principal, "name", ""),
        kind=getattr(principal, "kind", "key" if principal else ""),
        address=client[0] if client else "",
        action=f"{scope['method']} {route}".rstrip(),
        parameters=_parameters(scope),
        status=status,
        code=scope.get(CODE_IN_SCOPE, ""),
        request_id=request_id,
    )


def _belongs(scope: Mapping[str, Any], status: int) -> bool:
    if status in DENIED:
        return True
    endpoint = scope.get("endpoint")
    found = endpoint is not None and status != METHOD_NOT_ALLOWED
    return found and changes(scope["method"], endpoint)


def _parameters(scope: Mapping[str, Any]) -> dict[str, str]:
    given: dict[str, object] = {**scope.get("path_params", {}), **scope.get(NOTES, {})}
    return {name: str(value)[:LONGEST] for name, value in given.items() if name not in SECRET}
