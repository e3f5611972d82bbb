"""Environments whose Python vanished or was replaced are not given out, and are rebuilt."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.environments.catalog import CHECK_SECONDS, UvEnvironments
from engine.environments.choice import Interpreter
from engine.environments.interpreters import own_interpreter
from engine.errors import EnvironmentFailed
from engine.model.environment import EnvironmentRequest, EnvironmentState
from tests.integration.environments.conftest import Bench

OWN = own_interpreter()
REQUEST = EnvironmentRequest(OWN.version, "alpha")
ELSEWHERE = replace(OWN, path="/no/such/python", version="3.8.0")
"""A default that never fits, so that only what a test installs is chosen."""


class Installed:
    """The Pythons of a machine: copies of the one that runs this test."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._pythons: list[Interpreter] = []

    async def found(self) -> tuple[Interpreter, ...]:
        return tuple(i for i in self._pythons if Path(i.path).exists())

    def install(self, name: str) -> Path:
        program = self._root / name / "bin" / Path(OWN.path).name
        program.parent.mkdir(parents=True)
        shutil.copy2(OWN.path, program)
        (self._root / name / "lib").symlink_to(Path(sys.base_prefix) / "lib")
        self._pythons.append(replace(OWN, path=str(program)))
        return program


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    return Installed(tmp_path / "pythons")


Scenario = Callable[[UvEnvironments], Coroutine[Any, Any, Any]]


def play(bench: Bench, installed: Installed, scenario: Scenario) -> Any:
    async def with_installed(environments: UvEnvironments) -> Any:
        environments.interpreters = installed  # type: ignore[assignment]
        environments.default = ELSEWHERE
        return await scenario(environments)

    return bench.play(with_installed)


def test_a_vanished_python_makes_its_environment_missing(bench: Bench, installed: Installed):
    program = installed.install("first")

    async def scenario(environments: UvEnvironments) -> tuple[object, ...]:
        built = await environments.build(REQUEST)
        program.unlink()
        bench.clock.advance(CHECK_SECONDS)
        return (
            environments.ready(REQUEST),
            environments.by_key(built.key),
            environments.state(REQUEST),
        )

    assert play(bench, installed, scenario) == (None, None, EnvironmentState.MISSING)


def test_a_python_that_vanished_while_the_server_was_down_is_seen_at_once(
    bench: Bench, installed: Installed
):
    program = installed.install("first")

    async def build(environments: UvEnvironments) -> object:
        return await environments.build(REQUEST)

    async def state(environments: UvEnvironments) -> object:
        return environments.state(REQUEST)

    play(bench, installed, build)
    program.unlink()

    assert play(bench, installed, state) is EnvironmentState.MISSING


def test_a_rebuild_without_a_python_that_fits_says_so_and_may_be_tried_again(
    bench: Bench, installed: Installed
):
    program = installed.install("first")

    async def scenario(environments: UvEnvironments) -> list[EnvironmentState]:
        await environments.build(REQUEST)
        program.unlink()
        bench.clock.advance(CHECK_SECONDS)
        with pytest.raises(EnvironmentFailed, match=f"no Python {OWN.version} here"):
            await environments.build(REQUEST)
        states = [environments.state(REQUEST)]
        bench.clock.advance(61)
        return [*states, environments.state(REQUEST)]

    states = play(bench, installed, scenario)

    assert states == [EnvironmentState.FAILED, EnvironmentState.MISSING]


def test_the_same_version_elsewhere_gives_another_environment_that_works(
    bench: Bench, installed: Installed
):
    program = installed.install("first")

    async def scenario(environments: UvEnvironments) -> bool:
        first = await environments.build(REQUEST)
        program.unlink()
        installed.install("second")
        bench.clock.advance(CHECK_SECONDS)
        second = await environments.build(REQUEST)
        subprocess.run([second.interpreter, "-c", "import alpha"], check=True)
        return second.key != first.key and environments.ready(REQUEST) == second

    assert play(bench, installed, scenario)


def test_the_same_version_installed_again_in_its_place_keeps_the_environment(
    bench: Bench, installed: Installed
):
    program = installed.install("first")

    async def scenario(environments: UvEnvironments) -> bool:
        first = await environments.build(REQUEST)
        os.utime(program, (1_000_000_000, 1_000_000_000))
        bench.clock.advance(CHECK_SECONDS)
        seen = environments.ready(REQUEST)
        again = await environments.build(REQUEST)
        return seen is None and again == first and environments.ready(REQUEST) == first

    assert play(bench, installed, scenario)


def test_an_environment_that_somebody_deleted_is_built_again(bench: Bench):
    async def scenario(environments: UvEnvironments) -> bool:
        built = await environments.build(EnvironmentRequest(requirements="alpha"))
        shutil.rmtree(environments.environment_directory(built.key))
        bench.clock.advance(CHECK_SECONDS)
        again = await environments.build(EnvironmentRequest(requirements="alpha"))
        return again == built and Path(again.interpreter).exists()

    assert bench.play(scenario)


def test_who_names_no_python_follows_the_server_to_a_newer_one(bench: Bench):
    request = EnvironmentRequest()

    async def build(environments: UvEnvironments) -> object:
        return await environments.build(request)

    bench.play(build)

    async def after_an_upgrade() -> EnvironmentState:
        environments = UvEnvironments(
            data=bench.data, options=bench.options, clock=bench.clock, environ=bench.environ
        )
        environments.default = replace(OWN, version="3.99.0")
        environments.start()
        return environments.state(request)

    assert asyncio.run(after_an_upgrade()) is EnvironmentState.MISSING
