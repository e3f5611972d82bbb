"""Keys of a manifest are changed, and nothing else of its text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.document.read import read
from engine.errors import InvalidManifest
from engine.spec.edit import edit, same

FILE = """\
# yaml-language-server: $schema=../.pysched/script.schema.json
name: "Weather API"   # shown in lists

# Who asks for it: the desk in Berlin.
description: Fetch the forecast
enabled: true
env:
    CITY: 'Berlin'     # the desk
    # the token of the shop
    TOKEN: abc
triggers:
- cron: "*/5 * * * *"   # often
  timezone: Europe/Berlin
# and once a day
- every: 1d
limits: {timeout: 5m, memory: 512MB}
"""


def changed(text: str, **changes: object) -> str:
    return edit("a/script.yaml", text.encode(), changes).decode()


def difference(before: str, after: str) -> tuple[list[str], list[str]]:
    """Return the lines that are gone and those that are new."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return [line.rstrip("\n") for line in old], [line.rstrip("\n") for line in new]


@pytest.mark.parametrize(
    ("changes", "gone", "new"),
    [
        ({}, [], []),
        ({"enabled": True}, [], []),
        ({"enabled": False}, ["enabled: true"], ["enabled: false"]),
        (
            {"name": "Rain"},
            ['name: "Weather API"   # shown in lists'],
            ['name: "Rain"   # shown in lists'],
        ),
        (
            {"env": {"CITY": "Bonn", "TOKEN": "abc"}},
            ["    CITY: 'Berlin'     # the desk"],
            ["    CITY: 'Bonn'     # the desk"],
        ),
        (
            {"env": {"CITY": "Berlin", "TOKEN": "abc", "NEW": "1"}},
            [],
            ["    NEW: '1'"],
        ),
        (
            {"env": {"CITY": "Berlin"}},
            ["    # the token of the shop", "    TOKEN: abc"],
            [],
        ),
        (
            {"env": None},
            [
                "env:",
                "    CITY: 'Berlin'     # the desk",
                "    # the token of the shop",
                "    TOKEN: abc",
            ],
            [],
        ),
        (
            {"limits": {"timeout": "1m", "memory": "512MB"}},
            ["limits: {timeout: 5m, memory: 512MB}"],
            ["limits: {timeout: 1m, memory: 512MB}"],
        ),
        (
            {"limits": {"timeout": "1m"}},
            ["limits: {timeout: 5m, memory: 512MB}"],
            ["limits: {timeout: 1m}"],
        ),
        (
            {"description": None},
            ["# Who asks for it: the desk in Berlin.", "description: Fetch the forecast"],
            [],
        ),
        (
            {"description": "Two\nlines"},
            ["description: Fetch the forecast"],
            ["description: |-", "    Two", "    lines"],
        ),
        ({"args": ["-v", "on"]}, [], ["args:", "- -v", '- "on"']),
        ({"main": "x.py"}, [], ["main: x.py"]),
        (
            {"triggers": [{"cron": "*/5 * * * *", "timezone": "UTC"}, {"every": "1d"}]},
            ["  timezone: Europe/Berlin"],
            ["  timezone: UTC"],
        ),
        (
            {"triggers": [{"cron": "*/5 * * * *", "timezone": "Europe/Berlin"}]},
            ["# and once a day", "- every: 1d"],
            [],
        ),
        (
            {"triggers": [{"every": "1d"}]},
            ['- cron: "*/5 * * * *"   # often', "  timezone: Europe/Berlin"],
            [],
        ),
        (
            {
                "triggers": [
                    {"cron": "*/5 * * * *", "timezone": "Europe/Berlin"},
                    {"every": "1d"},
                    {"at": "2027-01-31T09:00:00"},
                ]
            },
            [],
            ["- at: '2027-01-31T09:00:00'"],
        ),
        (
            {"triggers": [{"timezone": "Europe/Berlin"}, {"every": "1d"}]},
            ['- cron: "*/5 * * * *"   # often', "  timezone: Europe/Berlin"],
            ["- timezone: Europe/Berlin"],
        ),
        (
            {"triggers": []},
            [
                "triggers:",
                '- cron: "*/5 * * * *"   # often',
                "  timezone: Europe/Berlin",
                "# and once a day",
                "- every: 1d",
            ],
            ["triggers: []"],
        ),
    ],
)
def test_only_the_lines_that_are_meant_change(changes, gone, new):
    assert difference(FILE, changed(FILE, **changes)) == (gone, new)


