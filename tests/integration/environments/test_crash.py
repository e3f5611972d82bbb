"""A builder that is killed leaves nothing that would be used, and nothing that works on."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from engine import host
from engine.environments.catalog import UvEnvironments
from engine.environments.orphans import VARIABLE
from engine.model.environment import Environment, EnvironmentRequest, EnvironmentState
from tests.fakes.package_index import PackageIndex
from tests.integration.environments.conftest import Bench, until

ROOT = Path(__file__).parents[3]
ALPHA = EnvironmentRequest(requirements="alpha")

BUILDER = """
import asyncio, json, sys
from pathlib import Path
from engine.environments.catalog import UvEnvironments
from engine.environments.options import EnvironmentOptions
from engine.model.environment import EnvironmentRequest
from tests.fakes.clock import FakeClock

data, index_url, environ = json.loads(sys.argv[1])

async def main():
    environments = UvEnvironments(
        data=Path(data), options=EnvironmentOptions(index_url=index_url),
        clock=FakeClock(), environ=environ,
        tell=lambda progress: print(progress.line, flush=True),
    )
    environments.start()
    await environments.build(EnvironmentRequest(requirements="alpha"))

asyncio.run(main())
"""


def start_builder(bench: Bench, index: PackageIndex) -> subprocess.Popen[str]:
    """Start another process that builds, and return when it downloads."""
    arguments = json.dumps([str(bench.data), index.url, bench.environ])
    builder = subprocess.Popen(
        [sys.executable, "-c", BUILDER, arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    for _ in range(1000):
        if any(path.endswith(".whl") for path in index.requests):
            return builder
        time.sleep(0.01)
    kill(builder)
    raise AssertionError("the builder does not download")


def kill(builder: subprocess.Popen[str]) -> None:
    builder.send_signal(signal.SIGKILL)
    builder.wait()
    assert builder.stdout is not None
    builder.stdout.close()


def commands_of(bench: Bench) -> list[int]:
    return [p.pid for p in host.processes_with(VARIABLE) if p.value.endswith(f" {bench.data}")]


async def build(environments: UvEnvironments) -> Environment:
    return await environments.build(ALPHA)


async def state(environments: UvEnvironments) -> EnvironmentState:
    return environments.state(ALPHA)


def test_a_killed_build_is_not_used_and_removed_at_the_next_start(
    bench: Bench, index: PackageIndex
):
    index.gate.clear()
    kill(start_builder(bench, index))
    half_built = bench.directories()

    assert bench.play(state) is EnvironmentState.MISSING
    assert len(half_built) == 1
    assert bench.directories() == []
    assert bench.left_over() == []


def test_the_command_of_a_killed_builder_is_ended(bench: Bench, index: PackageIndex):
    index.gate.clear()
    kill(start_builder(bench, index))
    orphans = commands_of(bench)

    bench.play(state)

    assert len(orphans) == 1
    assert commands_of(bench) == []


def test_a_server_that_is_up_takes_over_from_a_killed_builder(bench: Bench, index: PackageIndex):
    index.gate.clear()

    async def scenario(environments: UvEnvironments) -> Environment:
        builder = await asyncio.to_thread(start_builder, bench, index)
        building = asyncio.create_task(build(environments))
        await asyncio.sleep(0.2)
        assert not building.done()
        kill(builder)
        index.gate.set()
        return await building

    environment = bench.play(scenario)

    code = "import alpha; print(alpha.VERSION)"
    assert subprocess.check_output([environment.interpreter, "-c", code], text=True) == "2.0\n"
    assert bench.left_over() == []


def test_a_starting_server_leaves_the_build_of_a_live_one_alone(bench: Bench, index: PackageIndex):
    index.gate.clear()
    builder = start_builder(bench, index)

    bench.play(state)
    half_built, commands = bench.directories(), commands_of(bench)
    index.gate.set()
    assert builder.stdout is not None
    with builder.stdout:
        ready = builder.stdout.read()
    builder.wait()

    assert (len(half_built), len(commands)) == (1, 1)
    assert f"ready: {bench.data / 'envs' / half_built[0]}" in ready


def test_a_stopped_server_ends_its_builds_and_leaves_nothing(bench: Bench, index: PackageIndex):
    index.gate.clear()

    async def scenario(environments: UvEnvironments) -> None:
        building = asyncio.create_task(build(environments))
        await until(lambda: any("pip sync" in p.line for p in bench.told))
        await environments.close()
        await asyncio.gather(building, return_exceptions=True)

    bench.play(scenario)

    assert (bench.directories(), bench.left_over(), commands_of(bench)) == ([], [], [])


def test_a_mark_that_cannot_be_read_makes_an_environment_unfinished(bench: Bench):
    environment = bench.play(build)
    marker = bench.data / "envs" / environment.key / ".ready"
    marker.write_text(marker.read_text()[:20])

    assert bench.play(state) is EnvironmentState.MISSING
    assert bench.play(build) == environment


def test_files_of_another_form_do_not_stop_the_start(bench: Bench):
    bench.play(build)
    (bench.data / "interpreters.json").write_text('{"/usr/bin/python3": {"what": 1}}')
    for record in (bench.data / "envs" / "requests").iterdir():
        record.write_text("[]")

    assert bench.play(state) is EnvironmentState.MISSING
    assert bench.play(build).python


def test_a_data_directory_behind_a_link_gives_resolved_paths(bench: Bench, tmp_path: Path):
    real = tmp_path / "real"
    real.mkdir()
    bench.data.symlink_to(real)

    assert bench.play(build).interpreter.startswith(f"{os.path.realpath(real)}/envs/")
