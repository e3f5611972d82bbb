"""What a real server tells of environments, folders, history, measurements and the tree."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.served import Served, eventually, served
from tests.fakes.package_index import PackageIndex, make_wheel, package_index

BUSY = """
import time
end = time.monotonic() + 1.2
while time.monotonic() < end:
    pass
"""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PackageIndex]:
    wheels = tmp_path_factory.mktemp("wheels")
    make_wheel(wheels, "alpha", "1.0")
    make_wheel(wheels, "beta", "1.0")
    with package_index(wheels) as one:
        yield one


@pytest.fixture(scope="module")
def server(index: PackageIndex, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = {
        "PYSCHED_ENVIRONMENTS__INDEX_URL": index.url,
        "UV_HTTP_RETRIES": "0",
        "NO_PROXY": "127.0.0.1",
    }
    with served(tmp_path_factory.mktemp("told"), env=settings) as one:
        for script, package in (("etl/one", "alpha"), ("etl/two", "alpha"), ("other", "beta")):
            one.write(f"{script}/requirements.txt", f"{package}\n")
            one.script(script, f"import {package}\nprint({package}.VERSION)\n")
        one.script("busy", BUSY)
        one.write("etl/folder.yaml", "name: Loading\nlimits: {timeout: 5m}\n")
        one.start()
        for script in ("etl/one", "etl/two", "other", "busy"):
            one.script_is(script, lambda found: found["environment"]["state"] == "ready")
        yield one


def environment(server: Served, script: str) -> dict[str, Any]:
    return server.get(f"/api/scripts/{script}/environment")


def rebuilt(server: Served, script: str) -> dict[str, Any]:
    """Have an environment built anew and return what is told of it when that is over."""
    answer = server.http.post(f"/api/scripts/{script}/environment/rebuild")
    assert answer.status_code == 202, answer.text

    def look() -> dict[str, Any] | None:
        found = environment(server, script)
        return None if found["building"] else found

    return eventually(look, what=f"the end of the build for {script}")


def test_an_environment_is_told_with_its_packages_and_log(server: Served):
    found = environment(server, "etl/one")

    assert found["packages"] == [{"name": "alpha", "version": "1.0"}]
    assert found["lock_text"].startswith("alpha==1.0")
    assert "ready: " in found["build_log"]
    assert found["size_bytes"] > 0
    assert found["used_by"] == ["etl/one", "etl/two"]


def test_a_rebuild_takes_the_newest_packages_for_all_who_share_them(
    server: Served, index: PackageIndex
):
    before = environment(server, "etl/one")
    make_wheel(index.wheels, "alpha", "2.0")

    after = rebuilt(server, "etl/one")

    assert [one["version"] for one in after["packages"]] == ["2.0"]
    assert after["key"] != before["key"]
    run = server.ended(server.execute("etl/two"))
    assert (run["environment"], server.output(run["id"])) == (after["key"], "2.0\n")


def test_a_rebuild_of_what_has_not_changed_gives_a_fresh_copy(server: Served):
    before = environment(server, "busy")["key"]

    after = rebuilt(server, "busy")

    assert (after["state"], after["key"]) == ("ready", f"{before}-1")


def test_a_rebuild_that_fails_leaves_the_old_environment_in_use(
    server: Served, index: PackageIndex
):
    before = environment(server, "other")["key"]
    for wheel in index.wheels.glob("beta-*"):
        wheel.unlink()

    after = rebuilt(server, "other")

    assert (after["state"], after["key"]) == ("ready", before)
    assert "beta" in after["message"]
    assert "beta" in after["build_log"]
    assert server.ended(server.execute("other"))["status"] == "success"


def test_a_run_that_is_over_still_has_its_curve(server: Served):
    run = server.ended(server.execute("busy"))

    samples = server.get(f"/api/runs/{run['id']}/output/metrics")["items"]

    assert len(samples) >= 2
    assert [one["cpu_ms"] for one in samples] == sorted(one["cpu_ms"] for one in samples)
    assert samples[-1]["memory_bytes"] > 0


def test_the_history_of_a_script_holds_its_runs_alone(server: Served):
    mine, other = (server.ended(server.execute(script))["id"] for script in ("etl/one", "busy"))

    found = [run["id"] for run in server.get("/api/logs/etl/one")["items"]]

    assert mine in found
    assert other not in found
    assert server.get(f"/api/logs/etl/one/{mine}") == server.run(mine)
    assert server.http.get(f"/api/logs/etl/one/{other}").status_code == 404


def test_a_trigger_is_told_before_it_is_saved(server: Served):
    body = {
        "trigger": {"cron": "0 7 * * *", "timezone": "Europe/Berlin"},
        "from": "2026-03-27T12:00:00Z",
        "count": 2,
    }

    found = server.http.post("/api/preview", json=body).json()

    assert found["next"] == ["2026-03-28T07:00:00+01:00", "2026-03-29T07:00:00+02:00"]


def test_a_trigger_that_cannot_be_used_is_refused_with_the_reason(server: Served):
    answer = server.http.post("/api/preview", json={"trigger": {"cron": "61 * * * *"}})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cron")
    assert "minute" in answer.json()["detail"]


def test_a_folder_is_told_with_what_it_says_and_holds(server: Served):
    (found,) = server.get("/api/folders")["items"]

    assert (found["path"], found["name"], found["defaults"], found["scripts"]) == (
        "etl",
        "Loading",
        {"limits": {"timeout": "5m"}},
        2,
    )


def test_a_file_with_an_error_is_told_of_the_tree(server: Served):
    server.write("busy/script.yaml", "enabled: perhaps\n")

    def look() -> dict[str, Any] | None:
        found = server.get("/api/tree")
        return found if found["status"] == "error" else None

    found = eventually(look, what="the error")
    (server.tree / "busy/script.yaml").unlink()

    assert [one["path"] for one in found["errors"]] == ["busy/script.yaml"]
    assert eventually(lambda: server.get("/api/tree")["status"] == "ok", what="the mend")
