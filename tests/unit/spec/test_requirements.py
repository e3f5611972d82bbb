"""What requirements come to, and which need permission."""

import pytest

from engine.spec.requirements import read_requirements
from tests.fakes.script_files import defined


def requirements_of(text: str) -> str:
    definition = defined(files={"load.py": "", "requirements.txt": text})
    assert definition.script is not None, definition.problems
    return definition.script.environment.requirements


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b\na\n", "a\nb"),
        ("a\n# note\n\n  b  # why\r\na\n", "a\nb"),
        ("A_b >= 1, <2\n", "a-b<2,>=1"),
        ("requests[socks] ; python_version < '3.9'\n", 'requests[socks]; python_version < "3.9"'),
        (
            "a == 1 \\\n  --hash=sha256:ab \\\n  --hash=sha256:cd\n",
            "a == 1 --hash=sha256:ab --hash=sha256:cd",
        ),
        ("a @ https://host/a.whl\n", "a @ https://host/a.whl"),
        ("git+https://host/a.git@v1#egg=a\n", "git+https://host/a.git@v1#egg=a"),
        ("this is !! wrong\n", "this is !! wrong"),
        ("\ufeffa\n", "a"),
        ("", ""),
    ],
)
def test_requirements_are_reduced_to_what_decides_an_environment(text, expected):
    assert requirements_of(text) == expected


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("--index-url https://host/simple", "option '--index-url' is not allowed here"),
        ("--extra-index-url=https://host/simple", "option '--extra-index-url' is not allowed here"),
        ("-i https://host/simple", "option '-i' is not allowed here"),
        ("-r ../other.txt", "option '-r' is not allowed here"),
        ("-e .", "option '-e' is not allowed here"),
        ("--find-links /tmp", "option '--find-links' is not allowed here"),
        ("./lib", "'./lib' is a local path"),
        ("lib/a", "'lib/a' is a local path"),
        ("/etc", "'/etc' is a local path"),
        ("~/a", "'~/a' is a local path"),
        ("a.whl", "'a.whl' is a local path"),
        ("file:///etc", "'file:///etc' is a local path"),
        ("a @ file:///etc", "'a @ file:///etc' is a local path"),
        ("a@file:/etc", "'a@file:/etc' is a local path"),
        ("a @ git+file:///x", "'a @ git+file:///x' is a local path"),
        ("a @ ../x", "'a @ ../x' is a local path"),
        ("a @ ${HOME}/x", "'a @ ${HOME}/x' is a local path"),
        ("C:\\lib", "'C:\\\\lib' is a local path"),
    ],
)
def test_what_escapes_the_tree_needs_permission(line, what):
    text = f"requests\n  {line}\n"

    (problem,) = defined(files={"load.py": "", "requirements.txt": text}).problems

    assert str(problem) == (
        f"etl/load/requirements.txt:2:3: error: {what}; "
        "it needs `environments.allow_options: true` in pysched.yaml"
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a\nb\0", "2:2: error: NUL characters"),
        ("a" * (1024 * 1024 + 1), "1:1: error: the file has"),
    ],
)
def test_what_is_no_text_is_refused(text, place):
    (problem,) = defined(files={"load.py": "", "requirements.txt": text}).problems

    assert str(problem).startswith(f"etl/load/requirements.txt:{place}")


def test_what_is_not_utf8_is_refused_at_its_place():
    _, mistake = read_requirements(b"a\nb\xff")

    assert mistake is not None
    assert (mistake.position, mistake.code) == ((2, 2), "not_utf8")


def test_a_last_line_that_is_continued_counts():
    assert requirements_of("a == 1 \\") == "a==1"


def test_more_requirements_than_anybody_writes_are_refused():
    text = "".join(f"a{n}\n" for n in range(2001))

    (problem,) = defined(files={"load.py": "", "requirements.txt": text}).problems

    assert (problem.line, problem.code) == (2001, "too_large")
