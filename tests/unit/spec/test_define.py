"""What a script's files come to when they hold no mistake."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.environment import EnvironmentRequest
from engine.model.run import RunStatus
from engine.model.script import Keep, Limits, Notify, Overlap, Retry, Script
from engine.model.tree import Severity
from engine.model.trigger import (
    AfterOutcome,
    AfterTrigger,
    AtTrigger,
    CatchUp,
    CronTrigger,
    EveryTrigger,
    FilesTrigger,
    StartupTrigger,
    UrlTrigger,
)
from engine.spec.build import UNBOUNDED_PARALLEL
from engine.spec.folder import folder_defaults
from schemas.settings import DefaultSettings, EnvironmentSettings, Settings
from tests.fakes.script_files import defined


def script_of(*args, **kwargs) -> Script:
    definition = defined(*args, **kwargs)
    assert definition.script is not None, definition.problems
    return definition.script


def triggers_of(text: str):
    return script_of(f"triggers:\n{text}").triggers


def test_a_directory_with_only_a_main_file_is_a_manual_script():
    assert script_of(None, script="etl/load-all") == Script(
        id="etl/load-all", name="Load All", main="load-all.py", environment=EnvironmentRequest()
    )


def test_an_empty_manifest_says_nothing():
    assert script_of("") == script_of(None)


def test_every_key_of_a_manifest_arrives():
    script = script_of(
        """
