"""Removing more than half of the scripts waits for a word; a tree that is gone removes nothing."""

import json
import re
import shutil
from pathlib import Path

from tests.acceptance.served import Served, eventually

PRINT = "print('hello')\n"
SCHEDULED = "triggers:\n  - at: 2099-01-01T00:00:00\n"
"""So far away that no test sees it come."""
DIFFERENCE = 3


def a_tree_of(server: Served, number: int) -> list[str]:
    names = [f"s{one}" for one in range(number)]
    for name in names:
        server.script(name, PRINT, SCHEDULED)
    server.env["PYSCHED_RECONCILE__INTERVAL"] = "1s"
    server.start()
    for name in names:
        server.script_is(name, lambda script: script["status"] == "ok")
    return names


def remove(server: Served, *names: str) -> None:
    """Remove scripts in one step as the server sees it, however slow the machine is."""
    engine = server.engine() if server.process and server.process.poll() is None else None
    if engine:
        engine.suspend()
    for name in names:
        shutil.rmtree(server.tree / name)
    if engine:
        engine.resume()


def held(server: Served) -> str | None:
    return server.get("/api/plan")["held"]


def pass_by(server: Served) -> None:
    server.http.post("/api/reconcile", json={}).raise_for_status()


def test_removing_more_than_half_waits_until_it_is_confirmed(server: Served):
    names = a_tree_of(server, 8)

    remove(server, *names[:6])

    reason = eventually(lambda: held(server), what="a word about the removals")
    assert "6 of 8 scripts" in reason
    assert "pysched plan --confirm" in reason
    pass_by(server)
    assert sorted(server.scripts()) == names

    said = server.command("plan", code=DIFFERENCE)
    assert reason in " ".join(said.split())
    assert re.findall(r"^- delete +(\w+)", said, re.MULTILINE) == names[:6]

    server.command("plan", "--confirm")
    eventually(lambda: sorted(server.scripts()) == names[6:], what="the removal")
    assert held(server) is None
    assert server.command("plan", code=0)


def test_a_script_that_waits_for_its_removal_still_keeps_its_schedule(server: Served):
    names = a_tree_of(server, 8)
    before = server.get("/api/scripts/s0")["next_run"]
    remove(server, *names[:6])
    eventually(lambda: held(server), what="a word about the removals")

    server.script("s0", PRINT, SCHEDULED)
    found = server.script_is("s0", lambda script: script["status"] == "ok")

    # Five of eight are still more than half, but no longer more than five.
    eventually(lambda: sorted(server.scripts()) == ["s0", "s6", "s7"], what="the removal")
    assert found["next_run"] == before
    assert held(server) is None


def test_a_confirmation_counts_for_the_very_scripts_that_were_shown(server: Served):
    names = a_tree_of(server, 10)
    remove(server, *names[:6])
    eventually(lambda: held(server), what="a word about the removals")
    server.stop()
    server.command("plan", "--confirm")

    remove(server, names[6])
    server.start()

    assert "7 of 10 scripts" in eventually(lambda: held(server), what="another question")
    assert sorted(server.scripts()) == names


def test_half_of_the_scripts_may_go_without_a_word(server: Served):
    names = a_tree_of(server, 8)

    remove(server, *names[:4])

    eventually(lambda: sorted(server.scripts()) == names[4:], what="the removal")
    assert held(server) is None


def test_an_emptied_tree_removes_nothing(server: Served):
    names = a_tree_of(server, 3)

    remove(server, *names)

    reason = eventually(lambda: held(server), what="a word about the empty tree")
    assert "the tree is empty" in reason
    pass_by(server)
    assert sorted(server.scripts()) == names
    assert all(script["next_run"] for script in server.scripts().values())


def test_a_vanished_tree_removes_nothing_and_its_return_is_noticed(server: Served):
    names = a_tree_of(server, 3)
    aside = server.tree.with_name("unmounted")

    server.tree.rename(aside)

    eventually(
        lambda: server.http.get("/api/health").status_code == 503, what="a word about the tree"
    )
    failing = server.http.get("/api/health").json()["details"]["failing"]
    assert str(server.tree) in " ".join(failing.values())
    assert sorted(server.scripts()) == names

    aside.rename(server.tree)
    eventually(server.is_up, what="good health")
    server.write("s1/script.yaml", "description: back\n" + SCHEDULED)
    server.script_is("s1", lambda script: script["description"] == "back", seconds=10)


def test_a_start_on_an_empty_tree_removes_nothing(server: Served):
    names = a_tree_of(server, 3)
    server.stop()
    whole = shutil.move(server.tree, server.tree.with_name("elsewhere"))
    server.tree.mkdir()

    server.start()

    assert sorted(server.scripts()) == names
    assert "the tree is empty" in str(held(server))
    plan = json.loads(server.command("plan", "--json", code=DIFFERENCE))
    assert "the tree is empty" in plan["held"]
    # Where a disk is not mounted, no repository is made.
    assert list(server.tree.iterdir()) == []
    server.tree.rmdir()
    Path(whole).rename(server.tree)
    eventually(lambda: held(server) is None, what="the return of the tree")
    server.script_is("s0", lambda script: script["revision"] is not None)
