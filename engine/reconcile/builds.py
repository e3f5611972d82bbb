"""Have environments built, and look at their scripts again when they are done."""

from collections.abc import Callable, Collection

from engine.errors import EngineError, EnvironmentFailed
from engine.model.environment import EnvironmentRequest
from engine.model.identity import ScriptId
from engine.ports import Environments, Journal
from engine.reconcile.notes import note
from engine.reconcile.state import State
from engine.reconcile.tasks import Tasks

ACTION = "build environment"

LookAt = Callable[[Collection[ScriptId]], None]


class Builds:
    def __init__(
        self,
        environments: Environments,
        journal: Journal,
        state: State,
        tasks: Tasks,
        look_at: LookAt,
    ) -> None:
        self._environments = environments
        self._journal = journal
        self._state = state
        self._tasks = tasks
        self._look_at = look_at
        self._going: set[EnvironmentRequest] = set()

    def ask(self, request: EnvironmentRequest, *, force: bool = False) -> None:
        """Build an environment unless it is being built already; `force` builds it anew."""
        if request not in self._going:
            self._going.add(request)
            self._tasks.spawn(self._build(request, force=force))

    @property
    def going(self) -> int:
        """How many builds are not over yet."""
        return len(self._going)

    def goes_on(self, request: EnvironmentRequest) -> bool:
        """Say whether a build that was asked for is not over yet."""
        return request in self._going

    async def _build(self, request: EnvironmentRequest, *, force: bool) -> None:
        try:
            environment = await self._environments.build(request, force=force)
        except EnvironmentFailed as error:
            await note(self._journal, ACTION, _words(request), str(error), error.code)
        except EngineError as error:
            # It says nothing about the environment. The next full pass asks again, not the
            # look below, which would ask at once, and again, for as long as it goes on.
            await note(self._journal, ACTION, _words(request), str(error), error.code)
            return
        else:
            await note(self._journal, ACTION, _words(request), environment.key)
        finally:
            self._going.discard(request)
        self._look_at(self.users(request))

    def users(self, request: EnvironmentRequest) -> tuple[ScriptId, ...]:
        """Return the scripts in force that ask for this environment."""
        return tuple(
            in_force.id
            for in_force in self._state.scripts.values()
            if in_force.script is not None and in_force.script.environment == request
        )


def _words(request: EnvironmentRequest) -> str:
    count = len(request.requirements.splitlines())
    return f"python {request.python or 'default'}, {count} requirements"
