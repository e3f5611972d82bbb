"""The newest failed build of each request; kept in memory, so a restart tries everything again."""

from datetime import datetime

from engine.environments.failure import BuildFailed, Failure, may_retry
from engine.model.environment import EnvironmentRequest


class Failures:
    """Remembers failed builds and counts those in a row."""

    def __init__(self) -> None:
        self._by_request: dict[EnvironmentRequest, Failure] = {}

    def remember(self, request: EnvironmentRequest, error: BuildFailed, now: datetime) -> None:
        before = self._by_request.get(request)
        self._by_request[request] = Failure(
            message=str(error),
            kind=error.kind,
            at=now,
            attempts=before.attempts + 1 if before else 1,
        )

    def forget(self, request: EnvironmentRequest) -> None:
        self._by_request.pop(request, None)

    def message(self, request: EnvironmentRequest) -> str | None:
        failure = self._by_request.get(request)
        return failure.message if failure else None

    def standing(self, request: EnvironmentRequest, now: datetime) -> BuildFailed | None:
        """Return the failure of a request for which another try is not due."""
        failure = self._by_request.get(request)
        if failure is None or may_retry(failure, now):
            return None
        return BuildFailed(failure.message, kind=failure.kind)