name: Weather
description: Fetch it
enabled: false
main: lib/weather.py
args: ["--city", 5]
python: "3.12"
env: {CITY: Berlin, LITERAL: "$${secret:X}", N: 5}
limits: {timeout: 5m, memory: 512MB, cpu: 1.5, processes: 64, output: 1MB}
overlap: queue
queue_limit: 4
group: warehouse
retry: {attempts: 3, delay: 10s, backoff: 2, max_delay: 10m, when: [failed, out_of_memory]}
success_exit_codes: [0, 2]
skip_exit_codes: [4]
source: snapshot
merge_output: true
stop_grace: 3s
queue: gpu
notify: {when: [missed], to: [ops@example.com]}
expect_within: 26h
keep: {runs: 10, days: 5}
""",
        files={"lib/weather.py": ""},
    )

    assert script == Script(
        id="etl/load",
        name="Weather",
        description="Fetch it",
        enabled=False,
        main="lib/weather.py",
        args=("--city", "5"),
        environment=EnvironmentRequest("3.12"),
        env=(("CITY", "Berlin"), ("LITERAL", "$${secret:X}"), ("N", "5")),
        limits=Limits(
            timeout=timedelta(minutes=5),
            memory=512_000_000,
            cpu=1.5,
            processes=64,
            output=1_000_000,
        ),
        overlap=Overlap.QUEUE,
        queue_limit=4,
        group="warehouse",
        retry=Retry(
            attempts=3,
            delay=timedelta(seconds=10),
            backoff=2,
            max_delay=timedelta(minutes=10),
            when=(RunStatus.FAILED, RunStatus.OUT_OF_MEMORY),
        ),
        success_exit_codes=(0, 2),
        skip_exit_codes=(4,),
        source="snapshot",
        merge_output=True,
        stop_grace=timedelta(seconds=3),
        queue="gpu",
        notify=Notify(when=("missed",), to=("ops@example.com",)),
        expect_within=timedelta(hours=26),
        keep=Keep(runs=10, days=5),
    )


@pytest.mark.parametrize(
    ("text", "trigger"),
    [
        (
            '  - cron: "*/5  * * * *"',
            CronTrigger(key="cron:*/5 * * * *", expression="*/5 * * * *", timezone="UTC"),
        ),
        (
            '  - {cron: "@daily", timezone: Europe/Berlin, jitter: 30s, catch_up: none, name: n}',
            CronTrigger(
                key="n", expression="@daily", timezone="Europe/Berlin",
                jitter=timedelta(seconds=30), catch_up=CatchUp.NONE,
            ),
        ),
        (
            "  - {every: 90, catch_up_window: 2h}",
            EveryTrigger(
                key="every:1m30s",
                interval=timedelta(seconds=90),
                catch_up_window=timedelta(hours=2),
            ),
        ),
        (
            "  - at: 2027-01-31T09:00:00",
            AtTrigger(
                key="at:2027-01-31T09:00:00+00:00", moment=datetime(2027, 1, 31, 9, tzinfo=UTC)
            ),
        ),
        (
            "  - at: 2027-01-31",
            AtTrigger(key="at:2027-01-31T00:00:00+00:00", moment=datetime(2027, 1, 31, tzinfo=UTC)),
        ),
        ("  - {startup: true, enabled: false}", StartupTrigger(key="startup", enabled=False)),
        ("  - url: true", UrlTrigger(key="url")),
        ("  - url: {token: true}", UrlTrigger(key="url", token=True)),
        ("  - after: etl/extract", AfterTrigger(key="after:etl/extract", script="etl/extract")),
        (
            "  - after: {script: etl/extract, when: failure}",
            AfterTrigger(
                key="after:etl/extract:failure", script="etl/extract", when=AfterOutcome.FAILURE
            ),
        ),
        (
            "  - {files: 'inbox/*.csv', args: [a, 1], env: {B: c}}",
            FilesTrigger(
                key="files:inbox/*.csv", pattern="inbox/*.csv", args=("a", "1"), env=(("B", "c"),)
            ),
        ),
    ],
)  # fmt: skip
def test_a_trigger_arrives(text, trigger):
    assert triggers_of(text) == (trigger,)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-07-31T09:00:00", "2027-07-31T09:00:00+02:00"),
        ("2027-01-31T09:00:00", "2027-01-31T09:00:00+01:00"),
        ("2027-03-28T02:30:00", "2027-03-28T03:30:00+02:00"),
    ],
)
def test_a_moment_is_one_of_its_time_zone_and_moved_when_daylight_saving_skips_it(text, moment):
    (trigger,) = triggers_of(f"  - {{at: '{text}', timezone: Europe/Berlin}}")

    assert trigger.moment.isoformat() == moment


@pytest.mark.parametrize("manifest", ["triggers:", "args:", "env:", "limits:", "keep:", "retry:"])
def test_a_key_with_nothing_behind_it_is_no_mistake(manifest):
    assert script_of(manifest) == script_of(None)


def test_parallel_runs_are_bounded_by_the_server_unless_said():
    assert script_of("overlap: parallel").max_parallel == UNBOUNDED_PARALLEL
    assert script_of("overlap: parallel\nmax_parallel: 2").max_parallel == 2


def test_a_long_retry_delay_is_not_cut_by_the_default_bound():
    assert script_of("retry: {attempts: 2, delay: 3h}").retry.max_delay == timedelta(hours=3)


def test_the_nearest_word_counts():
    script = script_of(
        "env: {C: script}\nlimits: {memory: 1MB}\nskip_exit_codes: [5]\n",
        folders={
            "": "env: {A: root, B: root, C: root}\nlimits: {timeout: 1m}\ngroup: g\nargs: [a, b]\n",
            "etl": "env: {B: etl}\nlimits: {timeout: 2m, cpu: 2}\nargs: [c]\nname: Folder\n",
        },
        settings=Settings(defaults=DefaultSettings(timeout=timedelta(hours=1), output=7)),
    )

    assert script.env == (("A", "root"), ("B", "etl"), ("C", "script"))
    assert script.limits == Limits(timeout=timedelta(minutes=2), memory=1_000_000, cpu=2, output=7)
    assert (script.group, script.args, script.name) == ("g", ("c",), "Load")


@pytest.mark.parametrize(
    ("manifest", "retry"), [("", True), ("retry:", False), ("retry: {attempts: 5}", True)]
)
def test_null_drops_what_a_folder_says(manifest, retry):
    script = script_of(manifest, folders={"etl": "retry: {attempts: 3}"})

    assert (script.retry is not None) == retry


def test_null_lifts_a_bound():
    settings = Settings(defaults=DefaultSettings(timeout=timedelta(hours=1)))

    assert script_of("limits: {timeout: null}", settings=settings).limits.timeout is None


def test_a_mistake_in_a_folder_is_shown_at_each_script_below():
    definition = defined("name: x", folders={"etl": "\nenvv: {}\n"})

    assert definition.script is None
    assert [str(p) for p in definition.problems] == [
        "etl/folder.yaml:2:1: error: unknown key 'envv' (did you mean 'env'?)"
    ]


@pytest.mark.parametrize(
    ("folder", "place"),
    [
        ("triggers: [{every: 5m}]", ":1:1: error: 'triggers' belong in a script.yaml"),
        ("overlap: skip\nmax_parallel: 3", ":2:1: error: max_parallel has no effect"),
        ("retry: {delay: 5s}", ":1:8: error: key 'attempts' is missing"),
        ("main: run.py", ":1:7: error: main: there is no file 'run.py'"),
        ("sandbox: restricted", ":1:10: error: sandbox: this version cannot"),
    ],
)  # fmt: skip
def test_a_folder_is_blamed_for_its_own_words(folder, place):
    (problem,) = defined("name: x", folders={"etl": folder}).problems

    assert str(problem).startswith(f"etl/folder.yaml{place}")


def test_a_bound_in_a_folder_waits_for_scripts_it_fits():
    folders = {"etl": "max_parallel: 3\nqueue_limit: 9"}

    assert script_of("", folders=folders).max_parallel == 1
    assert script_of("overlap: parallel", folders=folders).max_parallel == 3


@pytest.mark.parametrize(
    ("names", "main"),
    [
        (["load.py", "main.py", "a.py"], "load.py"),
        (["main.py", "a.py"], "main.py"),
        (["a.py"], "a.py"),
    ],
)
def test_the_main_file_is_found(names, main):
    assert script_of("", files=dict.fromkeys(names, "")).main == main


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a.py", "b.py"], "which of a.py, b.py is run? name it with 'main:', or call it load.py"),
        ([], "there is no Python file to run; add load.py, or name one with 'main:'"),
    ],
)
def test_a_main_file_that_cannot_be_told_is_asked_for(names, message):
    (problem,) = defined("name: x", files=dict.fromkeys(names, "")).problems

    assert (problem.code, problem.message) == ("missing_main", message)


INLINE = '# /// script\n# requires-python = ">=3.10"\n# dependencies = ["b", "a>1"]\n# ///\n'


def test_inline_metadata_counts_without_requirements():
    request = script_of("", files={"load.py": INLINE}).environment

    assert request == EnvironmentRequest(">=3.10", "a>1\nb")


def test_requirements_win_over_inline_metadata():
    request = script_of("", files={"load.py": INLINE, "requirements.txt": "c"}).environment

    assert request == EnvironmentRequest(None, "c")


@pytest.mark.parametrize(
    ("own", "folder", "python"),
    [("'3.11'", "'3.12'", "3.11"), (None, "'3.12'", "3.12"), (None, "'3.8'", ">=3.10")],
)
def test_python_is_the_nearest_word_that_inline_metadata_allows(own, folder, python):
    script = script_of(
        f"python: {own}" if own else "",
        folders={"etl": f"python: {folder}"},
        files={"load.py": INLINE},
    )

    assert script.environment.python == python


def test_a_python_that_inline_metadata_refuses_is_a_contradiction():
    (problem,) = defined("python: '3.9'", files={"load.py": INLINE}).problems

    assert str(problem) == (
        "etl/load/script.yaml:1:9: error: python: '3.9' is not allowed by requires-python "
        "'>=3.10' in load.py; change one of the two"
    )


def test_the_server_may_allow_what_requirements_refuse():
    settings = Settings(environments=EnvironmentSettings(allow_options=True))
    files = {"load.py": "", "requirements.txt": "-r other.txt"}

    assert script_of("", files=files, settings=settings).environment.requirements == "-r other.txt"


EXAMPLE = Path(__file__).parent / "every-key.yaml"


def test_the_example_of_the_documentation_can_be_used():
    manifest = EXAMPLE.read_text(encoding="utf-8")

    assert len(script_of(manifest, script="api-calls/weather-api").triggers) == 7


def test_references_to_secrets_stay_as_they_are_written():
    script = script_of("env: {T: 'x-${secret:TOKEN}'}\nnotify: {to: ['${secret:URL}']}")

    assert (script.env, script.notify and script.notify.to) == (
        (("T", "x-${secret:TOKEN}"),),
        ("${secret:URL}",),
    )


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("queue: gpu", (1, 1), "has no workers yet"),
    ],
)
def test_a_key_without_effect_is_a_warning_at_its_place(text, place, message):
    (problem,) = defined(text).problems

    assert (problem.severity, problem.code, (problem.line, problem.column)) == (
        Severity.WARNING,
        "no_effect",
        place,
    )
    assert message in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "notify:",
        "notify: {to: [a@b.c]}",
        "expect_within:",
        "expect_within: 1h\nnotify: {to: [a@b.c]}",
        "queue: default",
        "triggers: [{url: {token: false}}]",
    ],
)
def test_a_key_that_asks_for_nothing_is_no_warning(text):
    assert defined(text).problems == ()


def test_a_script_with_warnings_is_in_force():
    assert script_of("queue: gpu").queue == "gpu"


def test_warnings_are_told_once_the_errors_are_mended():
    assert [each.code for each in defined("queue: gpu\nzzz: 1").problems] == ["unknown_key"]


def test_a_folders_warning_is_told_of_the_folder_and_not_of_each_script():
    defaults = folder_defaults("etl", b"queue: gpu\n")

    definition = defined("", folders={"etl": "queue: gpu\n"})

    assert ([each.code for each in defaults.problems], definition.problems) == (["no_effect"], ())


@settings(max_examples=50)
@given(st.binary(max_size=300))
def test_any_bytes_are_defined_or_refused(source):
    definition = defined(source)

    errors = [each for each in definition.problems if each.severity is Severity.ERROR]
    assert (definition.script is None) == bool(errors)


LINES = st.lists(
    st.sampled_from(
        [
            "name: x", "overlap: skip", "overlap: parallel", "max_parallel: 3", "triggers:",
            "  - cron: '* * * * *'", "  - every: 5m", "    catch_up: all", "    name: x",
            "  - at: 2027-01-01", "limits:", "  timeout: 5m", "  x: [", "retry: {attempts: 2}",
            "env: {A: b}", "main: [1]", "? x", "- y", "notify:", "  to: {}", "keep: 3",
        ]
    ),
    max_size=8,
    unique=True,
)  # fmt: skip


@settings(max_examples=50)
@given(LINES)
def test_any_mix_of_lines_is_defined_or_refused_inside_the_file(lines):
    source = "\n".join(lines)

    definition = defined(source)

    assert (definition.script is None) == bool(definition.problems)
    assert all(p.line <= max(len(lines), 1) for p in definition.problems)
