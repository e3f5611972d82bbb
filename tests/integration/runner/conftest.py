"""Runners that end with the test that started them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.runner.runnerharness import Client, RunnerProcess

Launch = Callable[..., RunnerProcess]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Start runners, each on its own data directory unless one is given."""
    started: list[RunnerProcess] = []

    def start(*options: str, data: Path | None = None, **environment: str) -> RunnerProcess:
        where = data or tmp_path / f"data-{len(started)}"
        where.mkdir(parents=True, exist_ok=True)
        started.append(RunnerProcess(where, *options, **environment))
        return started[-1]

    yield start
    for runner in started:
        runner.end()


@pytest.fixture
def runner(launch: Launch) -> RunnerProcess:
    return launch()


@pytest.fixture
def client(runner: RunnerProcess) -> Client:
    return runner.client()
