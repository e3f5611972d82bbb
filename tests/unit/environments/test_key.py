"""Equal environments have equal names, different ones never."""

from dataclasses import replace

import pytest

from engine.environments.choice import Interpreter
from engine.environments.key import (
    environment_key,
    generation_of,
    lock_hash,
    request_hash,
    resolution_hash,
)
from engine.model.environment import EnvironmentRequest

PYTHON = Interpreter(
    path="/usr/bin/python3.12", version="3.12.1", implementation="cpython", bits=64
)
LOCK = "idna==3.10 \\\n    --hash=sha256:aa\n"


def test_comments_and_the_interpreters_place_change_no_name():
    elsewhere = replace(PYTHON, path="/opt/python/bin/python3.12")

    assert environment_key(f"# new\n\n{LOCK}", elsewhere) == environment_key(LOCK, PYTHON)
    assert lock_hash(f"# new\n{LOCK}") == lock_hash(LOCK)


@pytest.mark.parametrize(
    ("field", "value"),
    [("version", "3.12.2"), ("implementation", "cpython-t"), ("bits", 32)],
)
def test_another_interpreter_gives_another_name(field: str, value: object):
    other = replace(PYTHON, **{field: value})  # type: ignore[arg-type]

    assert environment_key(LOCK, other) != environment_key(LOCK, PYTHON)
    assert resolution_hash(EnvironmentRequest(), other) != resolution_hash(
        EnvironmentRequest(), PYTHON
    )


def test_another_platform_gives_another_name():
    assert environment_key(LOCK, PYTHON, on="linux-aarch64") != environment_key(
        LOCK, PYTHON, on="linux-x86_64"
    )


def test_a_later_generation_stands_beside_the_first():
    first, later = environment_key(LOCK, PYTHON), environment_key(LOCK, PYTHON, generation=2)

    assert later == f"{first}-2"
    assert (generation_of(first), generation_of(later)) == (0, 2)


def test_no_python_asked_for_differs_from_a_python_called_none():
    assert request_hash(EnvironmentRequest(python=None)) != request_hash(
        EnvironmentRequest(python="None")
    )


def test_names_stay_the_same_from_release_to_release():
    assert lock_hash("") == "b8e1dda3ac0aa3820ad2990b"
    assert environment_key(LOCK, PYTHON, on="linux-x86_64") == "85d9b33785d2aeb32705ab3d"
