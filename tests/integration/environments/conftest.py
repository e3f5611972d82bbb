"""An index with a few packages, and environments that use it and nothing else."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.environments.catalog import UvEnvironments
from engine.environments.options import EnvironmentOptions
from engine.environments.session import BuildProgress
from tests.fakes.clock import FakeClock
from tests.fakes.package_index import PackageIndex, make_wheel, package_index


@pytest.fixture
def index(tmp_path: Path) -> Iterator[PackageIndex]:
    wheels = tmp_path / "wheels"
    make_wheel(wheels, "alpha", "1.0")
    make_wheel(wheels, "alpha", "2.0", command=True)
    make_wheel(wheels, "beta", "1.0", requires=["alpha<2"])
    make_wheel(wheels, "gamma", "1.0", requires=["alpha>=2"])
    make_wheel(wheels, "modern", "1.0", requires_python=">=3.99")
    with package_index(wheels) as served:
        yield served


async def until(condition: Callable[[], object], *, seconds: float = 10) -> None:
    """Wait for something that happens in another process or task."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


class Bench:
    """What a test builds with; `open` gives the environments of one data directory."""

    def __init__(self, data: Path, index_url: str) -> None:
        self.data = data
        self.clock = FakeClock()
        self.options = EnvironmentOptions(index_url=index_url, compile_bytecode=False)
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ["HOME"],
            "UV_HTTP_RETRIES": "0",
            "NO_PROXY": "127.0.0.1",
        }
        self.told: list[BuildProgress] = []

    @asynccontextmanager
    async def open(self, **options: Any) -> AsyncIterator[UvEnvironments]:
        environments = UvEnvironments(
            data=self.data,
            options=replace(self.options, **options),
            clock=self.clock,
            environ=self.environ,
            tell=self.told.append,
        )
        environments.start()
        try:
            yield environments
        finally:
            await environments.close()

    def play(self, scenario: Callable[[UvEnvironments], Awaitable[Any]], **options: Any) -> Any:
        """Run a scenario in environments that are opened for it, as after a restart."""

        async def run() -> Any:
            async with self.open(**options) as environments:
                return await scenario(environments)

        return asyncio.run(run())

    def directories(self) -> list[str]:
        """Return the environments that are on disk, half built ones included."""
        aside = {"logs", "mutex", "requests", "trash", "work"}
        return sorted(p.name for p in (self.data / "envs").iterdir() if p.name not in aside)

    def left_over(self) -> list[str]:
        """Return what a build must not leave behind."""
        envs = self.data / "envs"
        return [str(p) for name in ("mutex", "trash", "work") for p in (envs / name).iterdir()]


@pytest.fixture
def bench(tmp_path: Path, index: PackageIndex) -> Bench:
    return Bench(tmp_path / "data", index.url)
