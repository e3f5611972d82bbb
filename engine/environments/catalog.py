"""Know which environments are built, have the others built, and forget the unused.

The maps in memory answer at once, because every start of a run asks. They are
filled from disk at the start, and what they give out is checked against it: an
environment whose Python vanished or was replaced is not given out any more, so
it is rebuilt before its next use.
"""

import asyncio
import logging
import os
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

from engine.environments.build import Builder, Tell
from engine.environments.built import (
    Built,
    Record,
    fingerprint,
    heal,
    last_used,
    mark_used,
    read_lock,
    read_ready,
    read_records,
)
from engine.environments.bytecode import compile_bytecode
from engine.environments.choice import Interpreter
from engine.environments.collect import Collected, collect
from engine.environments.failure import BuildFailed
from engine.environments.failures import Failures
from engine.environments.interpreters import Interpreters, own_interpreter
from engine.environments.key import lock_hash
from engine.environments.layout import Layout
from engine.environments.link import point_link, remove_link
from engine.environments.options import EnvironmentOptions
from engine.environments.session import BuildProgress, Phase
from engine.environments.unused import LastUse, unused
from engine.model.environment import Environment, EnvironmentRequest, EnvironmentState
from engine.model.identity import EnvironmentKey
from engine.ports import Clock

logger = logging.getLogger(__name__)

CHECK_SECONDS = 0.05
"""How long an environment that was found whole is taken to be so.

Looking costs 3 microseconds: nothing for a start, too much ten thousand times in a pass.
"""
TOUCH_SECONDS = 3600.0
"""How exactly the last use is known."""
NO_PACKAGES = lock_hash("")


