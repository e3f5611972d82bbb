"""`source: snapshot` runs what was committed, whatever is being edited in the tree."""

import subprocess

from tests.acceptance.served import Served

GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@example.com")
MANIFEST = "source: snapshot\n"


def git(server: Served, *arguments: str) -> str:
    command = [*GIT, "-C", str(server.tree), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_snapshot_runs_the_commit_and_records_it(server: Served):
    server.script("report", "print('committed')", MANIFEST)
    git(server, "init", "-q", "-b", "main")
    git(server, "add", ".")
    git(server, "commit", "-q", "-m", "first")
    server.start()

    server.write("report/report.py", "print('half an edit'")
    run = server.ended(server.execute("report"))

    assert (run["status"], run["commit"]) == ("success", git(server, "rev-parse", "HEAD"))
    assert server.output(run["id"]) == "committed\n"


def test_a_tree_outside_of_git_gets_a_repository_and_the_link_is_kept_out_of_it(server: Served):
    server.script("report", "print('here')", MANIFEST)
    server.start()
    server.script_is("report", lambda script: script["revision"] is not None)

    run = server.ended(server.execute("report"))

    assert run["status"] == "success", run["reason"]
    assert git(server, "status", "--porcelain") == ""
