"""Make an environment of a lock, or find the one that is there.

It is built under its final name, since its console scripts hold that path, and
counts for nothing until its mark is written. Whatever ends the build before,
`kill -9` included, leaves a directory that nobody uses and the next builder or
the next start removes.
"""

import asyncio
import os
from dataclasses import dataclass, replace

from engine.environments.built import (
    Built,
    discard,
    fingerprint,
    mark_ready,
    mark_used,
    measure,
    read_ready,
)
from engine.environments.choice import Interpreter
from engine.environments.failure import BuildFailed, FailureKind
from engine.environments.files import write_file
from engine.environments.key import environment_key, generation_of, lock_hash
from engine.environments.layout import LOCK, Layout
from engine.environments.mutex import exclusively
from engine.environments.orphans import end_orphans
from engine.environments.requirements import fully_hashed
from engine.environments.session import UvSession
from engine.environments.uv import sync_arguments, venv_arguments
from engine.model.environment import Environment
from engine.model.identity import EnvironmentKey
from engine.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """Builds environments of one data directory."""

    layout: Layout
    clock: Clock

    async def install(
        self,
        lock: str,
        interpreter: Interpreter,
        session: UvSession,
        *,
        fresh: bool = False,
        offline_first: bool = False,
    ) -> Built:
        """Return the environment of a lock, built if there is none that is whole.

        `fresh` builds another one beside those that are there, which runs may be using.
        """
        first = environment_key(lock, interpreter)
        async with exclusively(self.layout.mutex(first)):
            ready = await asyncio.to_thread(self._ready, first)
            if not fresh and (usable := self._usable(ready, interpreter)):
                mark_used(self.layout, usable.environment.key, self.clock.now())
                return usable
            number = max((generation_of(b.environment.key) for b in ready), default=-1) + 1
            key = environment_key(lock, interpreter, generation=number)
            try:
                return await self._create(key, lock, interpreter, session, offline_first)
            except BaseException:
                await asyncio.to_thread(discard, self.layout, self.layout.environment(key))
                raise

    def _ready(self, first: EnvironmentKey) -> list[Built]:
        """Return what is ready of a lock, newest generation first; remove what is unfinished."""
        ready: list[Built] = []
        for key in self.layout.names():
            if key.partition("-")[0] != first:
                continue
            built = read_ready(self.layout, key)
            if built is not None:
                ready.append(built)
                continue
            end_orphans(self.layout.data)
            discard(self.layout, self.layout.environment(key))
        return sorted(ready, key=lambda b: generation_of(b.environment.key), reverse=True)

    def _usable(self, ready: list[Built], interpreter: Interpreter) -> Built | None:
        for built in ready:
            seen = fingerprint(self.layout, built.environment.key)
            if seen == built.fingerprint:
                return built
            if seen is not None and built.base == interpreter.path:
                # The same version was installed again in the same place.
                renewed = replace(built, fingerprint=seen)
                mark_ready(self.layout, renewed)
                return renewed
        return None

    async def _create(
        self,
        key: EnvironmentKey,
        lock: str,
        interpreter: Interpreter,
        session: UvSession,
        offline_first: bool,  # noqa: FBT001 - only called above
    ) -> Built:
        directory = self.layout.environment(key)
        # Made before uv is started: an unfinished directory is the sign by which
        # the next builder knows that a command of ours may still be running.
        directory.mkdir()
        await session.must("create", venv_arguments(directory, interpreter.path))
        write_file(directory / LOCK, lock)
        if lock:
            await self._sync(key, lock, session, offline_first)
        seen = fingerprint(self.layout, key)
        if seen is None:
            raise BuildFailed(
                f"{interpreter.path} went away during the build", kind=FailureKind.INTERPRETER
            )
        # A power cut must not leave a ready environment with empty files.
        await asyncio.to_thread(os.sync)
        size, _ = await asyncio.to_thread(measure, directory)
        built = Built(
            environment=Environment(
                key=key,
                interpreter=str(self.layout.interpreter(key)),
                python=interpreter.version,
                lock=lock_hash(lock),
            ),
            base=interpreter.path,
            fingerprint=seen,
            built_at=self.clock.now(),
            size=size,
        )
        mark_ready(self.layout, built)
        return built

    async def _sync(
        self,
        key: EnvironmentKey,
        lock: str,
        session: UvSession,
        offline_first: bool,  # noqa: FBT001
    ) -> None:
        path, python = self.layout.environment(key) / LOCK, str(self.layout.interpreter(key))
        hashed = fully_hashed(lock)
        if offline_first:
            # A known lock is mostly in the cache, and without a network uv would
            # try for some 9 seconds before it looks there.
            arguments = sync_arguments(path, python, offline=True, hashed=hashed)
            if (await session.attempt("install", arguments)).code == 0:
                return
            session.log.write("install", "not in the cache, so the index is asked")
        await session.must("install", sync_arguments(path, python, offline=False, hashed=hashed))
