"""An environment that cannot be built says why in uv's words and takes nothing away."""

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.environments.catalog import CHECK_SECONDS
from tests.acceptance.served import Served, eventually, free_port, served
from tests.fakes.package_index import PackageIndex, make_wheel, package_index

ASIDE = {"logs", "mutex", "requests", "trash", "work"}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PackageIndex]:
    wheels = tmp_path_factory.mktemp("wheels")
    for name in ("alpha", "beta", "gamma", "delta", "epsilon"):
        make_wheel(wheels, name, "1.0")
        make_wheel(wheels, name, "2.0")
    with package_index(wheels) as one:
        yield one


def settings(index_url: str) -> dict[str, str]:
    return {
        "PYSCHED_ENVIRONMENTS__INDEX_URL": index_url,
        "UV_HTTP_RETRIES": "0",
        "NO_PROXY": "127.0.0.1",
    }


@pytest.fixture(scope="module")
def server(index: PackageIndex, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("environments"), env=settings(index.url)) as one:
        one.script("plain", "print('fine')")
        one.start()
        one.ended(one.execute("plain"))
        yield one


@pytest.fixture
def own_server(index: PackageIndex, tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path, env=settings(index.url)) as one:
        yield one


def needs(server: Served, script: str, requirements: str) -> None:
    """Make or change a script that prints the version of its first requirement."""
    package = re.split(r"\W", requirements)[0]
    is_new = not (server.tree / script).exists()
    server.write(f"{script}/requirements.txt", f"{requirements}\n")
    if is_new:
        server.script(script, f"import {package}\nprint({package}.VERSION)\n")


def is_in_state(server: Served, script: str, state: str) -> dict[str, Any]:
    return server.script_is(script, lambda found: found["environment"]["state"] == state)


def environment_of(server: Served, script: str) -> dict[str, Any]:
    """Return the script's environment once it is ready."""
    return is_in_state(server, script, "ready")["environment"]


def printed(server: Served, script: str) -> str:
    run = server.ended(server.execute(script))
    assert run["status"] == "success", (run["status"], run["reason"])
    return server.output(run["id"]).strip()


def environments(server: Served) -> list[Path]:
    return [path for path in (server.data / "envs").iterdir() if path.name not in ASIDE]


def half_built(server: Served) -> list[str]:
    """Return what a build must not leave behind."""
    envs = server.data / "envs"
    left = [str(path) for name in ("trash", "work") for path in (envs / name).iterdir()]
    return left + [str(path) for path in environments(server) if not (path / ".ready").exists()]


@pytest.mark.parametrize(
    ("script", "requirements", "words"),
    [
        ("malformed", "alpha==", r"Unexpected end of version specifier"),
        ("unknown", "no-such-package", r"no-such-package was not found in the package registry"),
        ("no-version", "alpha==99", r"there is no version of alpha==99"),
        ("conflict", "alpha<2\nalpha>=2", r"alpha<2 and alpha>=2"),
    ],
)
def test_a_failed_build_ends_its_runs_with_the_sentence_of_uv(
    server: Served, script: str, requirements: str, words: str
):
    needs(server, script, requirements)
    found = is_in_state(server, script, "failed")

    run = server.ended(server.execute(script))

    assert (found["status"], run["status"]) == ("env_failed", "env_failed")
    assert re.search(words, run["reason"]), run["reason"]
    assert (run["started_at"], run["exit_code"]) == (None, None)
    assert server.get(f"/api/scripts/{script}")["environment"]["message"] == run["reason"]
    assert not half_built(server)
    assert printed(server, "plain") == "fine"


def test_a_failed_build_is_told_in_the_terminal(server: Served):
    needs(server, "told", "also-not-there")
    is_in_state(server, "told", "failed")

    eventually(
        lambda: "also-not-there was not found" in " ".join(server.log.read_text().split()),
        what="the sentence in the terminal",
    )
    assert "told" in server.command("status")


@pytest.mark.parametrize("wanted", ["manifest", "inline"])
def test_a_python_that_is_missing_is_told_with_those_that_were_found(server: Served, wanted: str):
    if wanted == "manifest":
        server.script("old-python", "print('never')", 'python: "3.99"\n')
        script, asked = "old-python", "3.99"
    else:
        header = '# /// script\n# requires-python = ">=3.99"\n# ///\n'
        server.script("new-python", f"{header}print('never')")
        script, asked = "new-python", ">=3.99"
    is_in_state(server, script, "failed")

    run = server.ended(server.execute(script))

    assert run["status"] == "env_failed"
    assert re.search(rf"no Python {asked} here; found .*\d+\.\d+\.\d+", run["reason"])


def test_the_last_good_environment_stays_in_use_after_a_failed_build(server: Served):
    needs(server, "was-good", "alpha==1.0")
    is_in_state(server, "was-good", "ready")
    assert printed(server, "was-good") == "1.0"

    needs(server, "was-good", "alpha==99")
    failed = is_in_state(server, "was-good", "failed")

    assert failed["status"] == "env_failed"
    assert printed(server, "was-good") == "1.0"
    assert not half_built(server)
    needs(server, "was-good", "alpha==2.0")
    is_in_state(server, "was-good", "ready")
    assert printed(server, "was-good") == "2.0"


