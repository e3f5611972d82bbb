"""Checks and completions of a real server, by the script's own Python and packages."""

import psutil

from tests.acceptance.served import Served, eventually

TEXT = {"script": "etl/load", "path": "load.py", "content": "import prices\nprices.o"}
CURSOR = {**TEXT, "line": 2, "column": 9}


def completers(server: Served) -> list[psutil.Process]:
    engine = eventually(server.engine, what="an engine")
    return [one for one in engine.children() if "engine.editing.completer" in one.cmdline()]


def completed(server: Served) -> list[str]:
    """Return labels, asking again as a busy machine answers that one may."""

    def look() -> list[str] | None:
        answer = server.http.post("/api/complete", json=CURSOR)
        assert answer.status_code in {200, 503}, answer.text
        return [one["label"] for one in answer.json()["items"]] if answer.is_success else None

    return eventually(look, seconds=40, what="a completion")


def test_texts_are_checked_and_completed_and_nothing_is_left_behind(server: Served):
    server.script("etl/load", "print('load')\n")
    server.write("etl/load/prices.py", "def of(city): ...\n")
    server.start()

    checked = server.http.post("/api/check", json=TEXT)
    before = completers(server)
    labels = completed(server)
    for process in completers(server):
        process.kill()
    again = completed(server)
    left = completers(server)
    server.stop()

    assert (checked.json(), before, len(left) in {1, 2}) == ({"problems": []}, [], True)
    assert (labels, again) == (["of"], ["of"])
    assert not any(process.is_running() for process in left)


def test_an_engine_that_is_killed_leaves_no_process_that_completes(server: Served):
    server.script("etl/load", "print('load')\n")
    server.write("etl/load/prices.py", "def of(city): ...\n")
    server.start()
    completed(server)
    left = completers(server)

    server.kill_engine()

    assert left
    _, alive = psutil.wait_procs(left, timeout=20)
    assert alive == []
