"""Requests become environments, over the real uv and an index on this machine."""

import asyncio
import stat
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from engine.environments.catalog import UvEnvironments
from engine.environments.requirements import pinned
from engine.errors import EnvironmentFailed
from engine.model.environment import Environment, EnvironmentRequest, EnvironmentState
from tests.fakes.package_index import PackageIndex, make_wheel
from tests.integration.environments.conftest import Bench, until

ALPHA = EnvironmentRequest(requirements="alpha")


def run_in(environment: Environment, code: str) -> str:
    return subprocess.check_output([environment.interpreter, "-c", code], text=True).strip()


def build(bench: Bench, request: EnvironmentRequest, **options: object) -> Environment:
    async def scenario(environments: UvEnvironments) -> Environment:
        return await environments.build(request)

    return bench.play(scenario, **options)


def failure(bench: Bench, request: EnvironmentRequest, **options: object) -> str:
    with pytest.raises(EnvironmentFailed) as caught:
        build(bench, request, **options)
    return str(caught.value)


def test_the_newest_version_is_installed_and_runs(bench: Bench):
    environment = build(bench, ALPHA)

    assert run_in(environment, "import alpha; print(alpha.VERSION)") == "2.0"


def test_console_scripts_work(bench: Bench):
    environment = build(bench, ALPHA)

    script = Path(environment.interpreter).with_name("alpha")
    assert subprocess.check_output([script], text=True) == "2.0\n"


def test_the_lock_pins_everything_with_hashes(bench: Bench):
    async def scenario(environments: UvEnvironments) -> str | None:
        built = await environments.build(EnvironmentRequest(requirements="beta"))
        return environments.lock_text(built.key)

    lock = bench.play(scenario)

    assert pinned(lock) == {"alpha": "1.0", "beta": "1.0"}
    assert lock.count("--hash=sha256:") == 2


def test_no_requirements_need_no_index(bench: Bench, index: PackageIndex):
    build(bench, EnvironmentRequest())

    assert index.requests == []


def test_every_installed_python_can_be_asked_for_and_runs(bench: Bench):
    async def scenario(environments: UvEnvironments) -> dict[str, str]:
        found = {i.version.rpartition(".")[0] for i in await environments.interpreters.found()}
        ran: dict[str, str] = {}
        for python in found:
            built = await environments.build(EnvironmentRequest(python, "alpha"))
            code = "import sys, alpha; print('%d.%d' % sys.version_info[:2])"
            ran[python] = run_in(built, code)
        return ran

    ran = bench.play(scenario)

    assert list(ran) == list(ran.values())
    assert ran


def test_the_range_of_an_inline_script_is_met_by_the_servers_own_python(bench: Bench):
    async def scenario(environments: UvEnvironments) -> bool:
        built = await environments.build(EnvironmentRequest(">=3.8", "alpha"))
        return built.python == environments.default.version

    assert bench.play(scenario)


def test_packages_of_the_server_are_not_seen(bench: Bench):
    environment = build(bench, ALPHA)

    code = "import importlib.util; print(importlib.util.find_spec('pydantic'))"
    assert run_in(environment, code) == "None"


def test_equal_requirements_in_other_words_share_one_environment(bench: Bench):
    async def scenario(environments: UvEnvironments) -> set[str]:
        requests = [
            EnvironmentRequest(requirements="beta"),
            EnvironmentRequest(requirements="alpha<2\nbeta==1.0"),
            EnvironmentRequest(python=environments.default.version, requirements="beta"),
        ]
        return {(await environments.build(request)).key for request in requests}

    keys = bench.play(scenario)

    assert bench.directories() == list(keys)


def test_concurrent_builds_of_one_request_are_one_build(bench: Bench):
    async def scenario(environments: UvEnvironments) -> list[Environment]:
        return await asyncio.gather(*(environments.build(ALPHA) for _ in range(5)))

    assert len({e.key for e in bench.play(scenario)}) == 1
    assert sum(p.line.startswith("$ uv venv") for p in bench.told) == 1


def test_concurrent_builds_of_two_processes_are_one_build(bench: Bench):
    async def scenario(first: UvEnvironments) -> set[str]:
        async with bench.open() as second:
            both = await asyncio.gather(first.build(ALPHA), second.build(ALPHA))
            return {e.key for e in both}

    assert len(bench.play(scenario)) == 1
    assert sum(p.line.startswith("$ uv venv") for p in bench.told) == 1


def test_after_a_restart_it_is_ready_without_a_build(bench: Bench):
    built = build(bench, ALPHA)
    bench.told.clear()

    async def scenario(environments: UvEnvironments) -> Environment | None:
        return environments.ready(ALPHA)

    assert bench.play(scenario) == built
    assert bench.told == []