class UvEnvironments:
    """The Environments port over uv and a data directory.

    `start` fills it from disk; afterwards everything happens on one event loop.
    Other processes may build in the same data directory at the same time.
    """

    def __init__(
        self,
        *,
        data: Path,
        options: EnvironmentOptions,
        clock: Clock,
        environ: Mapping[str, str] | None = None,
        tell: Tell | None = None,
    ) -> None:
        """`environ` is what uv and the search for Pythons see, `tell` gets each line of a build."""
        self.layout = Layout(data.resolve())
        self.default: Interpreter = own_interpreter()
        self._options = options
        self._clock = clock
        self._environ = dict(os.environ if environ is None else environ)
        self._tell = tell
        self.interpreters = Interpreters(
            cache=self.layout.interpreters, environ=self._environ, extra=options.python_paths
        )
        self._slots = asyncio.Semaphore(options.concurrent_builds)
        self._built: dict[EnvironmentKey, Built] = {}
        self._answers: dict[EnvironmentRequest, EnvironmentKey] = {}
        self._checked: dict[EnvironmentKey, tuple[float, bool]] = {}
        self._touched: dict[EnvironmentKey, float] = {}
        self._failures = Failures()
        self._building: dict[EnvironmentRequest, asyncio.Task[Environment]] = {}
        self._compiling: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Remove what killed builds left and read what is there; blocking.

        Raises OSError when the data directory cannot be written.
        """
        for directory in self.layout.directories():
            directory.mkdir(parents=True, exist_ok=True)
        heal(self.layout)
        ready = (read_ready(self.layout, key) for key in self.layout.names())
        self._built = {built.environment.key: built for built in ready if built is not None}
        for record in read_records(self.layout):
            built = self._built.get(record.key)
            if built is not None and self._still_answers(record, built):
                self._answers[record.request] = record.key

    def _still_answers(self, record: Record, built: Built) -> bool:
        # Who names no Python gets the server's own, also after that was upgraded.
        return record.request.python is not None or (
            _minor(built.environment.python) == _minor(self.default.version)
        )

    async def close(self) -> None:
        """Stop all builds; what is unfinished is removed."""
        builds, compilers = tuple(self._building.values()), tuple(self._compiling)
        for task in (*builds, *compilers):
            task.cancel()
        await asyncio.gather(*builds, return_exceptions=True)
        await asyncio.gather(*compilers, return_exceptions=True)

    def state(self, request: EnvironmentRequest) -> EnvironmentState:
        """Return where a request stands; a failed one that may be tried again counts as missing."""
        if self.ready(request) is not None:
            return EnvironmentState.READY
        if request in self._building:
            return EnvironmentState.BUILDING
        failed = self._failures.standing(request, self._clock.now())
        return EnvironmentState.FAILED if failed else EnvironmentState.MISSING

    def ready(self, request: EnvironmentRequest) -> Environment | None:
        """Return the environment to use for the request, None unless it is built and healthy."""
        key = self._answers.get(request)
        return None if key is None else self.by_key(key)

    def by_key(self, key: EnvironmentKey) -> Environment | None:
        """Return a built and healthy environment."""
        built = self._built.get(key)
        return built.environment if built is not None and self._is_healthy(built) else None

    def failure(self, request: EnvironmentRequest) -> str | None:
        """Return the message of the newest build of this request if it failed."""
        return self._failures.message(request)

    async def build(self, request: EnvironmentRequest, *, force: bool = False) -> Environment:
        """Build or find the environment; concurrent calls for equal requests share one build.

        A failure that another try cannot mend is given again without one. `force`
        tries all the same, resolves the requirements anew, and builds another
        copy beside one that is in use. Raises EnvironmentFailed with the tool's
        own sentence.
        """
        task = self._building.get(request)
        if task is None:
            if not force:
                if (ready := self.ready(request)) is not None:
                    return ready
                if (failed := self._failures.standing(request, self._clock.now())) is not None:
                    raise failed
            task = asyncio.create_task(self._build(request, force=force))
            self._building[request] = task
            task.add_done_callback(lambda done: self._forget_build(request, done))
        # Shielded: the build is shared, so whoever gives up waiting does not stop it.
        return await asyncio.shield(task)

    def environment_directory(self, key: EnvironmentKey) -> Path:
        return self.layout.environment(key)

    def log_path(self, request: EnvironmentRequest) -> Path:
        """Return the log of the newest build of a request; it may not exist yet."""
        return self.layout.log(request)

    def lock_text(self, key: EnvironmentKey) -> str | None:
        """Return the pinned requirements of a built environment; reads a file."""
        try:
            return read_lock(self.layout, key)
        except FileNotFoundError:
            return None

    def details(self, key: EnvironmentKey) -> Built | None:
        """Return what a built environment was made of."""
        return self._built.get(key)

    def touch(self, key: EnvironmentKey) -> None:
        """Note that a run uses an environment; written at most once an hour."""
        now = self._clock.monotonic()
        if key not in self._built or now - self._touched.get(key, -TOUCH_SECONDS) < TOUCH_SECONDS:
            return
        try:
            mark_used(self.layout, key, self._clock.now())
        except OSError as error:
            logger.warning("the use of an environment is not noted", extra={"error": str(error)})
        self._touched[key] = now

    def link(self, script: Path, key: EnvironmentKey) -> bool:
        """Let a script directory's `.venv` point to an environment, unless it is somebody's own."""
        return point_link(script, self.layout.environment(key), envs=self.layout.envs)

    def unlink(self, script: Path) -> None:
        """Remove a script directory's `.venv` if it is a link of ours."""
        remove_link(script, envs=self.layout.envs)

    async def gc(self, in_use: Collection[EnvironmentKey], now: datetime) -> Collected:
        """Delete environments that nothing names and that were not used for a while.

        `in_use` are those of all scripts in force and of all live runs.
        """
        busy = {*in_use, *(self._answers[r] for r in self._building if r in self._answers)}
        uses = [
            LastUse(key=key, at=last_used(self.layout, built)) for key, built in self._built.items()
        ]
        keys = tuple(unused(uses, busy, now=now, keep=self._options.keep))
        # Forgotten first, on the loop: from here on nobody is given one of them.
        for key in keys:
            del self._built[key]
        self._answers = {r: key for r, key in self._answers.items() if key in self._built}
        return await asyncio.to_thread(
            collect, self.layout, keys, older_than=now - self._options.keep
        )

    def _is_healthy(self, built: Built) -> bool:
        key = built.environment.key
        now = self._clock.monotonic()
        at, healthy = self._checked.get(key, (-CHECK_SECONDS, False))
        if now - at >= CHECK_SECONDS:
            healthy = fingerprint(self.layout, key) == built.fingerprint
            self._checked[key] = now, healthy
        return healthy

    async def _build(self, request: EnvironmentRequest, *, force: bool) -> Environment:
        try:
            async with self._slots:
                record, built = await self._builder().build(request, force=force, tell=self._tell)
        except BuildFailed as error:
            self._failures.remember(request, error, self._clock.now())
            self._end(request, "failed", str(error))
            raise
        key = record.key
        is_new = key not in self._built
        self._failures.forget(request)
        self._built[key] = built
        self._checked.pop(key, None)
        self._answers[request] = key
        if is_new and self._options.compile_bytecode and built.environment.lock != NO_PACKAGES:
            task = asyncio.create_task(compile_bytecode(self.layout, built, self._environ))
            self._compiling.add(task)
            task.add_done_callback(self._compiling.discard)
        self._end(request, "ready")
        return built.environment

    def _end(self, request: EnvironmentRequest, phase: Phase, line: str = "") -> None:
        if self._tell is not None:
            self._tell(BuildProgress(request=request, phase=phase, line=line))

    def _builder(self) -> Builder:
        return Builder(
            layout=self.layout,
            options=self._options,
            clock=self._clock,
            environ=self._environ,
            interpreters=self.interpreters,
            default=self.default,
        )

    def _forget_build(self, request: EnvironmentRequest, done: asyncio.Task[Environment]) -> None:
        del self._building[request]
        if not done.cancelled() and (error := done.exception()) is not None:
            # Also for a build nobody waits for any more.
            logger.info("a build failed", extra={"error": str(error)})


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