def test_a_new_key_goes_where_a_person_would_write_it():
    after = changed(FILE, main="x.py", overlap="queue").splitlines()

    assert after[after.index("main: x.py") - 1] == "enabled: true"
    assert after[-1] == "overlap: queue"


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ("", {"enabled": False}, "enabled: false\n"),
        ("# only this", {"enabled": False}, "# only this\nenabled: false\n"),
        ("name: a", {"enabled": False}, "name: a\nenabled: false"),
        ("name: a\nenabled: true", {"enabled": None}, "name: a"),
        ("name: a\r\nenabled: true\r\n", {"env": {"A": "1"}},
         "name: a\r\nenabled: true\r\nenv:\r\n  A: '1'\r\n"),
        ("\ufeffname: a\n", {"name": "b"}, "\ufeffname: b\n"),
        ("{name: a, enabled: true}\n", {"enabled": False}, "{name: a, enabled: false}\n"),
        ("{name: a}\n", {"enabled": False}, "{name: a, enabled: false}\n"),
        ("---\nname: a\n...\n", {"enabled": False}, "---\nname: a\nenabled: false\n...\n"),
        ("name:\nenabled: true\n", {"name": "a"}, "name: a\nenabled: true\n"),
        ("env:   # empty\nname: a\n", {"env": {"A": "b"}}, "env:   # empty\n  A: b\nname: a\n"),
        ("name: a # x\n", {"name": "b\nc"}, 'name: "b\\nc" # x\n'),
        ("description: |\n  one\n  two\n\nname: a\n", {"description": "three"},
         "description: three\n\nname: a\n"),
        ("name: a\n", {"name": None}, ""),
        ("# header\nname: a\n", {"name": None, "main": "x.py"}, "# header\nmain: x.py\n"),
        ("# header\nenabled: true\n", {"name": "a"}, "# header\nenabled: true\nname: a\n"),
        ("enabled: true\n", {"name": "a"}, "name: a\nenabled: true\n"),
        ("# name: b\nmain: x\n", {"main": None}, "# name: b\n"),
        ("name: a\ndescription: >\n  b\nmain: c", {"main": None},
         "name: a\ndescription: >\n  b\n"),
        ('"name" : a\n', {"name": "b"}, '"name" : b\n'),
        ("args: [a,\n  b]  # two\nname: a\n", {"args": ["c"]}, "args: [c]  # two\nname: a\n"),
        ("args:\n  -\n    a\n  - b\n", {"args": ["c", "b"]}, "args:\n  - c\n  - b\n"),
        ("name: a\n", {"name": "yes"}, 'name: "yes"\n'),
        ("name: a\n", {"name": "12:30 # x"}, "name: '12:30 # x'\n"),
        ("name: a\n", {"name": " a: b"}, "name: ' a: b'\n"),
    ],
)  # fmt: skip
def test_layouts_of_all_kinds_stay_what_they_are(before, changes, after):
    assert changed(before, **changes) == after


def test_a_file_with_mistakes_is_not_edited():
    with pytest.raises(InvalidManifest, match=r"script.yaml:2:1.*given twice"):
        changed("name: a\nname: b\n", enabled=False)


def test_what_no_manifest_can_say_is_refused():
    with pytest.raises(InvalidManifest, match="edit its text"):
        changed("name: a\n", name=10**30)