def test_a_known_lock_and_a_filled_cache_need_no_network(bench: Bench, index: PackageIndex):
    build(bench, ALPHA)
    for directory in bench.directories():
        subprocess.run(["rm", "-r", bench.data / "envs" / directory], check=True)
    index.close()

    environment = build(bench, ALPHA)

    assert run_in(environment, "import alpha; print(alpha.VERSION)") == "2.0"


def test_a_lock_is_kept_although_a_newer_version_appears(bench: Bench, index: PackageIndex):
    first = build(bench, ALPHA)
    make_wheel(index.wheels, "alpha", "3.0")

    assert build(bench, ALPHA) == first


def test_a_forced_rebuild_resolves_anew(bench: Bench, index: PackageIndex):
    first = build(bench, ALPHA)
    make_wheel(index.wheels, "alpha", "3.0")
    subprocess.run(["rm", "-r", bench.data / "cache"], check=True)

    async def scenario(environments: UvEnvironments) -> Environment:
        return await environments.build(ALPHA, force=True)

    rebuilt = bench.play(scenario)
    assert run_in(rebuilt, "import alpha; print(alpha.VERSION)") == "3.0"
    assert run_in(first, "import alpha; print(alpha.VERSION)") == "2.0"


def test_a_forced_rebuild_of_the_same_lock_leaves_the_old_one_to_its_runs(bench: Bench):
    async def scenario(environments: UvEnvironments) -> tuple[Environment, Environment]:
        first = await environments.build(ALPHA)
        return first, await environments.build(ALPHA, force=True)

    first, rebuilt = bench.play(scenario)

    assert rebuilt.key == f"{first.key}-1"
    assert run_in(first, "import alpha; print(alpha.VERSION)") == "2.0"
    assert build(bench, ALPHA) == rebuilt


def test_each_line_is_told_with_its_phase_and_logged(bench: Bench):
    async def scenario(environments: UvEnvironments) -> str:
        await environments.build(ALPHA)
        return environments.log_path(ALPHA).read_text()

    log = bench.play(scenario)

    *lines, end = bench.told
    assert [p.line for p in lines] == log.splitlines()
    assert list(dict.fromkeys(p.phase for p in lines)) == ["resolve", "create", "install"]
    assert (end.phase, end.line) == ("ready", "")
    assert " + alpha==2.0" in log


def test_the_end_of_a_build_that_failed_is_told_with_the_reason(bench: Bench):
    async def scenario(environments: UvEnvironments) -> str:
        with pytest.raises(EnvironmentFailed) as caught:
            await environments.build(EnvironmentRequest(None, "no-such-package"))
        return str(caught.value)

    reason = bench.play(scenario)

    assert (bench.told[-1].phase, bench.told[-1].line) == ("failed", reason)


def test_the_log_can_be_read_while_the_build_goes(bench: Bench, index: PackageIndex):
    index.gate.clear()

    async def scenario(environments: UvEnvironments) -> str:
        building = asyncio.create_task(environments.build(ALPHA))
        await until(lambda: any("pip sync" in p.line for p in bench.told))
        seen = environments.log_path(ALPHA).read_text()
        index.gate.set()
        await building
        return seen

    assert "alpha==2.0" in bench.play(scenario)


def test_a_build_leaves_nothing_but_its_environment(bench: Bench):
    environment = build(bench, ALPHA)

    assert bench.directories() == [environment.key]
    assert bench.left_over() == []


def test_a_lock_is_readable_by_its_owner_alone(bench: Bench):
    build(bench, ALPHA)

    modes = {stat.S_IMODE(p.stat().st_mode) for p in (bench.data / "locks").iterdir()}
    assert modes == {0o600}


def test_a_broken_configuration_of_uv_in_the_working_directory_does_not_matter(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "uv.toml").write_text("this is = not toml [")
    (tmp_path / "pyproject.toml").write_text("[tool.uv\n")
    (bench.data).mkdir()
    monkeypatch.chdir(tmp_path)

    assert run_in(build(bench, ALPHA), "import alpha; print(alpha.VERSION)") == "2.0"


def test_modules_are_compiled_in_the_background(bench: Bench):
    async def scenario(environments: UvEnvironments) -> None:
        built = await environments.build(ALPHA)
        directory = environments.environment_directory(built.key)
        await until(lambda: list(directory.rglob("alpha.*.pyc")))

    bench.play(scenario, compile_bytecode=True)


# Failures


def test_a_malformed_requirement_is_told_in_words_of_uv(bench: Bench):
    message = failure(bench, EnvironmentRequest(requirements="alpha===>=1"))

    assert message.startswith("Couldn't parse requirement in `requirements.txt` at position 0")
    assert "no such comparison operator" in message


