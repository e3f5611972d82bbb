"""Commands on files, with the real engine and no server."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from web.cli.failure import guarded
from web.cli.main import app

GOOD = "triggers:\n  - cron: '30 2 * * *'\n    timezone: Europe/Berlin\n"
BAD = "triggers:\n  - crn: '* * * * *'\n"


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    add(tmp_path / "scripts", "etl/load", GOOD)
    return tmp_path / "scripts"


def add(tree: Path, script: str, manifest: str = "", code: str = "print('hello')\n") -> Path:
    directory = tree / script
    directory.mkdir(parents=True)
    (directory / "main.py").write_text(code)
    if manifest:
        (directory / "script.yaml").write_text(manifest)
    return directory


@pytest.fixture
def pysched(capfd, tree):
    def run(*arguments: str) -> tuple[int, str, str]:
        code = guarded(lambda: app(arguments))
        return code, *capfd.readouterr()

    return run


def test_a_valid_tree_is_valid(pysched):
    assert pysched("validate") == (0, "1 script is valid\n", "")


def test_a_mistake_is_told_at_its_place(pysched, tree):
    add(tree, "bad", BAD)

    code, output, _ = pysched("validate", "scripts")

    assert (code, output.splitlines()) == (
        1,
        [
            "bad/script.yaml:2:5: error: unknown key 'crn' (did you mean 'cron'?)",
            "2 scripts: 1 error",
        ],
    )


def test_mistakes_for_programs_have_the_shape_of_the_contract(pysched, tree):
    add(tree, "bad", BAD)

    code, output, _ = pysched("validate", "--format", "json")

    assert (code, set(json.loads(output)), set(json.loads(output)["problems"][0])) == (
        1,
        {"problems"},
        {"path", "line", "column", "severity", "code", "message"},
    )


def test_mistakes_for_github_are_annotations(pysched, tree):
    add(tree, "bad", BAD)

    output = pysched("validate", "--format", "github")[1]

    assert output.startswith("::error file=scripts/bad/script.yaml,line=2,col=5,title=")


def test_a_tree_that_is_not_there_is_one_message(pysched):
    code, _, error = pysched("validate", "nowhere")

    assert (code, error.startswith("error: ")) == (1, True)


def test_validate_needs_neither_the_web_framework_nor_http(tree):
    probe = (
        "import sys; from web.cli.main import app; app(['validate'], standalone_mode=False); "
        "print([m for m in ('fastapi', 'httpx', 'uvicorn') if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )

    assert found.stdout.splitlines()[-1] == "[]"


def test_a_name_that_the_terminal_cannot_show_is_escaped(tree):
    (tree / os.fsdecode(b"caf\xc3\xa9\xff")).mkdir()
    environ = os.environ | {"PYTHONIOENCODING": "ascii"}

    found = subprocess.run(
        [sys.executable, "-m", "web.cli.main", "validate"], env=environ, capture_output=True
    )

    assert (found.stderr, b"caf\\xe9\\udcff" in found.stdout) == (b"", True)


def test_a_plan_of_a_new_tree_creates_and_ends_with_three(pysched):
    code, output, _ = pysched("plan")

    assert (code, output.splitlines()[0], output.splitlines()[-1]) == (
        3,
        "+ create  etl/load",
        "Plan: 1 to create, 1 environment to build.",
    )


def test_a_plan_for_programs_has_the_shape_of_the_api(pysched):
    code, output, _ = pysched("plan", "--json")

    assert (code, json.loads(output)["actions"]) == (
        3,
        [{"action": "create", "id": "etl/load", "changes": []}],
    )


def test_a_plan_against_a_revision_tells_fields_from_and_to(pysched, tree):
    for arguments in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *arguments], cwd=tree, check=True)
    same = pysched("plan", "--against", "HEAD")[0]
    (tree / "etl/load/script.yaml").write_text(GOOD + "limits: {timeout: 1m}\n")

    code, output, _ = pysched("plan", "--against", "HEAD")

    assert (same, code, "    limits.timeout: (not set) → 1m" in output.splitlines()) == (0, 3, True)


def test_a_plan_of_a_tree_with_an_error_ends_with_one(pysched, tree):
    add(tree, "bad", BAD)

    code, output, _ = pysched("plan")

    assert (code, output.splitlines()[1:3]) == (
        1,
        ["! error   bad  no valid version yet", "+ create  etl/load"],
    )


def test_nothing_waits_for_a_confirmation(pysched):
    assert pysched("plan", "--confirm")[:2] == (0, "no removal waits\n")


def test_a_confirmation_is_not_about_a_revision(pysched):
    assert pysched("plan", "--confirm", "--against", "HEAD")[0] == 2


def test_the_next_times_of_a_script_are_one_a_line_with_their_offset(pysched):
    code, output, _ = pysched("next", "./etl/load/", "-n", "2")

    assert (code, [line[-14:-6] for line in output.splitlines()]) == (0, ["02:30:00"] * 2)


def test_the_next_times_of_an_expression_follow_the_zone(pysched):
    found = pysched(
        "next", "--cron", "30 2 * * *", "--timezone", "Europe/Berlin",
        "--from", "2026-03-28T00:00:00+01:00", "-n", "3",
    )  # fmt: skip

    assert found == (
        0,
        "2026-03-28T02:30:00+01:00\n2026-03-29T03:00:00+02:00\n2026-03-30T02:30:00+02:00\n",
        "",
    )


def test_the_next_times_for_programs_have_the_shape_of_the_api(pysched):
    items = json.loads(pysched("next", "etl/load", "-n", "1", "--json")[1])["items"]

    assert [set(one) for one in items] == [{"due", "local", "trigger"}]


@pytest.mark.parametrize(
    "arguments",
    [
        ["next", "no/such"],
        ["next", "--cron", "61 * * * *"],
        ["next", "--cron", "* * * * *", "--timezone", "Mars/Base"],
        ["next", "--cron", "* * * * *", "--from", "tomorrow"],
        ["run", "no/such"],
        ["plan", "--against", "no-such-revision"],
    ],
)
def test_what_cannot_be_done_is_one_message_and_one(pysched, arguments):
    code, output, error = pysched(*arguments)

    assert (code, output, error.startswith("error: ")) == (1, "", True)


def test_a_new_script_is_there_and_valid(pysched, tree):
    code, output, _ = pysched("new", "Hello World!", "--folder", "etl")

    assert (code, Path(output.strip()).is_dir(), pysched("validate")[0]) == (0, True, 0)
    assert Path(output.strip()).resolve() == (tree / "etl/hello-world").resolve()


def test_gc_of_nothing_removes_nothing(pysched):
    assert pysched("gc") == (0, "removed 0 environments and 0 runs, 0 B freed\n", "")


def test_doctor_lists_what_it_looked_at(pysched):
    findings = json.loads(pysched("doctor", "--json")[1])["findings"]

    assert {"name", "ok", "detail", "mend", "warning"} == set(findings[0])


def test_doctor_ends_with_zero_when_there_are_only_warnings(pysched, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    code, output, _ = pysched("doctor")

    line = next(line for line in output.splitlines() if " account " in line)
    assert (code, line[0], "mend account: " in output) == (0, "!", True)


def test_doctor_ends_with_one_when_something_is_wrong(pysched, tree):
    add(tree, "bad", BAD)

    code, output, _ = pysched("doctor")

    assert (code, "mend " in output) == (1, True)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import sys; print('out'); print('err', file=sys.stderr)", 0),
        ("raise SystemExit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143),
    ],
)
def test_run_ends_as_the_script_does(pysched, tree, code, expected):
    add(tree, "job", code=code)

    assert pysched("run", "job")[0] == expected


def test_run_tells_in_a_pipe_that_it_builds_and_no_more(pysched, tree):
    add(tree, "job", code="print('out')")

    assert pysched("run", "job") == (0, "out\n", "building the environment\n")


def test_run_passes_arguments_and_both_streams_on(pysched, tree):
    add(tree, "job", code="import sys; print(sys.argv[1:]); print('err', file=sys.stderr)")

    _, output, error = pysched("run", "job", "--", "--city", "Berlin")

    assert (output, error.splitlines()[-1]) == ("['--city', 'Berlin']\n", "err")
