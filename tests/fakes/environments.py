"""Environments that are ready as soon as they are built, or fail as they are told to."""

import asyncio
from hashlib import blake2b

from engine.errors import EnvironmentFailed
from engine.model.environment import Environment, EnvironmentRequest, EnvironmentState
from engine.model.identity import EnvironmentKey


def an_environment(request: EnvironmentRequest, *, python: str = "3.12.1") -> Environment:
    """Return the environment that the fake builds for a request."""
    lock = blake2b(request.requirements.encode(), digest_size=12).hexdigest()
    key = blake2b(f"{request.python}\0{lock}".encode(), digest_size=12).hexdigest()
    return Environment(
        key=EnvironmentKey(key), interpreter=f"/envs/{key}/bin/python", python=python, lock=lock
    )


class FakeEnvironments:
    """Builds at once, unless `hold` was called; then when `release` is."""

    def __init__(self) -> None:
        self.builds: list[EnvironmentRequest] = []
        """Builds that were really made, in order, failed ones included."""
        self.touched: list[EnvironmentKey] = []
        """The environments that runs were started in, in order."""
        self._failing: dict[EnvironmentRequest, str] = {}
        self._ready: dict[EnvironmentRequest, Environment] = {}
        self._failures: dict[EnvironmentRequest, str] = {}
        self._building: dict[EnvironmentRequest, asyncio.Future[Environment]] = {}
        self._open = asyncio.Event()
        self._open.set()

    # What a test arranges

    def make_ready(self, request: EnvironmentRequest) -> Environment:
        """Have the environment built already."""
        self._ready[request] = an_environment(request)
        return self._ready[request]

    def fail(self, request: EnvironmentRequest, message: str) -> None:
        """Let the next builds of a request fail."""
        self._failing[request] = message

    def mend(self, request: EnvironmentRequest) -> None:
        """Let builds of a request succeed again, and one that failed be tried again."""
        self._failing.pop(request, None)
        self._failures.pop(request, None)

    def lose(self, request: EnvironmentRequest) -> None:
        """Let an environment vanish, as when its Python is uninstalled."""
        del self._ready[request]

    def hold(self) -> None:
        """Let builds go on until `release`."""
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    @property
    def held(self) -> int:
        """How many builds wait for `release`."""
        return 0 if self._open.is_set() else len(self._building)

    # The port

    def state(self, request: EnvironmentRequest) -> EnvironmentState:
        if request in self._ready:
            return EnvironmentState.READY
        if request in self._building:
            return EnvironmentState.BUILDING
        return EnvironmentState.FAILED if request in self._failures else EnvironmentState.MISSING

    def ready(self, request: EnvironmentRequest) -> Environment | None:
        return self._ready.get(request)

    def by_key(self, key: EnvironmentKey) -> Environment | None:
        return next((e for e in self._ready.values() if e.key == key), None)

    def touch(self, key: EnvironmentKey) -> None:
        self.touched.append(key)

    def failure(self, request: EnvironmentRequest) -> str | None:
        return self._failures.get(request)

    async def build(self, request: EnvironmentRequest, *, force: bool = False) -> Environment:
        going = self._building.get(request)
        if going is None:
            if not force and request in self._ready:
                return self._ready[request]
            if not force and request in self._failures:
                raise EnvironmentFailed(self._failures[request])
            going = asyncio.ensure_future(self._build(request))
            self._building[request] = going
        return await asyncio.shield(going)

    async def _build(self, request: EnvironmentRequest) -> Environment:
        self.builds.append(request)
        try:
            await self._open.wait()
            if request in self._failing:
                self._failures[request] = self._failing[request]
                raise EnvironmentFailed(self._failing[request])
        finally:
            del self._building[request]
        self._failures.pop(request, None)
        return self.make_ready(request)
