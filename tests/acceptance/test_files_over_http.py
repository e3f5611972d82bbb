"""Files of scripts are read and changed over HTTP, against a real server and real git."""

import subprocess
from pathlib import Path

import pytest

from tests.acceptance.served import KEY, Served, eventually, served, without_roots_powers

MAIN = "/api/scripts/etl/load/files/load.py"
MANIFEST = "/api/scripts/etl/load/files/script.yaml"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with served(tmp_path_factory.mktemp("files")) as one:
        one.script("etl/load", "print('one')\n", "triggers:\n  - every: 1d\n")
        (one.tree.parent / "secret.txt").write_text("not for you")
        (one.tree / "etl/load/way-out").symlink_to(one.tree.parent)
        (one.tree / "etl/load/out.txt").symlink_to(one.tree.parent / "secret.txt")
        one.start()
        eventually(lambda: one.get("/api/scripts/etl/load")["revision"], what="the first commit")
        yield one


def git(server: Served, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(server.tree), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.rstrip()


def curl(server: Served, *arguments: str) -> str:
    done = subprocess.run(
        ["curl", "-s", "-H", f"X-API-Key: {KEY}", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_what_is_written_runs_next_and_is_a_commit_of_its_author(server: Served, tmp_path: Path):
    (tmp_path / "new.py").write_text("print('two')\n")
    curl(server, "-T", str(tmp_path / "new.py"), server.url + MAIN)

    ended = server.ended(server.execute("etl/load"))

    assert server.output(ended["id"]) == "two\n"
    assert git(server, "log", "-1", "--format=%an: %s") == "default key: Edit etl/load/load.py"
    assert (git(server, "rev-parse", "HEAD"), git(server, "status", "--porcelain")) == (
        ended["commit"],
        "",
    )


def test_the_second_of_two_editors_loses_nothing(server: Served):
    version = server.http.get(MAIN).headers["etag"]
    first = server.http.put(MAIN, content="print('ada')\n", headers={"If-Match": version})
    second = server.http.put(MAIN, content="print('bob')\n", headers={"If-Match": version})

    told = second.json()
    assert (first.status_code, second.status_code) == (200, 412)
    assert (told["sent"], told["current"], told["content"]) == (
        version,
        first.headers["etag"],
        "print('ada')\n",
    )


def test_a_mistake_is_written_told_and_not_in_force(server: Served):
    before = (server.tree / "etl/load/script.yaml").read_bytes()
    answer = server.http.put(MANIFEST, content="triggers:\r\n  - crn: '* * * * *'\r\n")
    script = server.get("/api/scripts/etl/load")
    server.http.put(MANIFEST, content=before)

    errors = [one for one in answer.json()["problems"] if one["severity"] == "error"]
    assert [(one["path"], one["line"]) for one in errors] == [("etl/load/script.yaml", 2)]
    assert (script["status"], script["stale"], len(script["triggers"])) == ("error", True, 1)
    assert not server.get("/api/scripts/etl/load")["stale"]


def test_a_trigger_that_is_taken_out_is_out_of_force_with_the_answer(server: Served):
    before = (server.tree / "etl/load/script.yaml").read_bytes()
    server.http.put(MANIFEST, content="description: none\n")
    without = server.get("/api/scripts/etl/load")["triggers"]
    server.http.put(MANIFEST, content=before)

    assert (without, len(server.get("/api/scripts/etl/load")["triggers"])) == ([], 1)


@pytest.mark.parametrize(
    "path",
    ["out.txt", "way-out/secret.txt", "..%2f..%2fsecret.txt", ".git%2fconfig", ".venv/bin/python"],
)
def test_nothing_outside_the_script_is_read_or_written(server: Served, path: str):
    place = f"/api/scripts/etl/load/files/{path}"
    answers = [server.http.get(place), server.http.put(place, content="owned")]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert (server.tree.parent / "secret.txt").read_text() == "not for you"


def test_links_are_not_listed(server: Served):
    listed = server.get("/api/scripts/etl/load/files")

    assert [one["path"] for one in listed["items"]] == ["load.py", "script.yaml"]


def test_a_new_file_in_a_new_directory_comes_and_goes(server: Served):
    place = "/api/scripts/etl/load/files/lib/deep/a.txt"
    made = server.http.put(place, content=b"\xff\x00\r\n", headers={"If-None-Match": "*"})
    read = server.http.get(place)
    gone = server.http.delete(place, headers={"If-Match": made.headers["etag"]})

    assert (made.status_code, read.content, gone.status_code) == (201, b"\xff\x00\r\n", 200)
    assert not (server.tree / "etl/load/lib/deep/a.txt").exists()
    assert git(server, "status", "--porcelain") == ""


def test_nothing_is_left_lying_about(server: Served):
    server.http.put(MAIN, content="print('tidy')\n")

    assert list((server.tree / ".pysched-tmp").iterdir()) == []


def test_a_tree_that_cannot_be_written_to_is_told_and_loses_nothing(tmp_path: Path):
    with served(tmp_path) as server:
        directory = server.script("etl/load", "print('one')\n")
        directory.chmod(0o555)
        server.start(under=without_roots_powers())
        try:
            answer = server.http.put(MAIN, content="print('two')\n")
        finally:
            directory.chmod(0o755)

        assert (answer.status_code, answer.json()["code"]) == (503, "cannot_write")
        assert server.http.get(MAIN).text == "print('one')\n"
