"""Answer a request: choose the Python, resolve the requirements, have them installed.

Resolving asks the index and takes seconds, so its answer is kept as a lock file
and given again for equal requirements and the same Python, also without a
network. Only a rebuild that somebody asked for resolves anew.
"""

import asyncio
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.environments.built import Built, Record, write_record
from engine.environments.choice import Interpreter, choose
from engine.environments.failure import BuildFailed, FailureKind
from engine.environments.files import write_file
from engine.environments.install import Installer
from engine.environments.interpreters import Interpreters, own_interpreter
from engine.environments.key import request_hash, resolution_hash
from engine.environments.layout import Layout
from engine.environments.mutex import exclusively
from engine.environments.options import EnvironmentOptions
from engine.environments.orphans import mark
from engine.environments.requirements import index_options, needs_permission, refusal
from engine.environments.session import BuildLog, BuildProgress, UvSession
from engine.environments.uv import compile_arguments, find_uv, uv_environment
from engine.errors import CommandFailed
from engine.model.environment import EnvironmentRequest
from engine.ports import Clock

Tell = Callable[[BuildProgress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """Builds environments of one data directory; any number of processes may do so at once."""

    layout: Layout
    options: EnvironmentOptions
    clock: Clock
    environ: Mapping[str, str]
    interpreters: Interpreters
    default: Interpreter = field(default_factory=own_interpreter)

    async def build(
        self, request: EnvironmentRequest, *, force: bool = False, tell: Tell | None = None
    ) -> tuple[Record, Built]:
        """Return which environment answers the request, and what it is; built if need be.

        `force` resolves anew and builds another copy beside one that is there.
        Raises EnvironmentFailed; nothing half built is left then.
        """
        limit = self.options.build_timeout.total_seconds()
        try:
            async with (
                asyncio.timeout(limit),
                exclusively(self.layout.mutex(request_hash(request))),
            ):
                with BuildLog(self.layout.log(request), request, tell) as log:
                    return await self._build(request, log, force=force)
        except TimeoutError:
            raise BuildFailed(
                f"the build took longer than {limit:g} s and was stopped "
                f"(environments.build_timeout; build log: {self.layout.log(request)})",
                kind=FailureKind.MACHINE,
            ) from None
        except CommandFailed as error:
            raise BuildFailed(str(error), kind=FailureKind.MACHINE) from error
        except OSError as error:
            raise BuildFailed(
                f"the environment cannot be written: {error}", kind=FailureKind.MACHINE
            ) from error

    async def _build(
        self, request: EnvironmentRequest, log: BuildLog, *, force: bool
    ) -> tuple[Record, Built]:
        self._check_permission(request)
        interpreter = choose(request.python, await self.interpreters.found(), self.default)
        log.write("resolve", f"Python {interpreter.version}: {interpreter.path}")
        session = self._session(request, log)
        try:
            lock, known = await self._lock(request, interpreter, session, anew=force)
            built = await Installer(layout=self.layout, clock=self.clock).install(
                lock, interpreter, session, fresh=force, offline_first=known
            )
        finally:
            shutil.rmtree(session.work, ignore_errors=True)
        log.write("install", f"ready: {self.layout.environment(built.environment.key)}")
        record = Record(
            request=request,
            key=built.environment.key,
            resolution=resolution_hash(request, interpreter),
        )
        write_record(self.layout, record)
        return record, built

    async def _lock(
        self,
        request: EnvironmentRequest,
        interpreter: Interpreter,
        session: UvSession,
        *,
        anew: bool,
    ) -> tuple[str, bool]:
        """Return the lock, and whether it was known before."""
        if not request.requirements.strip():
            return "", True
        path = self.layout.lock(resolution_hash(request, interpreter))
        if not anew and path.exists():
            session.log.write("resolve", f"resolved before: {path}")
            return path.read_text(encoding="utf-8"), True
        requirements, output = session.work / "requirements.txt", session.work / "lock.txt"
        requirements.write_text(request.requirements.rstrip() + "\n", encoding="utf-8")
        # Relative names, because uv names the file in its messages.
        await session.must(
            "resolve",
            compile_arguments(requirements.name, output.name, interpreter.path),
        )
        lock = index_options(request.requirements) + output.read_text(encoding="utf-8")
        write_file(path, lock)
        return lock, False

    def _check_permission(self, request: EnvironmentRequest) -> None:
        line = next(needs_permission(request.requirements), None)
        if line is not None and not self.options.allow_options:
            raise BuildFailed(refusal(line), kind=FailureKind.REQUEST)

    def _session(self, request: EnvironmentRequest, log: BuildLog) -> UvSession:
        work = self.layout.work(request)
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        env = uv_environment(
            self.environ,
            cache=self.layout.cache,
            index_url=self.options.index_url,
            offline=self.options.offline,
        )
        return UvSession(
            program=find_uv(self.environ), env=env | mark(self.layout.data), work=work, log=log
        )