def test_an_unknown_package_is_told_in_words_of_uv(bench: Bench):
    message = failure(bench, EnvironmentRequest(requirements="nosuchthing"))

    assert "nosuchthing was not found in the package registry" in message


def test_a_conflict_is_told_with_its_chain(bench: Bench):
    message = failure(bench, EnvironmentRequest(requirements="beta\ngamma"))

    assert "gamma depend on alpha>=2" in message
    assert "beta depend on alpha<2" in message


def test_a_package_for_newer_pythons_is_told(bench: Bench):
    message = failure(bench, EnvironmentRequest(requirements="modern"))

    assert "requires Python >=3.99" in message


def test_a_missing_python_is_told_with_those_found(bench: Bench):
    message = failure(bench, EnvironmentRequest("3.99"))

    assert message.startswith("no Python 3.99 here; found 3.")


def test_a_message_names_the_log(bench: Bench):
    request = EnvironmentRequest(requirements="nosuchthing")

    message = failure(bench, request)

    log = Path(message.rpartition("(build log: ")[2].removesuffix(")"))
    assert "nosuchthing was not found" in log.read_text()


def test_a_failed_build_leaves_nothing_half_built(bench: Bench, index: PackageIndex):
    build(bench, ALPHA)
    subprocess.run(["rm", "-r", bench.data / "cache", *(bench.data / "envs").glob("?" * 24)])
    make_wheel(index.wheels, "alpha", "2.0", requires=["evil"])

    message = failure(bench, ALPHA)

    assert "Hash mismatch" in message
    assert bench.directories() == []
    assert bench.left_over() == []


def test_a_dead_index_is_told_and_tried_again_by_itself_later(bench: Bench, index: PackageIndex):
    index.close()

    async def scenario(environments: UvEnvironments) -> list[EnvironmentState]:
        with pytest.raises(EnvironmentFailed, match="Connection refused"):
            await environments.build(ALPHA)
        states = [environments.state(ALPHA)]
        bench.clock.advance(31)
        return [*states, environments.state(ALPHA)]

    assert bench.play(scenario) == [EnvironmentState.FAILED, EnvironmentState.MISSING]


def test_a_failure_of_the_requirements_is_not_tried_again_by_itself(bench: Bench):
    request = EnvironmentRequest(requirements="nosuchthing")

    async def scenario(environments: UvEnvironments) -> int:
        with pytest.raises(EnvironmentFailed):
            await environments.build(request)
        told = len(bench.told)
        bench.clock.advance(1_000_000)
        with pytest.raises(EnvironmentFailed, match="nosuchthing"):
            await environments.build(request)
        return len(bench.told) - told

    assert bench.play(scenario) == 0


def test_a_forced_rebuild_tries_again_and_forgets_the_failure(bench: Bench, index: PackageIndex):
    request = EnvironmentRequest(requirements="late")

    async def scenario(environments: UvEnvironments) -> str | None:
        with pytest.raises(EnvironmentFailed):
            await environments.build(request)
        make_wheel(index.wheels, "late", "1.0")
        await environments.build(request, force=True)
        return environments.failure(request)

    assert bench.play(scenario) is None


def test_a_build_that_takes_too_long_is_stopped_and_told(bench: Bench, index: PackageIndex):
    index.gate.clear()

    message = failure(bench, ALPHA, build_timeout=timedelta(seconds=1))

    assert message.startswith("the build took longer than 1 s and was stopped")
    assert bench.directories() == []


@pytest.mark.parametrize("line", ["--index-url http://127.0.0.1:1/simple", "-e /tmp/x", "./alpha"])
def test_options_and_local_paths_are_refused_unless_allowed(bench: Bench, line: str):
    message = failure(bench, EnvironmentRequest(requirements=f"{line}\nalpha"))

    assert message.startswith(f"requirement {line!r} is an option or a local path")


def test_options_work_when_they_are_allowed(bench: Bench, index: PackageIndex, tmp_path: Path):
    make_wheel(tmp_path / "more", "delta", "1.0")
    request = EnvironmentRequest(requirements=f"--find-links {tmp_path / 'more'}\ndelta")

    environment = build(bench, request, allow_options=True)

    assert run_in(environment, "import delta; print(delta.VERSION)") == "1.0"


def test_a_local_project_works_when_it_is_allowed(bench: Bench, tmp_path: Path):
    wheel = make_wheel(tmp_path / "more", "delta", "1.0")

    environment = build(
        bench, EnvironmentRequest(requirements=f"delta @ {wheel.as_uri()}"), allow_options=True
    )

    assert run_in(environment, "import delta; print(delta.VERSION)") == "1.0"
