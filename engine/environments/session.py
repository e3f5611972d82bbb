"""The uv commands of one build: run in a neutral place, logged, told while they go."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from engine.environments.failure import BuildFailed, kind_of, sentence, without_credentials
from engine.model.environment import EnvironmentRequest
from engine.process import CompletedCommand, run_command

Phase = Literal["resolve", "create", "install", "ready", "failed"]
"""How far a build is; it ends with one of the last two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildProgress:
    """One line of a build, or its end: then the line is empty, or says why it failed."""

    request: EnvironmentRequest
    phase: Phase
    line: str


class BuildLog:
    """The log of the newest build of a request; each line is on disk before it is told."""

    def __init__(
        self,
        path: Path,
        request: EnvironmentRequest,
        tell: Callable[[BuildProgress], None] | None,
    ) -> None:
        self.path = path
        self._request = request
        self._tell = tell

    def __enter__(self) -> Self:
        self._file = self.path.open("w", encoding="utf-8", buffering=1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._file.write(f"failed: {error or kind}\n")
        self._file.close()

    def write(self, phase: Phase, line: str) -> None:
        clean = without_credentials(line)
        self._file.write(f"{clean}\n")
        if self._tell is not None:
            self._tell(BuildProgress(request=self._request, phase=phase, line=clean))


@dataclass(frozen=True, slots=True, kw_only=True)
class UvSession:
    """Runs uv for one build."""

    program: str
    env: dict[str, str]
    work: Path
    """An empty directory, so that no configuration file of anybody is met."""
    log: BuildLog

    async def attempt(self, phase: Phase, arguments: Sequence[str]) -> CompletedCommand:
        """Run uv and return how it ended."""
        self.log.write(phase, "$ uv " + " ".join(arguments))
        return await run_command(
            [self.program, *arguments],
            cwd=self.work,
            env=self.env,
            on_line=lambda line: self._hear(phase, line),
        )

    def _hear(self, phase: Phase, line: str) -> None:
        # The hashes of a lock, which uv also prints, would drown everything else.
        if not line.lstrip().startswith("--hash="):
            self.log.write(phase, line)

    async def must(self, phase: Phase, arguments: Sequence[str]) -> None:
        """Run uv; raises EnvironmentFailed with its own sentence when it fails."""
        done = await self.attempt(phase, arguments)
        if done.code == 0:
            return
        said = sentence(done.stderr) or f"uv ended with code {done.code} and said nothing"
        where = "\n" if "\n" in said else " "
        raise BuildFailed(
            f"{said}{where}(build log: {self.log.path})", kind=kind_of(done.stderr, done.code)
        )
