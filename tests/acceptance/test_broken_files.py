"""A broken `script.yaml` next to 1,000 good ones disturbs neither them nor its last good self."""

import os
import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.served import Served, eventually, served, without_roots_powers

GOOD = 1_000
SECOND = 1.0
TRIES = 4
PRINT = "print('hello')\n"
SCHEDULED = "triggers:\n  - at: 2099-01-01T00:00:00\n"
"""So far away that no test sees it come."""
UNDER = without_roots_powers()

Break = Callable[[Path], None]


def bytes_of(content: bytes) -> Break:
    def write(file: Path) -> None:
        file.write_bytes(content)

    return write


def fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def link_out_of_the_tree(file: Path) -> None:
    file.unlink()
    file.symlink_to("/etc/passwd")


def unreadable(file: Path) -> None:
    file.chmod(0)


BREAKAGES: dict[str, tuple[Break, str]] = {
    "syntax": (bytes_of(b"description: x\ntriggers: [\n"), ": error: not valid YAML: "),
    "unknown-key": (
        bytes_of(b"triggers:\n  - crn: '* * * * *'\n"),
        "2:5: error: unknown key 'crn' (did you mean 'cron'?)",
    ),
    "wrong-value": (
        bytes_of(b"triggers:\n  - cron: '61 * * * *'\n"),
        "2:11: error: ",
    ),
    "brackets": (bytes_of(b"args: " + b"[" * 30_000), "nested more than 40 deep"),
    "binary": (
        bytes_of(bytes(range(128, 256)) * 10),
        "1:1: error: byte 0x80 is not UTF-8; save the file with the encoding UTF-8",
    ),
    "megabyte": (
        bytes_of(b"# " + b"x" * 1_000_000),
        "1:1: error: the file has more than 65536 bytes; make it smaller",
    ),
    "alias-bomb": (
        bytes_of(b"args: &a [x, x]\nenv: [*a, *a, *a, *a]\n"),
        "1:7: error: anchors are not allowed; remove '&a'",
    ),
    "fifo": (fifo, "1:1: error: is a directory, FIFO, socket or device and is not read; "),
    "link": (link_out_of_the_tree, "1:1: error: a link that leaves the tree is not followed; "),
    "unreadable": (unreadable, "1:1: error: cannot be read: Permission denied; "),
}


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("broken")) as server:
        for number in range(GOOD):
            server.script(f"good/s{number:03}", PRINT, SCHEDULED)
        server.script("ticking", PRINT, "triggers:\n  - every: 1s\n")
        server.script("broken/ticks", PRINT, "triggers:\n  - every: 1s\n")
        for name in BREAKAGES:
            server.script(f"broken/{name}", PRINT, SCHEDULED)
        server.start(under=UNDER)
        server.script_is("good/s999", lambda script: script["environment"]["state"] == "ready")
        yield server


def mend(file: Path, text: str) -> None:
    if not file.is_file() or file.is_symlink():
        file.unlink()
    else:
        file.chmod(0o644)
    file.write_text(text)


def problem_line(problem: dict[str, Any]) -> str:
    place = f"{problem['path']}:{problem['line']}:{problem['column']}"
    return f"{place}: {problem['severity']}: {problem['message']}"


@pytest.mark.parametrize("name", list(BREAKAGES))
def test_a_broken_manifest_is_told_and_its_last_good_definition_stays(thousand: Served, name: str):
    script, (break_it, words) = f"broken/{name}", BREAKAGES[name]
    file = thousand.tree / script / "script.yaml"
    before = thousand.script_is(script, lambda found: found["status"] == "ok")

    break_it(file)
    broken = thousand.script_is(script, lambda found: found["problems"])

    line = problem_line(broken["problems"][0])
    assert line.startswith(f"{script}/script.yaml:")
    assert words in line
    assert (broken["status"], broken["stale"]) == ("error", True)
    assert (broken["triggers"], broken["next_run"]) == (before["triggers"], before["next_run"])
    eventually(lambda: line in thousand.log.read_text(), what=f"{line!r} in the terminal")
    run = thousand.ended(thousand.execute(script))
    assert run["status"] == "success"

    mend(file, SCHEDULED)
    began = time.monotonic()
    mended = thousand.script_is(script, lambda found: not found["problems"])
    assert time.monotonic() - began < TRIES * SECOND
    assert (mended["status"], mended["stale"]) == ("ok", False)
    assert mended["next_run"] == before["next_run"]


def test_validate_tells_every_breakage_with_its_place(thousand: Served):
    try:
        for name, (break_it, _) in BREAKAGES.items():
            break_it(thousand.tree / f"broken/{name}/script.yaml")
        for name in BREAKAGES:
            thousand.script_is(f"broken/{name}", lambda found: found["problems"])
        api = {
            problem_line(problem)
            for name in BREAKAGES
            for problem in thousand.get(f"/api/scripts/broken/{name}")["problems"]
        }

        said = thousand.command("validate", str(thousand.tree), code=1, under=UNDER)
    finally:
        for name in BREAKAGES:
            mend(thousand.tree / f"broken/{name}/script.yaml", SCHEDULED)

    lines = said.splitlines()
    assert api <= set(lines)
    for name, (_, words) in BREAKAGES.items():
        place = re.compile(rf"broken/{name}/script\.yaml:\d+:\d+: error: ")
        assert [line for line in lines if place.match(line) and words in line], name


