"""Which Python a request gets."""

import pytest

from engine.environments.choice import Interpreter, choose
from engine.environments.failure import BuildFailed, FailureKind
from engine.errors import EnvironmentFailed


def an_interpreter(version: str, implementation: str = "cpython", path: str = "") -> Interpreter:
    return Interpreter(
        path=path or f"/usr/bin/python{version}",
        version=version,
        implementation=implementation,
        bits=64,
    )


OWN = an_interpreter("3.11.7")
FOUND = [an_interpreter(v) for v in ("3.8.18", "3.9.18", "3.12.1", "3.12.10", "3.13.0", "3.15.0a1")]


@pytest.mark.parametrize(
    ("python", "expected"),
    [
        (None, "3.11.7"),
        ("3.12", "3.12.10"),
        ("3.12.1", "3.12.1"),
        (" 3.8 ", "3.8.18"),
        ("3", "3.11.7"),
        (">=3.10", "3.11.7"),
        (">=3.12", "3.13.0"),
        (">=3.12,<3.13", "3.12.10"),
        ("~=3.8", "3.11.7"),
        ("==3.9.*", "3.9.18"),
        ("==3.*", "3.11.7"),
        ("<3.9", "3.8.18"),
        ("3.15", "3.15.0a1"),
        (">=3.14", "3.15.0a1"),
        (">3.11.7", "3.13.0"),
    ],
)
def test_the_request_gets(python: str | None, expected: str):
    assert choose(python, FOUND, OWN).version == expected


def test_no_python_that_fits_is_told_with_those_found():
    with pytest.raises(EnvironmentFailed) as caught:
        choose("3.14", FOUND[:3], OWN)

    assert str(caught.value) == (
        "no Python 3.14 here; found 3.8.18, 3.9.18, 3.11.7, 3.12.1. "
        "Install it, or add its path to environments.python_paths"
    )


def test_a_missing_python_may_appear_later():
    with pytest.raises(BuildFailed) as caught:
        choose("3.14", FOUND[:3], OWN)

    assert caught.value.kind is FailureKind.INTERPRETER


@pytest.mark.parametrize("python", ["three", "", "3.", ">=", "3.12 3.13"])
def test_a_text_that_is_no_version_is_refused(python: str):
    with pytest.raises(EnvironmentFailed, match="neither a version"):
        choose(python, FOUND, OWN)


def test_a_python_that_is_too_old_is_not_chosen():
    old = an_interpreter("3.7.16")

    with pytest.raises(EnvironmentFailed, match=r"no Python 3\.7 here; found 3\.11\.7"):
        choose("3.7", [old], OWN)


def test_cpython_is_preferred_to_a_newer_other_implementation():
    pypy = an_interpreter("3.12.11", implementation="pypy")

    assert choose("3.12", [pypy, *FOUND], OWN).version == "3.12.10"


def test_another_implementation_is_used_where_it_is_the_only_one():
    pypy = an_interpreter("3.10.14", implementation="pypy")

    assert choose("3.10", [pypy, *FOUND], OWN) is pypy


def test_of_two_of_the_same_version_the_default_is_taken():
    twin = an_interpreter("3.11.7", path="/opt/twin/bin/python3.11")

    assert choose("3.11", [twin], OWN) is OWN