LAYOUTS = {
    "name": ["name: Plain text", 'name: "Quoted"  # remark', "name: 'single'", "name:"],
    "description": [
        "description: one line",
        "description: >\n  folded\n  text\n\n  more",
        "description: |+\n  kept\n",
        "description: a plain text\n  that goes on",
    ],
    "enabled": ["enabled: true", "enabled:   false # off"],
    "args": [
        "args: [a, 'b']",
        "args:\n- a\n- b  # last",
        "args:\n    - a\n    # between\n    - 'b'",
        "args: []",
        "args: [a,\n       b]",
    ],
    "env": [
        "env:\n  A: b\n  # about C\n  C: 'd'",
        "env: {A: b, C: d}",
        "env:\n      A: |\n        x\n        y",
        "env: {}",
    ],
    "triggers": [
        'triggers:\n  - cron: "* * * * *"  # always\n    timezone: UTC\n\n'
        "  # rarely\n  - every: 1d",
        "triggers: [{every: 1d}]",
        "triggers:\n- every: 5m\n-   at: 2027-01-01",
    ],
    "limits": ["limits:\n  timeout: 5m\n  cpu: 1.5", "limits: {timeout: 5m}", "limits:"],
}
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn", "Co")), max_size=12
)
WORDS = TEXT | st.sampled_from(
    ["yes", "null", "12:30", "010", "a: b", "# x", "- a", "a\nb", "{", "1.5"]
)
VALUES = {
    "name": WORDS,
    "description": WORDS,
    "enabled": st.booleans(),
    "args": st.lists(WORDS, max_size=4),
    "env": st.dictionaries(st.sampled_from("ACEG"), WORDS, max_size=3),
    "triggers": st.lists(
        st.fixed_dictionaries({"every": st.sampled_from(["1d", "5m"])}, optional={"name": WORDS})
        | st.just({"cron": "* * * * *", "timezone": "UTC"}),
        max_size=3,
    ),
    "limits": st.fixed_dictionaries(
        {}, optional={"timeout": st.just("5m"), "cpu": st.just(2.5), "memory": st.none()}
    ),
}
BETWEEN = st.sampled_from(["", "\n", "# a remark\n", "\n# of two\n# lines\n", "# off: true\n"])


@st.composite
def manifests(draw: st.DrawFn) -> str:
    keys = draw(st.lists(st.sampled_from(list(LAYOUTS)), min_size=1, unique=True))
    parts = [draw(BETWEEN) + draw(st.sampled_from(LAYOUTS[key])) + "\n" for key in keys]
    text = "".join(parts) + draw(BETWEEN)
    if draw(st.booleans()):
        text = text.removesuffix("\n")
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))


def without(text: str, key: str) -> list[str]:
    """Return the lines of a manifest that are not of a key, nor of remarks about it."""
    lines = text.replace("\r\n", "\n").split("\n")
    at = next((n for n, line in enumerate(lines) if line.startswith(f"{key}:")), None)
    if at is None:
        return lines
    end = last = at + 1
    while end < len(lines) and (
        not lines[end].strip() or lines[end].startswith((" ", "- ", "#", "-\t"))
    ):
        end += 1
        if lines[end - 1].startswith((" ", "- ")):
            last = end
    return lines[:at] + lines[last:]


@settings(max_examples=200, deadline=None)
@given(text=manifests(), data=st.data())
def test_editing_a_key_leaves_all_other_lines_and_values_as_they_are(
    text: str, data: st.DataObject
):
    key = data.draw(st.sampled_from(list(VALUES)))
    value = data.draw(VALUES[key])
    before = read("x", text.encode())

    after = edit("x", text.encode(), {key: value}).decode()

    found = read("x", after.encode())
    assert not found.problems
    assert same(found.data, before.data | {key: value})
    kept = [line for line in without(text, key) if line.strip()]
    assert [line for line in without(after, key) if line.strip()] == kept
    assert ("\r\n" in after) == ("\r\n" in text) or "\n" not in text or "\n" not in after


@settings(max_examples=100, deadline=None)
@given(text=manifests(), data=st.data())
def test_a_key_that_is_taken_out_takes_its_remarks_alone_with_it(
    text: str, data: st.DataObject
) -> None:
    before = read("x", text.encode())
    key = data.draw(st.sampled_from(list(before.data)))

    after = edit("x", text.encode(), {key: None}).decode()

    found = read("x", after.encode())
    assert same(found.data, {k: v for k, v in before.data.items() if k != key})
    kept = [line for line in without(text, key) if line.strip() and line[0] != "#"]
    assert [line for line in without(after, key) if line.strip() and line[0] != "#"] == kept