def test_runs_use_the_old_environment_until_the_new_one_is_ready(
    server: Served, index: PackageIndex
):
    needs(server, "switches", "beta==1.0")
    is_in_state(server, "switches", "ready")
    link = server.tree / "switches/.venv"
    eventually(link.is_symlink, what="the .venv link")
    before = link.readlink()

    index.gate.clear()
    try:
        needs(server, "switches", "beta==2.0")
        building = is_in_state(server, "switches", "building")
        assert printed(server, "switches") == "1.0"
        assert link.readlink() == before
    finally:
        index.gate.set()

    is_in_state(server, "switches", "ready")
    assert building["status"] == "building"
    assert printed(server, "switches") == "2.0"
    eventually(lambda: link.readlink() != before, what="the switch of .venv")


def test_the_venv_link_is_there_for_editors_and_not_for_git(server: Served):
    needs(server, "linked", "alpha==1.0")
    environment = environment_of(server, "linked")
    link = server.tree / "linked/.venv"

    eventually(link.is_symlink, what="the .venv link")

    assert link.resolve() == (server.data / "envs" / environment["key"]).resolve()
    version = [str(link / "bin/python"), "-c", "import alpha; print(alpha.VERSION)"]
    assert subprocess.run(version, check=True, capture_output=True, text=True).stdout == "1.0\n"
    exclude = server.tree / ".git/info/exclude"
    eventually(lambda: exclude.exists() and ".venv" in exclude.read_text().split(), what="exclude")
    status = ["git", "-C", str(server.tree), "status", "--porcelain", "-uall"]
    seen = subprocess.run(status, check=True, capture_output=True, text=True).stdout
    assert "linked/linked.py" in seen
    assert ".venv" not in seen


def test_equal_requirements_share_one_environment(server: Served):
    for script in ("twin-one", "twin-two"):
        server.script(script, "import epsilon\nprint(epsilon.VERSION)\n")
    server.write("twin-one/requirements.txt", "epsilon==1.0\n")
    server.write("twin-two/requirements.txt", "# the same\n\nepsilon ==1.0  # said otherwise\n")

    keys = {environment_of(server, script)["key"] for script in ("twin-one", "twin-two")}

    assert len(keys) == 1


def test_an_interpreter_that_vanished_is_replaced_before_its_first_use(server: Served):
    needs(server, "vanishes", "gamma==1.0")
    key = environment_of(server, "vanishes")["key"]
    assert printed(server, "vanishes") == "1.0"
    python = server.data / "envs" / key / "bin/python"
    python.unlink()
    python.symlink_to("/no/such/python")

    time.sleep(2 * CHECK_SECONDS)

    # Found at the first use, not by a pass that happens to come by.
    assert printed(server, "vanishes") == "1.0"
    assert is_in_state(server, "vanishes", "ready")
    assert not half_built(server)


def test_a_kill_during_a_build_leaves_nothing_half_built(own_server: Served, index: PackageIndex):
    needs(own_server, "killed", "delta==1.0")
    own_server.start()
    is_in_state(own_server, "killed", "ready")
    index.gate.clear()
    try:
        needs(own_server, "killed", "delta==2.0")
        eventually(
            lambda: any("delta-2.0" in path and "/files/" in path for path in index.requests),
            what="a download that hangs",
        )
        own_server.kill_engine()
        own_server.wait_until_up()

        assert printed(own_server, "killed") == "1.0"
        assert is_in_state(own_server, "killed", "building")
    finally:
        index.gate.set()

    is_in_state(own_server, "killed", "ready")
    assert printed(own_server, "killed") == "2.0"
    eventually(lambda: not half_built(own_server), what="a tidy data/envs")
    assert not builders(own_server)


def builders(server: Served) -> list[list[str]]:
    """Return the uv processes that work in the server's data directory."""
    found: list[list[str]] = []
    for process in psutil.process_iter(["name", "cmdline"]):
        words = process.info["cmdline"] or []
        if process.info["name"] == "uv" and any(str(server.data) in word for word in words):
            found.append(words)
    return found


def test_without_a_network_only_new_packages_are_missed(own_server: Served, index: PackageIndex):
    needs(own_server, "has-it", "alpha==1.0")
    own_server.start()
    is_in_state(own_server, "has-it", "ready")
    own_server.stop()
    dead = f"http://127.0.0.1:{free_port()}/simple"
    own_server.env["PYSCHED_ENVIRONMENTS__INDEX_URL"] = dead
    needs(own_server, "wants-it", "beta==1.0")
    own_server.script("plain", "print('fine')")

    own_server.start()
    is_in_state(own_server, "wants-it", "failed")

    run = own_server.ended(own_server.execute("wants-it"))
    assert run["status"] == "env_failed"
    assert dead in run["reason"]
    assert re.search(r"error sending request|[Cc]onnection refused|connect error", run["reason"])
    assert (printed(own_server, "has-it"), printed(own_server, "plain")) == ("1.0", "fine")
    assert not half_built(own_server)
    own_server.stop()
    own_server.env["PYSCHED_ENVIRONMENTS__INDEX_URL"] = index.url
    own_server.start()
    is_in_state(own_server, "wants-it", "ready")
    assert printed(own_server, "wants-it") == "1.0"