def test_a_broken_neighbour_changes_no_next_run_and_loses_no_moment(thousand: Served):
    before = {name: script["next_run"] for name, script in thousand.scripts().items()}
    first = thousand.succeeded("ticking")["scheduled_for"]
    for number in range(5):
        thousand.write("broken/ticks/script.yaml", f"triggers: {'[' * number}\n  - {number}: x")
        time.sleep(0.5)
    eventually(
        lambda: len(thousand.runs(script="ticking", status="success", since=first)) > 4,
        what="more runs of the neighbour",
    )

    after = {name: script["next_run"] for name, script in thousand.scripts().items()}
    mend(thousand.tree / "broken/ticks/script.yaml", "triggers:\n  - every: 1s\n")

    dues = [
        datetime.fromisoformat(row["due"])
        for row in thousand.get("/api/scripts/ticking/occurrences", limit=200)["items"]
    ]
    assert {one - other for one, other in pairwise(dues)} == {timedelta(seconds=1)}
    still = [name for name in before if name.startswith("good/")]
    assert len(still) == GOOD
    assert {name: after[name] for name in still} == {name: before[name] for name in still}


def test_a_broken_script_goes_on_by_its_last_good_schedule(thousand: Served):
    thousand.succeeded("broken/ticks")
    thousand.write("broken/ticks/script.yaml", "triggers:\n  - evry: 1s\n")
    thousand.script_is("broken/ticks", lambda found: found["stale"])
    since = thousand.get("/api/scripts/broken/ticks")["next_run"]

    eventually(
        lambda: len(thousand.runs(script="broken/ticks", status="success", since=since)) > 2,
        what="runs by the last good definition",
    )

    mend(thousand.tree / "broken/ticks/script.yaml", "triggers:\n  - every: 1s\n")
    thousand.script_is("broken/ticks", lambda found: not found["problems"])


def test_mending_is_in_force_within_a_second(thousand: Served):
    times: list[float] = []
    file = thousand.tree / "broken/syntax/script.yaml"
    while len(times) < TRIES and (not times or min(times) > SECOND):
        file.write_text("triggers: [")
        thousand.script_is("broken/syntax", lambda found: found["stale"])
        file.write_text(SCHEDULED)
        began = time.monotonic()
        thousand.script_is("broken/syntax", lambda found: not found["problems"])
        times.append(time.monotonic() - began)

    assert min(times) < SECOND


def test_a_script_that_was_never_good_is_an_error_and_cannot_be_run(thousand: Served):
    thousand.script("never/good", PRINT, "evry: 1s\n")
    found = thousand.script_is("never/good", lambda script: script["problems"])

    refused = thousand.http.post("/api/scripts/never/good/execute", json={})

    assert (found["status"], found["stale"], found["next_run"]) == ("error", False, None)
    assert refused.status_code in {404, 409}
    assert "unknown key 'evry'" in refused.json()["detail"]
    mend(thousand.tree / "never/good/script.yaml", SCHEDULED)
    assert thousand.script_is("never/good", lambda script: script["next_run"])["status"] == "ok"


@pytest.mark.parametrize("name", ["syntax", "unknown-key", "fifo", "link", "unreadable"])
def test_a_broken_folder_file_leaves_what_is_below_in_force_and_is_told_once(
    thousand: Served, name: str
):
    file = thousand.write(f"folders/{name}/folder.yaml", "env:\n  CITY: Berlin\n")
    scripts = [f"folders/{name}/s{number}" for number in range(3)]
    for script in scripts:
        thousand.script(script, "import os\nprint(os.environ['CITY'])\n", SCHEDULED)
    for script in scripts:
        thousand.script_is(script, lambda found: found["status"] == "ok")
    told = len(thousand.log.read_text())

    BREAKAGES[name][0](file)
    for script in scripts:
        found = thousand.script_is(script, lambda found: found["stale"])
        assert found["next_run"] is not None

    line = problem_line(found["problems"][0])
    assert line.startswith(f"folders/{name}/folder.yaml:")
    eventually(lambda: line in thousand.log.read_text()[told:], what=f"{line!r} in the terminal")
    run = thousand.ended(thousand.execute(scripts[0]))
    assert (run["status"], thousand.output(run["id"])) == ("success", "Berlin\n")
    mend(file, "env:\n  CITY: Bonn\n")
    for script in scripts:
        thousand.script_is(script, lambda found: not found["problems"])
    run = thousand.ended(thousand.execute(scripts[0]))
    assert thousand.output(run["id"]) == "Bonn\n"


def test_the_last_good_definition_outlives_a_restart(server: Served):
    server.script("stale", PRINT, SCHEDULED)
    server.start()
    before = server.script_is("stale", lambda script: script["environment"]["state"] == "ready")
    server.write("stale/script.yaml", "triggers: [")
    server.script_is("stale", lambda script: script["stale"])
    server.stop()

    server.start()

    after = server.get("/api/scripts/stale")
    assert (after["status"], after["stale"]) == ("error", True)
    assert (after["triggers"], after["next_run"]) == (before["triggers"], before["next_run"])
    assert server.ended(server.execute("stale"))["status"] == "success"
