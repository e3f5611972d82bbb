"""Reading YAML from strangers: bounds, traps, positions."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.document.place import lines_of
from engine.document.read import DEEPEST, LARGEST, read


def problems(source: bytes) -> list[str]:
    return [f"{p.line}:{p.column} {p.code}" for p in read("f.yaml", source).problems]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"a: 1\nb: 2\na: 3\n", ["3:1 duplicate_key"]),
        (b"x:\n  a: 1\n  a: 2\n", ["3:3 duplicate_key"]),
        (b"a: &x 1\nb: *x\n", ["1:4 alias", "2:4 alias"]),
        (b"a: !!python/object:os.system x\n", ["1:4 tag"]),
        (b"a: !x [1]\n", ["1:4 tag"]),
        (b"a: &x {b: 1}\n", ["1:4 alias"]),
        (b"&x a: 1\n", ["1:1 alias"]),
        (b"a: 1\n---\nb: 2\n", ["2:1 more_documents"]),
        (b"1: x\n", ["1:1 invalid_key"]),
        (b"true: x\n", ["1:1 invalid_key"]),
        (b"? [a]\n: b\n", ["1:3 invalid_key"]),
        (b"- a\n", ["1:1 invalid_value"]),
        (b"just text\n", ["1:1 invalid_value"]),
        (b"a: \xff\n", ["1:4 not_utf8"]),
        ("ä: ".encode() + b"\xff", ["1:4 not_utf8"]),
        (b"\xff\xfea\0", ["1:1 not_utf8"]),
        (b"a: b\nc\0: d", ["2:2 not_text"]),
        (b"a: \x01", ["1:4 not_text"]),
        (b"a: [1, 2\n", ["1:9 yaml_syntax"]),
        (b'a: "b\n', ["1:6 yaml_syntax"]),
        (b"a:\n\t- b\n", ["2:1 yaml_syntax"]),
        (b"a: b: c\n", ["1:5 yaml_syntax"]),
        (b"cron: */5 * * * *\n", ["1:7 yaml_syntax"]),
        (b'a: "\\ud800"\n', ["1:7 yaml_syntax"]),
        (b"a: 1\n" * 20_000, ["1:1 too_large"]),
        (b"a: " + b"[" * (DEEPEST + 1), [f"1:{DEEPEST + 3} too_deep"]),
    ],
)
def test_what_is_not_allowed_is_told_with_its_place(source, expected):
    assert problems(source) == expected


@pytest.mark.parametrize(
    ("source", "mend"),
    [
        (b"cron: */5 * * * *\n", "must be in quotes"),
        (b"cron: @daily\n", "begins with '@' must be in quotes"),
        (b"a:\n\t- b\n", "indent with spaces, not with tabs"),
        (b"a: b: c\n", "put it in quotes"),
        (b'a: "b\n', "check the quotes that open in line 1"),
        (b"a:\n  - b\n c: d\n", "check the indentation"),
    ],
)
def test_a_syntax_error_says_how_to_mend_it(source, mend):
    assert mend in read("f.yaml", source).problems[0].message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("12:30", "12:30"),
        ("12:30:45", "12:30:45"),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("2027-01-31", "2027-01-31"),
        ("=", "="),
        ("<<", "<<"),
        (".inf", ".inf"),
        ("1e3", "1e3"),
        ("9" * 5000, "9" * 5000),
        ("5", 5),
        ("-5", -5),
        ("1.5", 1.5),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("'5'", "5"),
        ('"true"', "true"),
    ],
)
def test_only_what_every_reader_takes_for_it_is_more_than_text(text, value):
    assert read("f.yaml", f"a: {text}\n".encode()).data == {"a": value}


@pytest.mark.parametrize("source", [b"", b"\n", b"# only a comment\n", b"---\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_an_empty_mapping(source):
    document = read("f.yaml", source)

    assert (document.data, document.problems) == ({}, [])


@pytest.mark.parametrize("brackets", [b"[", b"{a: ", b"- ", b"[{"])
def test_thirty_thousand_nested_brackets_are_refused_without_a_crash(brackets):
    source = (brackets * 30_000)[:LARGEST]

    assert [p.code for p in read("f.yaml", source).problems][-1] in {"too_deep", "yaml_syntax"}


def test_a_file_that_was_read_to_its_bound_is_not_said_to_have_that_size():
    (problem,) = read("a.yaml", b"#" * (LARGEST + 1)).problems

    assert problem.message == f"the file has more than {LARGEST} bytes; make it smaller"


def test_an_alias_bomb_costs_nothing():
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 60)
    )
    began = time.perf_counter()

    document = read("f.yaml", bomb.encode())

    assert "alias" in {p.code for p in document.problems}
    assert time.perf_counter() - began < 0.5


def test_a_node_is_found_by_its_path():
    document = read("f.yaml", b"a:\n  - b: 1\n    c: [x, y]\n")

    assert document.place(("a", 0, "c", 1)).value == (3, 12)
    assert document.place(("a", 0, "c")).key == (3, 5)


def test_what_is_not_written_is_where_its_parent_is():
    document = read("f.yaml", b"a:\n  b: 1\n")

    assert document.place(("a", "nope", "deeper")).value == (2, 3)


def all_inside(source: bytes) -> bool:
    try:
        lines = lines_of(source.decode())
    except UnicodeDecodeError:
        lines = lines_of(source.decode("latin-1"))
    return all(
        1 <= p.line <= len(lines) and 1 <= p.column <= len(lines[p.line - 1]) + 1
        for p in read("f.yaml", source).problems
    )


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_with_places_inside_the_file(source):
    assert all_inside(source)


YAML_PIECES = st.sampled_from(
    [
        "a",
        "b: ",
        "- ",
        "\n",
        "\n  ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ": ",
        "? ",
        "'",
        '"',
        "&x ",
        "*x",
        "!t ",
        "|\n",
        ">",
        "#",
        "\t",
        "---",
        "...",
        "%TAG",
        "\\",
        "\r",
        "\u2028",
        "é",
        "5",
        "true",
        "<<: ",
    ]
)


@settings(max_examples=50)
@given(st.lists(YAML_PIECES, max_size=30).map("".join))
def test_any_yaml_like_text_is_read_with_places_inside_the_file(text):
    assert all_inside(text.encode())
